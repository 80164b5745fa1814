"""A trained lifter: 2D key points of a clip in, a 3D pose for each of its frames out.

    lifter = lifting.load("simple_baseline")         # a shipped one, or a file that a chapter wrote
    lifted = lifter.lift(clip)                       # lifted.pose_mm (frames, 17, 3)

`SHIPPED` names the lifters that come with posebook; `lifter_files` says what is in such a file.
What a file's numbers mean is its normalisation, one of two kinds (`NORMALISATIONS`): people as a
camera turned towards them sees them, or standardised pixels as in Martinez et al. 2017.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from posebook import lifter_files, paths
from posebook.cameras import Camera
from posebook.datasets.clips import Clip
from posebook.errors import InputError
from posebook.placing import LONGEST_GAP_S, fill_gaps
from posebook.shapes import Pose3D, Seen
from posebook.skeletons import HOUSE, conversion
from posebook.viewpoint import PersonView, turn_towards

#: Lifters that come with posebook: their name, which is their chapter's, and their file.
SHIPPED: dict[str, Path] = {
    "simple_baseline": paths.DATA / "lifters" / "simple_baseline.safetensors",
}
#: With fewer joints than this in sight there is no pose to speak of: the frame stays empty.
FEWEST_JOINTS = 3
#: Frames that go through a network at once: bounds the memory, changes no number that matters.
BATCH = 8192
#: The sum of the 16 bones of the house skeleton in an average adult, mm. A picture does not say
#: how large a person is; every pose is scaled to this size.
BONES_MM = 3900.0


@dataclass(frozen=True)
class Lifted:
    """Poses of one clip.

    pose_mm   (frames, 17, 3)  house joints, camera axes, mm, hip at 0; NaN where a frame is empty
    root_mm   (frames, 3)      where the hip is, camera axes, mm, for a person of average size;
                               NaN where a frame is empty; None where a lifter cannot say
    seen      (frames, 17)     joints that had a key point, marked, filled or invented
    invented  joints that the clip's joint set does not mark, and how they were made up
    notes     what was assumed, filled and invented, one sentence each
    """

    pose_mm: Pose3D
    root_mm: Float[Tensor, "frames 3"] | None
    seen: Seen
    invented: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def absolute_mm(self) -> Pose3D:
        """(frames, 17, 3) camera axes, mm: the pose where the camera sees it."""
        if self.root_mm is None:
            raise InputError("this lifter gives root-relative poses only")
        return self.pose_mm + self.root_mm.unsqueeze(1)

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

    def lift(self, clip: Clip) -> Lifted:
        """Lift every frame by itself.

        The clip may be in any joint set with a conversion to the house joints; joints may be
        missing (NaN, or confidence 0). Gaps of up to 0.25 s are bridged by a straight line first.
        A frame with fewer than three joints in sight stays empty (NaN). The clip's camera gives
        the directions of the key points; without one, a plain camera is assumed and said.
        The same clip gives the same numbers; no random number is drawn.
        """
        notes: list[str] = []
        clip, filled = fill_gaps(clip)
        if filled.any():
            notes.append(
                f"Gaps: {int(filled.sum())} joint positions were missing for at most "
                f"{LONGEST_GAP_S:g} s; filled in a straight line."
            )
        change = conversion(clip.skeleton, HOUSE)
        if clip.skeleton != HOUSE:
            notes.append(f"Joints: {change.describe()}.")
        keypoints_px, confidence = change(clip.keypoints_px.double(), clip.confidence.double())
        clip = replace(clip, keypoints_px=keypoints_px, confidence=confidence, skeleton=HOUSE)
        seen = confidence > 0
        kind = self.header["normalisation"]["kind"]
        pose_mm, root_mm, said = NORMALISATIONS[kind](self, clip, seen, tuple(change.invented))
        empty = (seen.sum(-1) < FEWEST_JOINTS)[:, None]
        pose_mm = torch.where(empty.unsqueeze(-1), torch.nan, pose_mm)
        root_mm = None if root_mm is None else torch.where(empty, torch.nan, root_mm)
        if empty.any():
            notes.append(
                f"Nobody: {int(empty.sum())} of {len(clip)} frames show fewer than "
                f"{FEWEST_JOINTS} joints; no pose there."
            )
        return Lifted(pose_mm, root_mm, seen, change.invented, (*notes, *said))

    def save(self, path: Path | str, weights: torch.dtype = torch.float32) -> Path:
        """Write the lifter as one safetensors file.

        weights  torch.float16 halves the file and moves no joint by more than a small part of a mm
        """
        state = self.network.state_dict()
        tensors = {f"network.{n}": t for n, t in state.items() if t.is_floating_point()}
        tensors = {name: tensor.to(weights) for name, tensor in tensors.items()}
        return lifter_files.write(path, self.header, tensors | dict(self.tensors))


def load(name: str | Path) -> Lifter:
    """A shipped lifter by its name, or a lifter file by its path.

    Raises InputError, one line, for a name that is not shipped and for any file that is not a
    whole lifter: a Git LFS pointer, a file cut short or altered, other networks or shapes.
    """
    path = SHIPPED.get(str(name))
    if path is None:
        path = Path(name)
        if not path.suffix and not path.exists():
            raise InputError(
                f"no lifter is called '{name}'; shipped are {', '.join(SHIPPED)}; or name a file"
            )
    header, tensors = lifter_files.read(path)
    kind = header["normalisation"]
    kind = kind.get("kind") if isinstance(kind, dict) else kind
    if not isinstance(kind, str) or kind not in NORMALISATIONS or header["skeleton"] != HOUSE.name:
        raise InputError(
            f"{path}: normalisation {kind!r:.60} of {header['skeleton']!r:.60}; expected "
            f"{' or '.join(NORMALISATIONS)} of {HOUSE.name}"
        )
    prefix = "network."
    state = {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
    network = lifter_files.build_network(path, header, state)
    rest = {name: tensor for name, tensor in tensors.items() if not name.startswith(prefix)}
    lifter = Lifter(header, network, rest)
    try:
        lifter.lift(_nobody())
    except (RuntimeError, KeyError, TypeError, ValueError, InputError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(f"{path}: network and normalisation do not fit: {reason}") from None
    return lifter


def _nobody() -> Clip:
    """A clip of one frame with nobody in it: what a lifter must be able to take."""
    return Clip("", HOUSE, None, torch.full((1, 17, 2), torch.nan), torch.zeros(1, 17))


# ------------------------------------------------------------ people as a turned camera sees them


def network_input(
    view: PersonView, seen: Seen, invented: Bool[Tensor, " joints"], known: Bool[Tensor, " batch"]
) -> Float[Tensor, "batch rows 3"]:
    """What a `person_view` network takes: one row for each joint and one for the camera.

    joints  x, y as in the view, and 1 where the joint is marked, 0.5 where it was invented from
            others, 0 where it is missing (x and y are 0 then)
    camera  the logarithm of the person's spread + 2; 1 where the intrinsics are known, 0 where
            they are guessed; 0
    """
    marked = torch.where(invented, 0.5, 1.0).to(view.keypoints) * seen
    joints = torch.cat([view.keypoints, marked.unsqueeze(-1)], -1)
    flag = known.to(joints)
    camera = torch.stack([view.spread.log() + 2.0, flag, torch.zeros_like(flag)], -1)
    return torch.cat([joints, camera.unsqueeze(-2)], -2)


def flip_input(inputs: Float[Tensor, "batch rows 3"]) -> Float[Tensor, "batch rows 3"]:
    """The input of the mirrored person."""
    joints = HOUSE.flip(inputs[:, :-1])
    return torch.cat([joints, inputs[:, -1:]], 1)


def predict_units(network: nn.Module, inputs: Float[Tensor, "batch rows 3"]) -> Pose3D:
    """Poses in units (`PersonView`), the mean of the person's and of the mirrored person's."""
    straight = network(inputs)
    mirrored = HOUSE.flip(network(flip_input(inputs)))
    return (straight + mirrored) / 2


def _lift_person_view(
    lifter: Lifter, clip: Clip, seen: Seen, invented: Sequence[str]
) -> tuple[Pose3D, Tensor | None, list[str]]:
    """`network_input` in, poses in units out; the size is that of an average adult."""
    camera, notes = _camera_of(clip)
    rays = camera.rays(clip.keypoints_px.nan_to_num())
    within = torch.isfinite(rays).all(-1)
    view = turn_towards(rays.nan_to_num(), seen & within)
    known = torch.full((len(clip),), clip.camera is not None)
    made_up = torch.tensor([joint in invented for joint in HOUSE.joints])
    inputs = network_input(view, seen & within, made_up, known).float()
    units = _in_batches(lambda batch: predict_units(lifter.network, batch), inputs).double()
    bones_mm = float(lifter.header["normalisation"].get("bones_mm", BONES_MM))
    parents, children = (list(ends) for ends in zip(*HOUSE.bones, strict=True))
    bones = torch.linalg.vector_norm(units[:, children] - units[:, parents], dim=-1).sum(-1)
    absolute_mm = view.pose_from_units(units, bones_mm / bones.clamp_min(1e-6))
    hip = HOUSE.index("hip")
    root_mm = absolute_mm[:, hip]
    notes.append("Size: a picture does not tell it; the person is taken to be of average size.")
    return (absolute_mm - root_mm.unsqueeze(1)).float(), root_mm.float(), notes


def _camera_of(clip: Clip) -> tuple[Camera, list[str]]:
    """The clip's camera, or a guess and the words for it."""
    if clip.camera is not None:
        return clip.camera, []
    size = clip.size_px
    if size is None:
        points = clip.keypoints_px[torch.isfinite(clip.keypoints_px).all(-1)]
        points = points if len(points) else torch.ones(1, 2)
        low, high = points.amin(0).clamp_min(0), points.amax(0)
        size = tuple(max(2, int(round(side))) for side in (low + high).tolist())
    camera = Camera.guess(size)
    how = "of" if clip.size_px else "taken to be"
    return camera, [
        f"Camera: unknown; in a picture {how} {size[0]} x {size[1]} px a focal length of "
        f"{camera.focal_px[0]:.0f} px is assumed."
    ]


