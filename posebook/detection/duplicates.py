"""Which of a detector's people are one and the same, and in which order the others come."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from posebook.key_points import MIN_CONFIDENCE
from posebook.skeletons import Skeleton

#: Two answers are one person where their joints are as near to each other as this, as a mean over
#: joints of exp(-d^2 / 2 (s k)^2), d their distance, s the person's size, k `_SPREAD`.
ALIKE = 0.4
_SPREAD = 0.1
#: Whoever was found in a part of a picture is a piece of somebody found in the whole of it where so
#: many of their joints are as near to a line of that body as this part of its size.
_ON_BODY, _NEAR = 0.55, 0.06
#: The lines of a body: limbs, the torso's sides and diagonals, neck and head.
_LINES = tuple(
    (f"{side}_{start}", f"{side}_{end}")
    for side in ("left", "right")
    for start, end in (("shoulder", "elbow"), ("elbow", "wrist"), ("shoulder", "hip"),
                       ("hip", "knee"), ("knee", "foot"))
) + (
    ("left_shoulder", "right_shoulder"), ("left_hip", "right_hip"),
    ("left_shoulder", "right_hip"), ("right_shoulder", "left_hip"),
    ("nose", "left_shoulder"), ("nose", "right_shoulder"),
)  # fmt: skip
_JOINTS = tuple(dict.fromkeys(joint for line in _LINES for joint in line))


def different(
    points: Float[Tensor, "n joints 2"],
    scores: Float[Tensor, "n joints"],
    trust: Float[Tensor, " n"] | None = None,
    least: float = MIN_CONFIDENCE,
) -> Int[Tensor, " kept"]:
    """Whom to keep, the most prominent first: large people before small ones, sure before unsure.

    trust  of two answers for one person the one with more is kept; None: the sum of their scores
    least  joints with a smaller score are not compared; whoever has no other is left out
    """
    sure = scores >= least
    size = sizes(points, sure)
    trust = scores.sum(-1) if trust is None else trust
    kept: list[int] = []
    for one in trust.argsort(descending=True, stable=True).tolist():
        same = (
            alike(points[one], points[other], sure[one] | sure[other],
                  torch.minimum(size[one], size[other]).clamp(min=1))
            for other in kept
        )  # fmt: skip
        if sure[one].any() and all(value <= ALIKE for value in same):
            kept.append(one)
    kept.sort(key=lambda one: -float(size[one] * scores[one].mean()))
    return torch.tensor(kept, dtype=torch.int64)


def sizes(points: Tensor, sure: Tensor) -> Tensor:
    """(n,): the diagonal of the box around the joints that are sure, px; 0 where none is."""
    mask = sure.unsqueeze(-1)
    low = torch.where(mask, points, torch.inf).amin(-2)
    high = torch.where(mask, points, -torch.inf).amax(-2)
    return torch.linalg.vector_norm((high - low).clamp(min=0), dim=-1)


def alike(one: Tensor, other: Tensor, asked: Tensor, size: Tensor) -> float:
    """How near two people's joints (joints, 2) are to each other, in [0, 1]."""
    apart = (one - other).square().sum(-1)[asked]
    return float(torch.exp(-apart / (2 * (_SPREAD * size) ** 2)).mean())


def whole(
    points: Float[Tensor, "n joints 2"],
    scores: Float[Tensor, "n joints"],
    share: Float[Tensor, " n"],
    skeleton: Skeleton,
) -> Int[Tensor, " kept"]:
    """Who is no piece of somebody else, in the order in which they come.

    A look at a part of a picture may see a piece of somebody, such as the legs, and take it for a
    person, or fit a small person into a large one. They are left out where the whole person is
    there too.

    share  (n,)  which part of the picture was looked at when they were found; 1: all of it
    """
    names = [skeleton.index(joint) for joint in _JOINTS]
    lines = torch.tensor([[skeleton.index(joint) for joint in line] for line in _LINES])
    sure = scores >= MIN_CONFIDENCE
    size = sizes(points, sure)
    kept = []
    for one in range(len(points)):
        own = points[one, [joint for joint in names if sure[one, joint]]]
        bodies = [other for other in range(len(points)) if share[one] < 1 and share[other] == 1]
        # All lines of a body, also to joints beyond the picture's edge: a portrait has a torso.
        parts = (_on(own, points[other][lines], _NEAR * float(size[other])) for other in bodies)
        if all(part < _ON_BODY for part in parts):
            kept.append(one)
    return torch.tensor(kept, dtype=torch.int64)


def _on(points: Tensor, lines: Tensor, most: float) -> float:
    """Which part of points (n, 2) is at most so far from the nearest of lines (lines, 2, 2)."""
    if not len(points) or not len(lines):
        return 0.0
    start, along = lines[:, 0], lines[:, 1] - lines[:, 0]
    from_start = points[:, None] - start  # (n, lines, 2)
    place = (from_start * along).sum(-1) / along.square().sum(-1).clamp(min=1e-6)
    apart = from_start - place.clamp(0, 1).unsqueeze(-1) * along
    return float((torch.linalg.vector_norm(apart, dim=-1).amin(1) <= most).float().mean())
