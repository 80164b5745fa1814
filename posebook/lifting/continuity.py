"""What frames say by following each other: whether they are a film, and whose side is whose."""

from dataclasses import replace

import numpy
import torch
from torch import Tensor

from posebook.datasets.clips import Clip
from posebook.key_points import extent_of, from_0_to_1
from posebook.lifting.notes import Note
from posebook.shapes import Pose2D
from posebook.skeletons import Skeleton

#: Joints of a film move by less than this part of the person's extent from frame to frame, in the
#: median: 0.2 of 1.7 m in 1/25 s would be 8 m/s, of all joints, all the time.
_MOST_MOVED = 0.2
#: Separate pictures are shown one a second, and nothing is carried from one to the next.
STILLS_PER_SECOND = 1.0
#: A limb has changed sides where the other side continues it by so much better ...
_CLEARER = 0.5
#: ... and it is off its course by more than this part of the person's extent.
_OFF_COURSE = 0.03
_PAIRS = {"legs": ("hip", "knee", "foot"), "arms": ("shoulder", "elbow", "wrist")}
#: What goes with a limb, in joint sets that have it.
_WHOLE = {
    "legs": (*_PAIRS["legs"], "heel", "big_toe", "small_toe", "foot_index", "toe"),
    "arms": (*_PAIRS["arms"], "hand", "thumb", "index", "pinky"),
}


def as_stills(clip: Clip) -> tuple[Clip, list[Note]]:
    """The clip as separate pictures, where its frames do not follow each other."""
    points, seen = clip.keypoints_px.double(), clip.confidence > 0
    step = torch.linalg.vector_norm(points.diff(dim=0), dim=-1)
    both = seen[1:] & seen[:-1] & torch.isfinite(step)
    moved = torch.where(both, step, torch.nan).nanmedian(-1).values / extent_of(points, seen)[1:]
    moved = moved[torch.isfinite(moved)]
    if not len(moved) or not moved.median() > _MOST_MOVED:
        return clip, []
    text = (
        f"the person jumps from frame to frame: taken for {len(clip)} separate pictures, each "
        "lifted by itself."
    )
    return replace(clip, frames_per_second=STILLS_PER_SECOND), [Note("time", text)]


def sides_mended(clip: Clip, min_confidence: float) -> tuple[Clip, list[Note]]:
    """The clip with limbs that take each other's place for some frames put right, and a note.

    Joints with less than `min_confidence`, on a scale from 0 to 1, say nothing.
    """
    trust, _ = from_0_to_1(clip.confidence.double())
    believed = (trust >= max(min_confidence, 1e-9)).unsqueeze(-1)
    swapped = _swapped(torch.where(believed, clip.keypoints_px.double(), torch.nan), clip.skeleton)
    if not swapped:
        return clip, []
    points, confidence = clip.keypoints_px.clone(), clip.confidence.clone()
    for limb, frames in swapped.items():
        pairs = _pairs_of(clip.skeleton, _WHOLE[limb])
        ours, theirs = (
            [side for pair in pairs for side in pair],
            [j for p in pairs for j in p[::-1]],
        )
        for held in (points, confidence):
            rows = held[frames]
            rows[:, ours] = rows[:, theirs]
            held[frames] = rows
    text = f"left and right change places: {_in_words(swapped)}. They are put right."
    return replace(clip, keypoints_px=points, confidence=confidence), [Note("sides", text)]


def changes_of_side(points: Pose2D, skeleton: Skeleton) -> list[Note]:
    """A note on limbs that take each other's place for some frames; nothing is mended.

    points  (frames, joints, 2)  px; NaN where missing
    """
    if not (swapped := _swapped(points, skeleton)):
        return []
    text = f"left and right change places: {_in_words(swapped)}. They are left so."
    return [Note("sides", text)]


def _swapped(points: Tensor, skeleton: Skeleton) -> dict[str, Tensor]:
    """The limbs that take each other's place, and (frames,) bool: when they have it."""
    extent = extent_of(points, torch.isfinite(points).all(-1)).median()
    found = {limb: _spells(points, _pairs_of(skeleton, parts), float(extent))
             for limb, parts in _PAIRS.items()}  # fmt: skip
    return {limb: states for limb, states in found.items() if states.any()}


def _in_words(swapped: dict[str, Tensor]) -> str:
    """'the legs once, in 3 frames; the arms 2 times, in 9 frames of 50'."""
    words = []
    for limb, states in swapped.items():
        spells = int(states[0]) + int((states[1:] & ~states[:-1]).sum())
        often = f"{spells} times" if spells > 1 else "once"
        words.append(f"the {limb} {often}, in {int(states.sum())} frames")
    return f"{'; '.join(words)} of {len(states)}"


def _pairs_of(skeleton: Skeleton, parts: tuple[str, ...]) -> list[list[int]]:
    pairs = [(f"left_{part}", f"right_{part}") for part in parts]
    return [skeleton.indices(*pair) for pair in pairs if set(pair) <= set(skeleton.joints)]


def _spells(points: Tensor, pairs: list[list[int]], extent: float) -> Tensor:
    """(frames,) bool: where a limb is where the other would go on."""
    if not pairs or len(points) < 3 or not extent > 0:
        return torch.zeros(len(points), dtype=torch.bool)
    # Each frame depends on the one before, so this is a loop. NumPy is quicker on few numbers, and
    # the complex plane saves it the sums over x and y.
    place = torch.view_as_complex(points[:, [side for pair in pairs for side in pair]].contiguous())
    place = place.numpy()
    other = numpy.arange(place.shape[1]) ^ 1
    last, speed, now, states = place[0], numpy.zeros_like(place[0]), False, [False]
    for frame, swapped in zip(place[1:], place[1:, other], strict=True):
        expected = last + speed
        apart, apart_swapped = numpy.abs(frame - expected), numpy.abs(swapped - expected)
        known = numpy.isfinite(apart) & numpy.isfinite(apart_swapped)
        if known.any():
            straight, crossed = apart[known].mean(), apart_swapped[known].mean()
            clearer = min(straight, crossed) < _CLEARER * max(straight, crossed)
            if clearer and abs(straight - crossed) > _OFF_COURSE * extent:
                now = bool(crossed < straight)
        frame = swapped if now else frame
        step = frame - last
        speed = 0.5 * speed + 0.5 * numpy.where(numpy.isfinite(step), step, speed)
        last = numpy.where(numpy.isfinite(frame), frame, expected)
        states.append(now)
    if 2 * sum(states) > len(states):  # named the other way round at the start: the rest is right
        states = [not state for state in states]
    return torch.tensor(states)
