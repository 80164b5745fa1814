"""What frames say by following each other: whether they are a film, and whose side is whose."""

from dataclasses import replace

import numpy
import torch
from torch import Tensor

from posebook.datasets.clips import Clip
from posebook.key_points import ASSUMED_FRAMES_PER_SECOND, extent_of, from_0_to_1
from posebook.lifting.notes import Note
from posebook.shapes import Pose2D
from posebook.skeletons import Skeleton

#: Joints of a film move by less than this part of the person's extent from frame to frame, in the
#: median: 0.2 of 1.7 m in 1/25 s would be 8 m/s, of all joints, all the time.
_MOST_MOVED = 0.2
#: Separate pictures are shown one a second, and nothing is carried from one to the next.
STILLS_PER_SECOND = 1.0
#: What it costs to say that a limb changes sides from one frame to the next, 1/25 s later: as much
#: as if its joints moved by this part of the person's extent, in the mean. The best of 0.03 to 0.12
#: on what BlazePose finds in ten rendered films (7 frames put right, 1 made wrong) and on simulated
#: errors in 400 clips of `synthetic_wide` (99 of 111 put right, 10 made wrong).
_JUMP, _JUMP_SECONDS = 0.05, 1 / 25
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
    points = torch.where(believed, clip.keypoints_px.double(), torch.nan)
    swapped = _swapped(points, clip.skeleton, clip.frames_per_second)
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


def changes_of_side(points: Pose2D, skeleton: Skeleton, rate: float | None) -> list[Note]:
    """A note on limbs that take each other's place for some frames; nothing is mended.

    points  (frames, joints, 2)  px; NaN where missing
    rate    frames per second; None where nobody knows
    """
    if not (swapped := _swapped(points, skeleton, rate)):
        return []
    text = f"left and right change places: {_in_words(swapped)}. They are left so."
    return [Note("sides", text)]


def _swapped(points: Tensor, skeleton: Skeleton, rate: float | None) -> dict[str, Tensor]:
    """The limbs that take each other's place, and (frames,) bool: when they have it."""
    extent = extent_of(points, torch.isfinite(points).all(-1)).median()
    frames = _JUMP_SECONDS * (rate or ASSUMED_FRAMES_PER_SECOND)
    jump_px = _JUMP * float(extent) / frames
    found = {limb: _spells(points, _pairs_of(skeleton, parts), jump_px)
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


def _spells(points: Tensor, pairs: list[list[int]], jump_px: float) -> Tensor:
    """(frames,) bool: where a limb has the other's place, by the shortest way through the film.

    Every frame is taken as it is or with both sides exchanged. A way costs what the joints move
    from frame to frame, in the mean, and `jump_px` for each change. Where a joint was not seen for
    some frames its move is divided by their number: legs change places by themselves meanwhile.
    """
    if not pairs or len(points) < 3 or not jump_px > 0:
        return torch.zeros(len(points), dtype=torch.bool)
    # Each frame depends on the one before, so this is a loop. NumPy is quicker on few numbers, and
    # the complex plane saves it the sums over x and y.
    place = torch.view_as_complex(points[:, [side for pair in pairs for side in pair]].contiguous())
    place = place.numpy()
    other = numpy.arange(place.shape[1]) ^ 1
    last, since = place[0], numpy.zeros(place.shape[1])
    cost, came_from = numpy.zeros(2), numpy.zeros((len(place), 2), int)
    for t, (frame, swapped) in enumerate(zip(place[1:], place[1:, other], strict=True), 1):
        since = since + 1
        moved, moved_across = numpy.abs(frame - last) / since, numpy.abs(swapped - last) / since
        known = numpy.isfinite(moved) & numpy.isfinite(moved_across)
        stay, change = 0.0, 0.0
        if known.any():
            stay, change = moved[known].mean(), moved_across[known].mean()
        ways = numpy.stack([cost + stay, cost[::-1] + change + jump_px])  # stay or change, by state
        took = ways.argmin(0)
        came_from[t] = numpy.arange(2) ^ took
        cost = ways.min(0)
        there = numpy.isfinite(frame)
        last, since = numpy.where(there, frame, last), numpy.where(there, 0, since)
    states = numpy.zeros(len(place), bool)
    state = int(cost.argmin())
    for t in range(len(place) - 1, -1, -1):
        states[t], state = state, came_from[t, state]
    if 2 * states.sum() > len(states):  # named the other way round at the start: the rest is right
        states = ~states
    return torch.from_numpy(states)