# ---------------------------------------------------------------------------- standardised pixels


def _lift_standardised_pixels(
    lifter: Lifter, clip: Clip, seen: Seen, invented: Sequence[str]
) -> tuple[Pose3D, Tensor | None, list[str]]:
    """Martinez et al. 2017: pixels minus mean over standard deviation in, mm likewise out.

    A missing joint is put at its mean place. Joints that the network does not predict are 0.
    """
    told = lifter.header["normalisation"]
    inputs, outputs = (HOUSE.indices(*told[f"{end}_joints"]) for end in ("input", "output"))
    mean, std = lifter.tensors["mean_px"], lifter.tensors["std_px"]
    keypoints = (clip.keypoints_px[:, inputs] - mean) / std.clamp_min(1e-9)
    keypoints = torch.where(seen[:, inputs].unsqueeze(-1) & (std > 0), keypoints, 0.0).float()
    answer = _in_batches(lifter.network, keypoints)
    pose_mm = torch.zeros(len(clip), len(HOUSE), 3)
    pose_mm[:, outputs] = answer * lifter.tensors["std_mm"] + lifter.tensors["mean_mm"]
    hip = HOUSE.index("hip")
    return pose_mm - pose_mm[:, hip : hip + 1], None, []


def _in_batches(function: Callable[[Tensor], Tensor], inputs: Tensor) -> Tensor:
    with torch.no_grad():
        parts = [function(part) for part in inputs.split(BATCH)]
    return torch.cat(parts) if parts else torch.zeros(0, len(HOUSE), 3)


#: What the numbers of a lifter's network mean.
NORMALISATIONS: dict[str, Callable] = {
    "person_view": _lift_person_view,
    "standardised_pixels": _lift_standardised_pixels,
}
