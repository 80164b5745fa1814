"""What one picture cannot tell, and how poses are scored in spite of it.

A picture shows neither how large a person is nor, seen from far away, which of two poses it shows:
the one in front of the picture's plane or its mirror image behind it. Methods that learn from 2D
alone give poses in units of their own, and some give the mirror image at times. `common_scores`
puts all of them, and those that learned from 3D, into one table. Taught in 12_adversarial_lifting.
"""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from posebook.geometry import facing_sine, root_relative
from posebook.metrics import Protocol, score
from posebook.metrics.joint_errors import mpjpe
from posebook.results import Results
from posebook.shapes import Pose3D
from posebook.skeletons import HOUSE
from posebook.tables import Table

#: What `at_true_scale` does, in the words of a protocol.
TRUE_SCALE = "scale that gives the picture the truth's mean distance from the hip"


def mirrored(pose: Pose3D) -> Float[Tensor, "*batch joints 3"]:
    """The pose (..., 17, 3) with every joint's depth relative to the hip negated."""
    hip = pose[..., HOUSE.index("hip"), None, :]
    return hip + (pose - hip) * torch.tensor([1.0, 1.0, -1.0]).to(pose)


def at_true_scale(pose: Pose3D, truth_mm: Pose3D) -> Float[Tensor, "*batch joints 3"]:
    """The pose about its hip, in mm, as large as the truth looks in the picture.

    pose      (..., 17, 3)  any unit, camera axes
    truth_mm  (..., 17, 3)  camera axes
    Each frame is scaled so that the mean distance of joints from the hip across the line of sight
    (x and y) is the truth's. What a known distance to the hip would give; depth is not looked at.
    """
    pose, truth = root_relative(pose, HOUSE), root_relative(truth_mm, HOUSE)
    size, true_size = (torch.linalg.vector_norm(p[..., :2], dim=-1).mean(-1) for p in (pose, truth))
    ratio = torch.where(size > 0, true_size / size, 0.0)
    return ratio[..., None, None] * pose


def common_scores(
    pose: Pose3D,
    truth_mm: Pose3D,
    *,
    clip_of_frame: Int[Tensor, " frames"] | None = None,
    actions: Sequence[str] | None = None,
    average: str = "frame",
) -> list[tuple[str, float, str, str]]:
    """(metric, value, unit, protocol) of poses in any unit: the same for every method.

    pose                    (frames, 17, 3)  relative to the hip or not, camera axes, any unit
    clip_of_frame, actions  as in `metrics.score`; needed for average='action'

    P-MPJPE without and with mirror images allowed; N-MPJPE (least squares); MPJPE under the true
    scale (`at_true_scale`), as it is, after mirroring each pose whose `facing_sine` is negative,
    and of the better of each pose and its mirror image; and the share of poses with
    `facing_sine` > 0.
    """
    pose, truth_mm = root_relative(pose, HOUSE).double(), root_relative(truth_mm, HOUSE).double()
    by = dict(clip_of_frame=clip_of_frame, actions=actions)
    frame = dict(joints="17", root="hip", average=average)
    aligned = dict(alignment="procrustes", scale="least_squares")
    protocols = {
        "P-MPJPE": Protocol(**frame, **aligned),
        "P-MPJPE, reflections allowed": Protocol(
            **frame, **aligned | dict(alignment="procrustes_reflected")
        ),
        "N-MPJPE": Protocol(**frame, alignment="root", scale="least_squares"),
    }
    rows = [
        (metric, score(pose, truth_mm, protocol, **by), "mm", str(protocol))
        for metric, protocol in protocols.items()
    ]
    plain = at_true_scale(pose, truth_mm)
    faces = facing_sine(plain)
    other = mirrored(plain)
    better = mpjpe(other, truth_mm) < mpjpe(plain, truth_mm)
    variants = {
        "MPJPE": (plain, ""),
        "MPJPE, mirrored by facing": (
            torch.where((faces < 0)[:, None, None], other, plain),
            ", depth negated where the nose is behind the chest",
        ),
        "MPJPE, mirror oracle": (
            torch.where(better[:, None, None], other, plain),
            ", the better of a pose and its mirror image",
        ),
    }
    for metric, (poses, words) in variants.items():
        protocol = Protocol(**frame, alignment="root", scale=TRUE_SCALE + words)
        rows.append((metric, score(poses, truth_mm, protocol, **by), "mm", str(protocol)))
    share = 100 * (faces > 0).double().mean().item()
    rows.append(("nose before chest", share, "%", "share of frames with facing sine > 0"))
    return rows


def add_scores(
    book: Results,
    method: str,
    pose: Pose3D,
    truth_mm: Pose3D,
    *,
    data: str,
    split: str,
    clip_of_frame: Int[Tensor, " frames"] | None = None,
    actions: Sequence[str] | None = None,
    seconds: float | int | None = None,
    baseline: dict[str, float] | None = None,
    paper: dict[str, float] | None = None,
    note: str = "",
) -> dict[str, float]:
    """Put `common_scores` of one method into a `results.Results`; gives {metric: value}.

    baseline  {metric: value} of what needs no learning, as another call of this gave it
    paper     {metric: value} that the paper prints; with one, `note` stands beside those alone
    """
    rows = common_scores(pose, truth_mm, clip_of_frame=clip_of_frame, actions=actions)
    for metric, value, unit, protocol in rows:
        book.add(
            metric, value, unit, protocol=protocol, data=data, split=split, method=method,
            seconds=seconds, baseline=(baseline or {}).get(metric),
            paper=(paper or {}).get(metric), note=note if not paper or metric in paper else "",
        )  # fmt: skip
    return {metric: value for metric, value, _, _ in rows}


def score_table(scores: Mapping[str, Mapping[str, float]], book: Results, caption: str) -> Table:
    """A row for each metric of `scores` (method: metric: value), a column for each method."""
    units = {number.metric: number.unit for number in book.numbers}
    metrics = next(iter(scores.values()), {})
    rows = [[name, *(its[name] for its in scores.values()), units[name]] for name in metrics]
    return Table(("metric", *scores, "unit"), rows, caption)


#: What makes a pose fail, and the rule of `cause` by which it gets that name.
CAUSES = {
    "mirror image": "with all depths negated, the mean error falls by more than a fifth",
    "too flat": "less than two thirds of the true spread of depth",
    "depth flip": "of the joints that are 150 mm off or more, mirroring would mend two in five",
    "unusual posture": "none of the above",
}


def cause(pose: Pose3D, truth_mm: Pose3D) -> str:
    """Why one pose (17, 3) in any unit is far from the truth (17, 3): the first of `CAUSES` that
    applies, once the pose has the truth's size in the picture (`at_true_scale`)."""
    pose, truth = at_true_scale(pose, truth_mm), root_relative(truth_mm, HOUSE)
    off_mm = torch.linalg.vector_norm(pose - truth, dim=-1)
    mirrored_mm = torch.linalg.vector_norm(mirrored(pose) - truth, dim=-1)
    if mirrored_mm.mean() < 0.8 * off_mm.mean():
        return "mirror image"
    if pose[:, 2].std() < 0.67 * truth[:, 2].std():
        return "too flat"
    far = off_mm > 150
    if far.any() and (mirrored_mm[far] < 0.6 * off_mm[far]).float().mean() > 0.4:
        return "depth flip"
    return "unusual posture"
