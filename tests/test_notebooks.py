"""Every chapter runs at `ci` and trains; its numbers lie in ranges that no training fails, and its
marked cells say what they say in the stored notebook.
"""

import json
import tomllib
from pathlib import Path

import mat_writer
import pytest
import replay

from posebook import chapters, results, training
from posebook.chapters import run
from posebook.errors import CellFailed

RANGES = tomllib.loads(Path(__file__).with_name("ranges.toml").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_chapter_at_ci(chapter, tmp_path):
    assert chapter.id in RANGES, "add its results to tests/ranges.toml"
    done = run.run_chapter(chapter, profile="ci", out_dir=tmp_path / "run", quiet=True)
    numbers = results.read(done.out_dir / "results.json")
    for row in RANGES[chapter.id]:
        check(row, numbers)
    status, text = replay.compare(chapter.notebook, done.notebook)
    assert status == 0, text[-6000:]


def not_pictures(folder: Path) -> dict:
    prepared = dict(original_joints_2d=[[10.0 * i, 20.0 * i] for i in range(17)])
    (folder / "1.json").write_text(json.dumps(prepared))
    (folder / "1.jpg").write_text("not a picture")
    return dict(photographs=str(folder))


def sport(folder: Path) -> dict:
    mat_writer.lsp(folder / "joints.mat", people=2000)
    return dict(data="lsp", root=str(folder))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "made", "message"),
    [
        ("12", sport, "data is 'lsp', with the joints lsp_14; expected human36m_17 or mpii"),
        ("15", not_pictures, "1.jpg: expected a picture file"),
        ("15", lambda folder: dict(lsp=str(folder / "none")), "none: "),
    ],
)
def test_a_mistake_is_told_before_anything_is_trained(number, made, message, tmp_path):
    (tmp_path / "given").mkdir()
    with pytest.raises(CellFailed, match=message) as error:
        run.run_chapter(
            chapters.find(number), profile="ci", parameters=made(tmp_path / "given"),
            out_dir=tmp_path / "run", quiet=True,
        )  # fmt: skip
    assert error.value.error_name == "InputError"
    assert not list((tmp_path / "run").rglob(training.CHECKPOINT))


def check(row: dict, numbers: list[results.Number]) -> None:
    """One row of the table: exactly one number, in the range; and what must fail it does."""
    filters = {k: v for k, v in row.items() if k in ("metric", "method", "data", "split")}
    found = [n for n in numbers if all(getattr(n, k) == v for k, v in filters.items())]
    assert len(found) == 1, (
        f"{filters} stands for {len(found)} numbers of {[n.key for n in numbers]}"
    )
    assert row["low"] <= found[0].value <= row["high"], str(found[0])
    for method in row.get("fails", []):
        same = [
            n
            for n in numbers
            if n.method == method and n.metric == row["metric"] and n.protocol == found[0].protocol
        ]
        assert same, f"no {row['metric']} of '{method}' under the same protocol"
        for number in same:
            assert not row["low"] <= number.value <= row["high"], f"passes untrained: {number}"


def test_table_of_ranges_is_of_this_book():
    known = {chapter.id for chapter in chapters.all_chapters()}
    assert RANGES.keys() <= known
    for rows in RANGES.values():
        for row in rows:
            extra = row.keys() - {"metric", "method", "data", "split", "low", "high", "fails"}
            assert not extra and {"metric", "method"} <= row.keys() and row["low"] < row["high"]


def test_check_tells_good_from_bad(tmp_path):
    book = results.Results("trial", tmp_path, profile="ci", seed=0, device="cpu")
    facts = dict(protocol="p", data="synthetic", split="test")
    book.add("MPJPE", 60, "mm", method="trained", **facts)
    book.add("MPJPE", 150, "mm", method="untrained", **facts)
    row = dict(metric="MPJPE", method="trained", low=40, high=80, fails=["untrained"])
    check(row, book.numbers)
    for wrong in (dict(high=50), dict(high=200), dict(method="x"), dict(fails=["mean pose"])):
        with pytest.raises(AssertionError):
            check(row | wrong, book.numbers)
