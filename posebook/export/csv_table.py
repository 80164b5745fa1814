"""Lifted poses as a table: `poses.csv`, for pandas, R and spreadsheets.

A row for each joint in each frame; the columns are those of `COLUMNS`. Commas between the cells,
points before decimals, UTF-8; a number that is not known is an empty cell. For a column a joint:
`pandas.read_csv(path).pivot(index="time_s", columns="joint", values="z_mm")`.
"""

import csv
import io
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
        file.write(",".join(COLUMNS) + "\n")
        file.writelines(_frames(poses))
    return path


def _frames(poses: Poses) -> Iterator[str]:
    """The rows of a frame after those of another."""
    person = _cell(f"'{poses.clip}" if poses.clip.startswith(_FORMULA) else poses.clip)
    values = torch.cat(
        [poses.world_mm, poses.keypoints_px, poses.confidence.unsqueeze(-1)], -1
    ).double()
    numbers = "%.1f,%.1f,%.1f,%.2f,%.2f,%.3f"
    form = "".join(f"\0,{joint},{numbers},%s\n" for joint in HOUSE.joints)
    origins = poses.origin.int().tolist()
    for frame, (rows, origin) in enumerate(zip(values.numpy(), origins, strict=True)):
        cells = [(*row, ORIGINS[how]) for row, how in zip(rows.tolist(), origin, strict=True)]
        text = form % tuple(cell for row in cells for cell in row)
        # The name comes last: it may have the letters of `nan` in it.
        yield text.replace("nan", "").replace("\0", f"{frame},{frame / poses.rate:.6f},{person}")


def _cell(text: str) -> str:
    """A text as a cell, in quotes where it needs them."""
    row = io.StringIO()
    csv.writer(row, lineterminator="").writerow([text])
    return row.getvalue()
