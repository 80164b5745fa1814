"""A clip made ready for a lifter: gaps closed, joints converted, a camera known or guessed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from posebook.cameras import Camera
from posebook.datasets.clips import Clip
from posebook.errors import InputError
from posebook.key_points import (
    ASSUMED_FRAMES_PER_SECOND,
    LONGEST_GAP_S,
    MIN_CONFIDENCE,
    fill_gaps,
    from_0_to_1,
    guessed_size,
    in_one_place,
)
from posebook.lifting import evidence
from posebook.lifting.notes import Note
from posebook.shapes import Confidence, Pose2D, Seen
from posebook.skeletons import HOUSE, Conversion, Skeleton, conversion

#: With fewer joints than this in sight there is no pose to speak of: the frame stays empty.
FEWEST_JOINTS = 3
#: How a joint's key point came about; the values of `HouseClip.origin`.
ORIGINS = ("seen", "invented", "filled", "missing")
SEEN, INVENTED, FILLED, MISSING = range(len(ORIGINS))
#: A picture has the wrong size where more than this part of the key points lies outside it.
_MOST_OUTSIDE = 0.25


@dataclass(frozen=True)
class HouseClip:
    """Key points of one person as house joints, and all that a network may ask about them.

    keypoints_px       (frames, 17, 2)       float64; NaN where missing
    confidence         (frames, 17)          in [0, 1]; 0 where missing
    origin             (frames, 17)          how each came about, an index into `ORIGINS`
    invented           joint: how it was made up from others
    camera             the camera of the key points, or a guess
    camera_known       whether its intrinsics were given
    size_px            width, height; None where nobody knows (a guessed camera has a guess)
    frames_per_second  None where nobody knows
    input_px           (frames, joints, 2)   the key points in their own joint set, gaps filled
    input_skeleton     that joint set
    """

    keypoints_px: Pose2D
    confidence: Confidence
    origin: Tensor
    invented: Mapping[str, str]
    camera: Camera
    camera_known: bool
    size_px: tuple[int, int] | None
    frames_per_second: float | None
    input_px: Float[Tensor, "_frames own_joints 2"]
    input_skeleton: Skeleton

    def __len__(self) -> int:
        return len(self.keypoints_px)

    @property
    def seen(self) -> Seen:
        """(frames, 17): joints that have a key point, marked, filled or invented."""
        return self.confidence > 0

    @property
    def rate(self) -> float:
        return self.frames_per_second or ASSUMED_FRAMES_PER_SECOND

    @property
    def few(self) -> Tensor:
        """(frames,): too few joints for a pose."""
        return self.seen.sum(-1) < FEWEST_JOINTS

    @property
    def heap(self) -> Tensor:
        """(frames,): all joints in one place."""
        return in_one_place(self.keypoints_px, self.seen) & ~self.few


def house_clip(
    clip: Clip, camera: Camera | None = None, min_confidence: float = MIN_CONFIDENCE
) -> tuple[HouseClip, list[Note]]:
    """The clip as every lifter takes it, and what was left out, filled, invented and assumed.

    camera          intrinsics, where the clip has no camera of its own
    min_confidence  joints with less, on a scale from 0 to 1, are missing
    Gaps of up to `LONGEST_GAP_S` are filled in the clip's own joint set, before joints are invented
    from what was filled.
    """
    clip, doubts = _believed(clip, min_confidence)
    input_px, trust, filled = fill_gaps(clip.keypoints_px, clip.confidence, clip.frames_per_second)
    change = conversion(clip.skeleton, HOUSE)
    keypoints_px, confidence, rule = change.with_rules(input_px, trust)
    origin = _origins(change, filled, confidence, rule)
    clip = replace(clip, keypoints_px=input_px)  # the size is guessed from all that is marked
    known = clip.camera or camera
    size_px = (known.size_px if known is not None else None) or clip.size_px
    eye, about_camera = _camera(clip, camera, size_px)
    ready = HouseClip(
        keypoints_px=keypoints_px,
        confidence=confidence,
        origin=origin,
        invented=change.invented,
        camera=eye,
        camera_known=known is not None,
        size_px=size_px,
        frames_per_second=clip.frames_per_second or None,
        input_px=input_px,
        input_skeleton=clip.skeleton,
    )
    notes = [*doubts, *_gaps(filled), *_joints(change, origin, rule), *_missing(ready)]
    notes += evidence.notes_on(keypoints_px, ready.seen, origin == SEEN)
    if ready.frames_per_second is None and len(ready) > 1:
        assumed = f"{ASSUMED_FRAMES_PER_SECOND:g} are assumed"
        notes.append(Note("time", f"the frames per second are not known; {assumed} (--fps)."))
    return ready, [*notes, about_camera]


def _believed(clip: Clip, least: float) -> tuple[Clip, list[Note]]:
    """The clip, float64, with confidences from 0 to 1, and without joints of too little."""
    confidence, text = from_0_to_1(clip.confidence.double())
    notes = [Note("confidence", text)] if text else []
    marked = (confidence > 0) & torch.isfinite(clip.keypoints_px).all(-1)
    doubtful = marked & (confidence < least)
    if count := int(doubtful.sum()):
        highest = confidence[marked].max().item()
        if highest < least:
            raise InputError(
                f"{clip.name or 'clip'}: no joint has a confidence of {least:g}, the highest is "
                f"{highest:.2g}; --min-confidence {highest / 2:.1g} would take the better ones"
            )
        frames = int(doubtful.any(-1).sum())
        often = doubtful.double().mean(0) > 0.5
        names = [
            j.replace("_", " ") for j, many in zip(clip.skeleton.joints, often, strict=True) if many
        ]
        whose = f", mostly {', '.join(names)}," if 0 < len(names) <= 6 else ""
        text = (
            f"{count} joint positions in {frames} of {len(clip)} frames{whose} have less than "
            f"{least:g} and count as not seen (--min-confidence)."
        )
        counts = dict(joints=count, frames=frames, of=len(clip))
        notes.append(Note("confidence", text, counts))
    believed = replace(
        clip,
        keypoints_px=torch.where(doubtful.unsqueeze(-1), torch.nan, clip.keypoints_px.double()),
        confidence=torch.where(doubtful, 0.0, confidence),
    )
    return believed, notes


def _origins(change: Conversion, filled: Tensor, confidence: Tensor, rule: Tensor) -> Tensor:
    """(frames, 17): how each house joint's key point came about, as in `ORIGINS`."""
    leans_on = (change.weights != 0).to(torch.float32)
    leans_on_filled = (filled.to(torch.float32) @ leans_on.T) > 0
    origin = torch.full(confidence.shape, SEEN)
    origin[:, [HOUSE.index(joint) for joint in change.invented]] = INVENTED
    origin[rule > 0] = INVENTED
    origin[leans_on_filled & (origin == SEEN)] = FILLED
    origin[confidence <= 0] = MISSING
    return origin


