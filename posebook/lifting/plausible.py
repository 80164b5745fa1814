"""Whether key points show a person, whatever file they came from; and how else they would.

`measure` asks the shipped baseline: it lifts each frame, puts the pose in front of the camera and
compares what is seen there with the key points. The network has learned what bodies look like.
Joints in another order than assumed, or legs with their sides exchanged, fit no pose that it knows.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from posebook.cameras import Camera
from posebook.datasets.clips import Clip
from posebook.key_points import MIN_CONFIDENCE, extent_of
from posebook.lifting.house_clip import house_clip
from posebook.lifting.lifter import FOR_EXACT, shipped
from posebook.lifting.notes import Note
from posebook.lifting.placing import place_root
from posebook.lifting.way_up import counted_downwards, on_their_head
from posebook.skeletons import SKELETONS, Skeleton

#: How far a clip is from showing a person: the median over frames of `measure`.
Off = Callable[[Clip], float]
#: Frames looked at in a clip, spread evenly.
_LOOKED_AT = 30
#: A clip of fewer frames than this may show anything: a step, a jump, half a person.
FEW = 10
#: Another joint set is looked for above the first of these, and "nobody" is said above the second;
#: first for clips, then for `FEW` frames. Clips of the synthetic people, of CMU's motion capture
#: with simulated errors and of a real detector have 0.002 to 0.012 (one in fifty 0.02), 95 % of
#: MPII's photographs less than 0.026. Read in another order, all these have 0.05 to 0.25.
#: On people that chose none of these numbers (15 clips of synthetic_wide's test split, seed 20240,
#: COCO-17, simulated detector errors, no intrinsics): 1 above the first, 0 above the second, no
#: false note. Human3.6M's joints read as COCO's: all 15 above both, and set right in all 15. Legs
#: exchanged: told in 12 of 15.
_STRANGE, _NOBODY = (0.014, 0.03), (0.04, 0.1)
#: Another joint set is taken where it is better by this factor, and good by itself.
_BETTER, _GOOD = 0.4, 0.03
#: The same for limbs with their sides exchanged. It makes sound clips worse, by 0.98 to 90.
_BETTER_SIDES = 0.6
#: Legs exchanged or arms: the better of the two by this factor, or neither.
_SURER = 0.8
_LEG = ("knee", "foot", "heel", "toe", "big_toe", "small_toe", "toe_base")
_ARM = ("elbow", "wrist", "hand", "fingers", "fingertips", "thumb")
_LIMBS = {
    "legs": ("hip", *_LEG),
    "legs from the knees down": _LEG,
    "arms": ("shoulder", "clavicle", *_ARM),
    "arms from the elbows down": _ARM,
}


def as_person(
    clip: Clip,
    camera: Camera | None = None,
    *,
    min_confidence: float = MIN_CONFIDENCE,
    joint_set_given: bool = False,
    up: str | None = None,
    detected: bool = False,
) -> tuple[Clip, list[Note]]:
    """The clip as it makes a person, and what had to be read in another way than the file said.

    joint_set_given  the user named it: another one is offered, not taken
    up               as in `way_up.counted_downwards`
    detected         one of our own detectors found them: joint set and axes are known, and only
                     whether a person was found is asked
    A joint set of as many joints, limbs with their sides exchanged over the whole clip, and one
    joint less are tried. A change needs clear evidence; with less it is offered by name.
    """

    def off(other: Clip) -> float:
        found = measure(other, camera, min_confidence)
        return float(found.nanmedian()) if torch.isfinite(found).any() else torch.nan

    if detected:
        wrong = float(measure(clip, camera, min_confidence).nanmedian()) > _NOBODY[len(clip) < FEW]
        text = "the joints fit no person: the detector is probably wrong. Look at the picture."
        return clip, [Note("plausibility", text)] if wrong else []
    clip, notes = counted_downwards(clip, up)
    still, now = len(clip) < FEW, off(clip)
    tries = [_in_another_set(joint_set_given)] if now > _STRANGE[still] else []
    tries += [] if still else [_sides_exchanged, _without_a_joint]
    for other in tries:
        found, said = other(clip, now, off)
        notes += said
        if found is not clip:
            clip, now = found, off(found)
    if now > _NOBODY[still]:
        text = (
            "the joints fit no person: wrong proportions, or joints where nobody has them. Joints "
            "in another order (--layout)? Two people in one?"
        )
        notes.append(Note("plausibility", text))
    return clip, notes + ([] if up else on_their_head(clip))


def measure(
    clip: Clip, camera: Camera | None = None, min_confidence: float = MIN_CONFIDENCE
) -> Float[Tensor, " looked_at"]:
    """How far key points lie from the nearest person, for frames spread over the clip.

    The distance in the picture of each key point from the baseline's pose, as a part of the
    person's extent; mean over the joints seen. NaN where too few are.
    """
    clip = clip.every(max(1, len(clip) // _LOOKED_AT))
    ready, _ = house_clip(clip, camera, min_confidence)
    pose_mm = shipped(FOR_EXACT).answer(ready).pose_mm
    root_mm = place_root(pose_mm, ready.keypoints_px, ready.confidence, ready.camera, 0.0)
    shown_px = ready.camera.project((pose_mm + root_mm.unsqueeze(1)).double())
    apart = torch.linalg.vector_norm(shown_px - ready.keypoints_px, dim=-1)
    part = apart / extent_of(ready.keypoints_px, ready.seen).unsqueeze(1)
    part = torch.where(ready.seen, part, torch.nan).nanmean(-1)
    return torch.where(ready.few | ready.heap, torch.nan, part)


def _in_another_set(given: bool) -> Callable[[Clip, float, Off], tuple[Clip, list[Note]]]:
    """The clip with the joint set of as many joints that makes a person of it."""

    def read(clip: Clip, now: float, off: Off) -> tuple[Clip, list[Note]]:
        old = clip.skeleton
        others = [s for s in SKELETONS.values() if len(s) == len(old) and s.joints != old.joints]
        found = {other.name: off(replace(clip, skeleton=other)) for other in others}
        # Sets that differ in unseen joints alone are as good, but for rounding: the first counts.
        least = min(found.values(), default=0.0)
        best = next((name for name in found if found[name] <= 1.001 * least), "")
        if not best or not found[best] < min(_GOOD, _BETTER * now):
            return clip, []
        text = f"read as {old.name} they make nobody; as {best} they make a person"
        if given:
            return clip, [Note("joints", f"{text} (--layout {best}).")]
        text += f", and {best} is taken (--layout {old.name} if that is wrong)."
        return replace(clip, skeleton=SKELETONS[best]), [Note("joints", text)]

    return read


def _sides_exchanged(clip: Clip, now: float, off: Off) -> tuple[Clip, list[Note]]:
    """The clip with left and right exchanged in the limbs where that makes a person of it."""
    found = {limb: off(exchanged(clip, parts)) for limb, parts in _LIMBS.items()}
    best = min(found, key=lambda limb: found[limb])
    if not found[best] < _BETTER_SIDES * now:
        return clip, []
    rival = {"legs": "arms", "arms": "legs"}.get(best, "")
    if rival and not found[best] < _SURER * found[rival]:
        # The one is the mirror image of the other: a picture hardly tells a body from that.
        text = "left and right of the legs are exchanged throughout, or those of the arms; left so."
        return clip, [Note("sides", text)]
    text = (
        f"left and right {best} are crossed throughout and make a person when they are exchanged, "
        "so they are. If the file names its joints, it names these wrongly."
    )
    return exchanged(clip, _LIMBS[best]), [Note("sides", text)]


def _without_a_joint(clip: Clip, now: float, off: Off) -> tuple[Clip, list[Note]]:
    """The clip without the one joint that is where nobody has it, if it is one."""
    if not now > _STRANGE[0]:
        return clip, []

    def without(joint: int) -> Clip:
        confidence = clip.confidence.clone()
        confidence[:, joint] = 0
        return replace(clip, confidence=confidence)

    found = [off(without(joint)) for joint in range(len(clip.skeleton))]
    worst = min(range(len(found)), key=lambda joint: found[joint])
    if not found[worst] < min(_GOOD, _BETTER * now):
        return clip, []
    name = clip.skeleton.joints[worst].replace("_", " ")
    text = f"the {name} is mostly where nobody has it, and is not used."
    return without(worst), [Note("plausibility", text)]


def exchanged(clip: Clip, parts: Iterable[str] | None = None) -> Clip:
    """The clip with left and right exchanged in these parts of limbs, or in all joints."""
    order = sides_order(clip.skeleton, parts)
    return replace(
        clip,
        keypoints_px=clip.keypoints_px[:, order],
        confidence=clip.confidence[:, order],
        pose_mm=None if clip.pose_mm is None else clip.pose_mm[:, order],
    )


def sides_order(skeleton: Skeleton, parts: Iterable[str] | None) -> list[int]:
    """For each joint, the index of the one to take its place."""
    return [
        skeleton.mirror[index] if parts is None or joint.partition("_")[2] in parts else index
        for index, joint in enumerate(skeleton.joints)
    ]
