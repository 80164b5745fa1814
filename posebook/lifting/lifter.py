"""A trained lifter: 2D key points of a clip in, a 3D pose for each of its frames out.

    lifter = lifting.load("simple_baseline")         # a shipped one, or a file that a chapter wrote
    lifted = lifter.lift(clip)                       # lifted.pose_mm (frames, 17, 3)

`SHIPPED` names the lifters that come with posebook; `lifter_files` says what is in such a file.
What the numbers of its network mean is its normalisation, one of the kinds of `normalisations`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from posebook import paths
from posebook.cameras import Camera
from posebook.datasets.clips import Clip
from posebook.errors import InputError
from posebook.key_points import MIN_CONFIDENCE
from posebook.lifting import lifter_files
from posebook.lifting.house_clip import HouseClip, house_clip
from posebook.lifting.normalisations import NORMALISATIONS
from posebook.lifting.notes import Note
from posebook.lifting.person_view import Answer
from posebook.lifting.placing import height_of, place_root
from posebook.methods import network_files
from posebook.shapes import Pose3D, Seen
from posebook.skeletons import HOUSE

#: Lifters that come with posebook: their name, which is their chapter's, and their file.
SHIPPED: dict[str, Path] = {
    name: paths.DATA / "lifters" / f"{name}.safetensors"
    for name in (
        "simple_baseline",
        "adversarial_lifting",
        "ambiguity_aware",
        "elepose",
        "temporal_convolutions",
        "video_gan",
    )
}

#: What is taken where no lifter is named: for a single frame and for exact key points, and for a
#: clip of several frames as detectors see them.
FOR_EXACT, FOR_A_CLIP = "simple_baseline", "temporal_convolutions"

#: A lifter that puts a joint of somebody who stands further from the hip than this is refused.
FARTHEST_MM = 10_000.0
#: A lifter is also refused if the pose of a person 3.5 m away fits the picture only from further
#: away than this.
_HORIZON_MM = 100_000.0
#: Somebody who stands, facing the camera: house joints, in a picture of 1000 x 1000 px.
_STANDING_PX = (
    (500.0, 520.0), (470.0, 520.0), (465.0, 690.0), (460.0, 860.0), (530.0, 520.0), (535.0, 690.0),
    (540.0, 860.0), (500.0, 430.0), (500.0, 340.0), (502.0, 300.0), (500.0, 255.0), (545.0, 345.0),
    (570.0, 440.0), (580.0, 530.0), (455.0, 345.0), (430.0, 440.0), (420.0, 530.0),
)  # fmt: skip


@dataclass(frozen=True)
class Lifted:
    """Poses of one clip.

    pose_mm   (frames, 17, 3)  house joints, camera axes, mm, hip at 0; NaN where a frame is empty
    root_mm   (frames, 3)      where the hip is, camera axes, mm; NaN where a frame is empty or its
                               key points do not say. As far away as a person of average size,
                               unless the network itself says where people are
    clip      the key points as the lifter took them, their camera, and how each came about
    notes     what was assumed, filled and invented
    """

    pose_mm: Pose3D
    root_mm: Float[Tensor, "frames 3"]
    clip: HouseClip
    notes: tuple[Note, ...] = ()

    @property
    def absolute_mm(self) -> Pose3D:
        """(frames, 17, 3) camera axes, mm: the pose where the camera sees it."""
        return self.pose_mm + self.root_mm.unsqueeze(1)

    @property
    def seen(self) -> Seen:
        """(frames, 17): joints that had a key point, marked, filled or invented."""
        return self.clip.seen

    @property
    def invented(self) -> Mapping[str, str]:
        """Joints that the clip's joint set does not mark, and how they were made up."""
        return self.clip.invented

    @property
    def empty(self) -> Bool[Tensor, " frames"]:
        """Frames without a pose."""
        return ~torch.isfinite(self.pose_mm).all((-1, -2))


@dataclass(frozen=True)
class Lifter:
    """A network, and how the key points of a clip become its numbers and its numbers a pose.

    header   name, network, skeleton, normalisation, data, licence, metrics; see `lifter_files`
    network  in evaluation mode
    tensors  what the normalisation keeps besides the network (means, standard deviations)
    """

    header: dict[str, Any]
    network: nn.Module
    tensors: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.header["name"]

    def lift(
        self,
        clip: Clip,
        camera: Camera | None = None,
        *,
        min_confidence: float = MIN_CONFIDENCE,
        height_mm: float | None = None,
    ) -> Lifted:
        """Lift every frame: by itself, or with those before and after it, as the network does.

        camera          intrinsics, where the clip has no camera of its own; without either a plain
                        one is assumed
        min_confidence  joints with less are missing; confidences of other scales than 0 to 1 are
                        brought to it first
        height_mm       how tall the person is, standing; None: of average size, or as large as the
                        network says

        The clip may be in any joint set with a conversion to the house joints; joints may be
        missing (NaN, or confidence 0), and short gaps are bridged first. A frame with fewer than
        three joints in sight, or with all in one place, stays empty (NaN), and so does one in which
        a length that the network needs is missing. The same clip gives the same numbers; no random
        number is drawn.
        """
        ready, notes = house_clip(clip, camera, min_confidence)
        answer = self.answer(ready)
        empty = (ready.few | ready.heap).unsqueeze(-1)
        pose_mm = torch.where(empty.unsqueeze(-1), torch.nan, answer.pose_mm)
        root_mm = answer.root_mm
        if root_mm is None:
            root_mm = place_root(
                pose_mm, ready.keypoints_px, ready.confidence, ready.camera, ready.rate
            )
        root_mm = torch.where(empty, torch.nan, root_mm)
        notes = [*notes, *answer.notes]
        if height_mm is not None and math.isfinite(found_mm := height_of(pose_mm)):
            # Whoever is larger by a factor and further away by the same looks the same.
            pose_mm, root_mm = pose_mm * (height_mm / found_mm), root_mm * (height_mm / found_mm)
            text = f"{height_mm / 1000:.2f} m tall, as given (--height)."
            notes = [*(note for note in notes if note.kind != "size"), Note("size", text)]
        return Lifted(pose_mm, root_mm, ready, tuple(notes))

    def answer(self, clip: HouseClip) -> Answer:
        """What the network says of a clip that is made ready."""
        settings = self.header["normalisation"]
        return NORMALISATIONS[settings["kind"]](self.network, settings, self.tensors, clip)

    def save(self, path: Path | str, weights: torch.dtype = torch.float32) -> Path:
        """Write the lifter as one safetensors file.

        weights  torch.float16 halves the file and moves no joint by more than a small part of a mm
        """
        tensors = network_files.state_of(self.network, weights) | dict(self.tensors)
        return lifter_files.write(path, self.header, tensors)