def _gaps(filled: Seen) -> list[Note]:
    if not filled.any():
        return []
    joints, frames = int(filled.sum()), int(filled.any(-1).sum())
    text = (
        f"{joints} joint positions in {frames} of {len(filled)} frames were missing for at most "
        f"{LONGEST_GAP_S:g} s; filled in a straight line."
    )
    return [Note("gaps", text, dict(joints=joints, frames=frames, of=len(filled)))]


def _joints(change: Conversion, origin: Tensor, rule: Tensor) -> list[Note]:
    if change.source == HOUSE:
        return []
    ever = ((origin == INVENTED) & (rule == 0)).any(0).tolist()
    made = {j: how for j, how in change.invented.items() if ever[HOUSE.index(j)]}
    text = replace(change, invented=made).describe()
    others = []
    for joint, rules in change.otherwise.items():
        for number, (_, how) in enumerate(rules, 1):
            if frames := int((rule[:, HOUSE.index(joint)] == number).sum()):
                others.append(f"{joint} ({how}) in {frames}")
    if others:
        text += f"; where what they lean on is hidden: {', '.join(others)} of {len(rule)} frames"
    return [Note("joints", f"{text}.", dict(invented=len(made)))]


def _missing(clip: HouseClip) -> list[Note]:
    """What to say about joints that nobody marked and no rule could invent."""
    missing, count = clip.origin == MISSING, len(clip)
    somebody = ~missing.all(-1)
    notes = []
    never = [j for j, gone in zip(HOUSE.joints, missing.all(0).tolist(), strict=True) if gone]
    if never and count and somebody.any():
        names = ", ".join(name.replace("_", " ") for name in never)
        when = "in every frame: " if count > 1 else ""
        text = f"{when}{names}. The lifter guessed them from the others."
        notes.append(Note("missing", text, dict(joints=len(never), frames=count, of=count)))
    at_times = int(missing[somebody].any(-1).sum()) if not never else 0
    if at_times:
        share = missing[somebody].double().mean().item()
        text = (
            f"{at_times} of {count} frames lack a joint ({100 * share:.0f} % of all joints); the "
            "lifter guessed them from the others."
        )
        notes.append(Note("missing", text, dict(frames=at_times, of=count)))
    for kind, frames, show in (
        ("nobody", clip.few, f"fewer than {FEWEST_JOINTS} joints"),
        ("one place", clip.heap, "all joints in one place"),
    ):
        if found := int(frames.sum()):
            text = f"{found} of {count} frames show {show}; no pose there."
            notes.append(Note(kind, text, dict(frames=found, of=count), empty=True))
    return notes


def _camera(
    clip: Clip, given: Camera | None, size_px: tuple[int, int] | None
) -> tuple[Camera, Note]:
    """The clip's camera, the given one or a guess, and the words for it."""
    if clip.camera is not None:
        return replace(clip.camera, size_px=size_px), Note("camera", "its intrinsics are known.")
    if given is not None:
        fx, fy = given.focal_px.tolist()
        text = f"the intrinsics given (focal length {fx:.0f}, {fy:.0f} px)."
        return replace(given, size_px=size_px), Note("camera", text)
    about = "the picture is"
    if size_px is None:
        size_px = guessed_size(clip.keypoints_px, clip.name or "clip")
        about = "the picture's size is not known and taken to be"
    else:
        _check_size(clip, size_px)
    camera = Camera.guess(size_px)
    text = (
        f"{about} {size_px[0]} x {size_px[1]} px; a focal length of {camera.focal_px[0]:.0f} px is "
        "assumed (--size, --intrinsics). A wrong one changes how far away the person is, and turns "
        "and bends the pose by some cm."
    )
    return camera, Note("camera", text)


def _check_size(clip: Clip, size_px: tuple[int, int]) -> None:
    """A picture that much of the person lies outside of was given the wrong size."""
    points = clip.keypoints_px[torch.isfinite(clip.keypoints_px).all(-1)]
    edge = torch.tensor(size_px).to(points)
    outside = ((points < -0.1 * edge) | (points > 1.1 * edge)).any(-1).double().mean().item()
    if outside > _MOST_OUTSIDE:
        x, y = points.amax(0).tolist()
        raise InputError(
            f"{clip.name}: {100 * outside:.0f} % of the key points lie outside a picture of "
            f"{size_px[0]} x {size_px[1]} px (they reach to {x:.0f}, {y:.0f}); give its size with "
            "--size WIDTHxHEIGHT"
        )
