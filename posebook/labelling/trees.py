"""The geometric search over the release's trees, action by action as its script does it.

The released script goes through the sequences of one action, takes every 25th frame, and prints the
mean joint error before and after. (Its loop runs off the end and stops with an error; this does
not.) The trees are planar arrays of `WANG_17`; see `datasets.published.wang2019`.
"""

from dataclasses import dataclass
from pathlib import Path

import torch

from posebook.cameras import Camera
from posebook.datasets.published import wang2019
from posebook.errors import InputError
from posebook.geometry import root_relative
from posebook.methods.label_generator.search import MOST_MM, RELEASED, Depths, Found, search
from posebook.metrics import mpjpe
from posebook.skeletons import WANG_17
from posebook.tables import Table

#: Which frames the released script takes.
EVERY = 25


@dataclass(frozen=True)
class Action:
    """What the search made of one action.

    before_mm, after_mm  MPJPE, 17 joints with the hip, about the hip, over the frames that have a
                         solution; NaN without a truth
    """

    name: str
    frames: int
    no_solution: int
    at_bound: int
    before_mm: float
    after_mm: float


def search_trees(
    left: Path | str,
    coarse: Path | str,
    camera: Camera,
    truth: Path | str | None = None,
    out: Path | str | None = None,
    *,
    every: int = EVERY,
    depths: Depths = RELEASED,
    most_mm: float = MOST_MM,
) -> tuple[list[Action], Table]:
    """Search every action of a tree of left views and one of coarse poses.

    left, coarse, truth  folders with <subject>/<action>/<sequence>.npy: (frames, 34) px, absolute;
                         (frames, 51) mm; the true poses, or None
    camera               the intrinsics of the left views, such as `right_view.HUMAN36M`
    out                  folder to write the searched poses into, as a tree of the same names; NaN
                         is never written: a file has only its frames with a solution
    every                which frames are taken
    """
    if every < 1:
        raise InputError(f"every is {every}; expected 1, for all frames, or more")
    held = wang2019.read_trees(left, poses=coarse)
    true = wang2019.read_trees(left, poses=truth) if truth is not None else [None] * len(held)
    by_action: dict[str, list[tuple[Found, torch.Tensor, torch.Tensor | None]]] = {}
    written = []
    for one, exact in zip(held, true, strict=True):
        pixels, pose_mm = (torch.from_numpy(a[::every].copy()) for a in (one.left_px, one.pose_mm))
        pose_mm = root_relative(pose_mm, WANG_17)
        found = search(pose_mm, pixels, camera, depths, most_mm, skeleton=WANG_17)
        answer = None if exact is None else torch.from_numpy(exact.pose_mm[::every].copy())
        by_action.setdefault(one.action, []).append((found, pose_mm, answer))
        good = ~found.no_solution
        if good.any():
            name = (one.subject, one.action, one.name)
            written.append((name, found.pose_mm[good].numpy()))
    if out is not None:
        wang2019.write_tree(out, written, "planar")
    actions = [_summed(name, parts) for name, parts in sorted(by_action.items())]
    return actions, _table(actions, every)


def _summed(name: str, parts: list) -> Action:
    good = torch.cat([~found.no_solution for found, _, _ in parts])
    bound = sum(int(found.at_bound.sum()) for found, _, _ in parts)
    errors = [torch.nan, torch.nan]
    if parts[0][2] is not None and good.any():
        true = root_relative(torch.cat([exact for _, _, exact in parts]), WANG_17)[good]
        before = torch.cat([coarse for _, coarse, _ in parts])[good]
        after = torch.cat([found.pose_mm for found, _, _ in parts])[good]
        errors = [mpjpe(pose, true).mean().item() for pose in (before, after)]
    return Action(name, len(good), int((~good).sum()), bound, *errors)


def _table(actions: list[Action], every: int) -> Table:
    headers = ("action", "frames", "no solution", "at bound", "before (mm)", "after (mm)")
    rows = [(a.name, a.frames, a.no_solution, a.at_bound, *(
        None if value != value else value for value in (a.before_mm, a.after_mm)))
        for a in actions]  # fmt: skip
    return Table(headers, rows, f"MPJPE, 17 joints, about the hip; every {every}th frame")
