"""Inputs that people have, each with its right value: `tests/cases/cases.toml` is the table."""

import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch

from posebook import export
from posebook.errors import InputError
from posebook.export import writing
from posebook.export.writing import Lift
from posebook.geometry import root_relative
from posebook.skeletons import HOUSE

CASES = Path(__file__).parent / "cases"
#: What the walker's files do not say themselves.
WALK = dict(size="1000x1002", fps=50)
ROWS = tomllib.loads((CASES / "cases.toml").read_text(encoding="utf-8"))["case"]
KNOWN = {"file", "name", "bare", "options", "mpjpe", "says", "silent", "people", "frames",
         "away_m", "scored", "floor_joints", "refused"}  # fmt: skip


def _called(row: dict) -> str:
    return row.get("name", row["file"].rstrip("/"))


def test_the_table_is_sound():
    assert len({_called(row) for row in ROWS}) == len(ROWS)
    for row in ROWS:
        assert row.keys() <= KNOWN and (CASES / row["file"]).exists(), _called(row)
        assert row.keys() & {"mpjpe", "says", "silent", "refused", "people", "scored"}, _called(row)
    used = {row["file"].rstrip("/") for row in ROWS} | {"cases.toml", "TRUTH_walk.npz"}
    assert {path.name for path in CASES.iterdir()} == used


@pytest.mark.parametrize("row", ROWS, ids=_called)
def test_case(row, tmp_path, monkeypatch):
    if row.get("people", 1) == 1:
        # What is written is tested elsewhere; the page takes longer than all the rest.
        monkeypatch.setattr(writing, "write_files", lambda poses, folder, **_: Lift(poses, ()))
    source = CASES / row["file"]
    options = ({} if row.get("bare") else WALK) | row.get("options", {})
    if "refused" in row:
        with pytest.raises(InputError) as error:
            export.lift_file(source, tmp_path / "out", **options)
        for words in row["refused"]:
            assert words in str(error.value)
        return
    result = export.lift_file(source, tmp_path / "out", **options)
    report = str(result)
    for words in row.get("says", ()):
        assert words in report
    for words in row.get("silent", ()):
        assert words not in report
    assert len(result.lifts) == row.get("people", 1)
    assert len(result.poses) == row.get("frames", len(result.poses))
    if "mpjpe" in row:
        assert mpjpe_mm(result.poses.pose_mm) <= row["mpjpe"], report
    if "away_m" in row:
        least, most = row["away_m"]
        away_mm = result.poses.root_mm[:, 2].nanmedian()
        assert 1000 * least <= away_mm <= 1000 * most
    if "scored" in row:
        first = result.poses.scores[0]
        assert first.metric == "MPJPE" and first.value <= row["scored"], report
    if "floor_joints" in row:
        lowest = result.poses.world_mm[..., 2].argmin(-1)
        assert set(lowest.tolist()) <= set(HOUSE.indices(*row["floor_joints"]))
        assert abs(result.poses.world_mm[..., 2].amin(-1).median()) < 1


def mpjpe_mm(pose_mm: torch.Tensor) -> float:
    """From the walker's truth, about the hip, over the frames that have a pose."""
    with np.load(CASES / "TRUTH_walk.npz") as found:
        truth_mm = torch.from_numpy(found["pose_mm"])
    apart = root_relative(pose_mm, HOUSE) - root_relative(truth_mm, HOUSE)[: len(pose_mm)]
    return float(torch.linalg.vector_norm(apart, dim=-1).nanmean())