def load(name: str | Path) -> Lifter:
    """A shipped lifter by its name, or a lifter file by its path.

    Raises InputError, one line, for a name that is not shipped and for any file that is not a
    whole lifter: a Git LFS pointer, a file cut short or altered, other networks or shapes.
    """
    path = network_files.file_of(name, lifter_files.KIND, SHIPPED)
    header, tensors = lifter_files.read(path)
    kind = header["normalisation"]
    kind = kind.get("kind") if isinstance(kind, dict) else kind
    if not isinstance(kind, str) or kind not in NORMALISATIONS or header["skeleton"] != HOUSE.name:
        raise InputError(
            f"{path}: normalisation {kind!r:.60} of {header['skeleton']!r:.60}; expected "
            f"{' or '.join(NORMALISATIONS)} of {HOUSE.name}"
        )
    network = lifter_files.build_network(path, header, tensors)
    rest = {n: tensor for n, tensor in tensors.items() if not n.startswith(network_files.PREFIX)}
    _check_tensors(path, rest)
    lifter = Lifter(header, network, rest)
    try:
        ready, _ = house_clip(_somebody())
        pose_mm = lifter.answer(ready).pose_mm[:2]
    except (
        RuntimeError, LookupError, AttributeError, TypeError, ValueError, ArithmeticError
    ) as error:  # fmt: skip
        reason = " ".join(str(error).split())[:120]
        reason = f"{reason} is missing" if isinstance(error, KeyError) else reason
        raise InputError(f"{path}: network and normalisation do not fit: {reason}") from None
    px, sure = ready.keypoints_px[:2], ready.confidence[:2]
    away_mm = place_root(pose_mm, px, sure, ready.camera, 1.0)
    for name, values, most in (("pose", pose_mm, FARTHEST_MM), ("distance", away_mm, _HORIZON_MM)):
        if not (values.abs() <= most).all():  # NaN, too
            raise InputError(
                f"{path}: {name} of a standing person up to {values.abs().max() / 1000:.3g} m; "
                f"expected numbers up to {most / 1000:g} m: damaged weights?"
            )
    return lifter


def default_for(clip: Clip, exact: bool = False) -> Lifter:
    """The shipped lifter for a clip, as the lifters' cards recommend.

    exact  the key points have no errors, such as projected motion capture: then each frame by
           itself is lifted better than several together by a network that was made for errors
    """
    # P-MPJPE, mm, of FOR_EXACT and of FOR_A_CLIP on clips cut to so many frames: COCO-17, simulated
    # detector errors, test people; the mean over 24 clips of `synthetic`, 25 of `synthetic_wide`.
    #   frames           5            10           15           20           27
    #   synthetic        39.7, 40.9   40.0, 38.9   40.3, 38.8   40.7, 37.9   42.1, 39.9
    #   synthetic_wide   40.1, 38.9   41.8, 38.4   43.8, 43.5   not measured
    # From 10 frames on the lifter over time is better, by 0.3 to 3.4 mm; at 5 the sets disagree.
    return shipped(FOR_A_CLIP if len(clip) > 1 and not exact else FOR_EXACT)


@cache
def shipped(name: str) -> Lifter:
    """`load`, once."""
    return load(name)


def _check_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    for name, tensor in tensors.items():
        if not tensor.is_floating_point() or not torch.isfinite(tensor).all():
            raise InputError(f"{path}: {name:.60} holds other than finite numbers")
    place = tensors.get("mean_place")
    if place is None:
        return
    if place.shape != (len(HOUSE), 2) or place.amax() <= place.amin():
        raise InputError(
            f"{path}: mean_place is {tuple(place.shape)}, expected ({len(HOUSE)}, 2): the places "
            "of a person's joints, not all the same"
        )


def _somebody() -> Clip:
    """What a lifter must be able to take: somebody who stands there, all joints seen; the same
    with an arm and a foot out of sight; nobody."""
    keypoints_px = torch.tensor(_STANDING_PX).repeat(3, 1, 1)
    keypoints_px[1, HOUSE.indices("left_elbow", "left_wrist", "right_foot")] = torch.nan
    keypoints_px[2] = torch.nan
    seen = torch.isfinite(keypoints_px).all(-1).float()
    return Clip("", HOUSE, None, keypoints_px, seen, size_px=(1000, 1000))
