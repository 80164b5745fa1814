"""Lifted poses as a table: `poses.csv`, for pandas, R and spreadsheets.

A row for each joint in each frame; the columns are those of `COLUMNS`. Commas between the cells,
points before decimals, UTF-8; a number that is not known is an empty cell. For a column a joint:
`pandas.read_csv(path).pivot(index="time_s", columns="joint", values="z_mm")`.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

import torch

from posebook.lifting.house_clip import ORIGINS
from posebook.lifting.poses import Poses
from posebook.paths import replacing
from posebook.skeletons import HOUSE

COLUMNS = {
    "frame": "number of the frame, from 0, as in poses.npz",
    "time_s": "its time from the first frame, in seconds",
    "person": "name of the person, film or picture",
    "joint": "name of the joint",
    "x_mm": "place in world axes, mm: to the right in the picture",
    "y_mm": "away from the camera",
    "z_mm": "up; the floor is at 0",
    "x_px": "place of the key point in the picture, pixels: from the left",
    "y_px": "from the top",
    "confidence": "of the key point, 0 to 1",
    "origin": f"how the key point came about: {', '.join(ORIGINS)} (then the lifter guessed it)",
}
#: A spreadsheet takes a cell that begins so for a formula, and would carry it out.
_FORMULA = tuple("=+-@\t\r")


def write_csv(path: Path, poses: Poses) -> Path:
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        table.writerows(_rows(poses))
    return path


def _rows(poses: Poses) -> Iterator[tuple]:
    person = f"'{poses.clip}" if poses.clip.startswith(_FORMULA) else poses.clip
    values = torch.cat(
        [poses.world_mm, poses.keypoints_px, poses.confidence.unsqueeze(-1)], -1
    ).double()
    forms = ("%.1f", "%.1f", "%.1f", "%.2f", "%.2f", "%.3f")
    for frame, (rows, origins) in enumerate(
        zip(values.numpy(), poses.origin.int().tolist(), strict=True)
    ):
        time = f"{frame / poses.rate:.6f}"
        for joint, row, origin in zip(HOUSE.joints, rows.tolist(), origins, strict=True):
            # A number that is none is the only one that differs from itself.
            cells = ["" if v != v else form % v for form, v in zip(forms, row, strict=True)]
            yield frame, time, person, joint, *cells, ORIGINS[origin]
