"""Sweeps drawn; tables of many runs, and of several chapters: what is said of all holds for all."""

import json

import pytest
from swept_runs import row, rows, run, swept_widths

from posebook import paths
from posebook.chapters.sweeps import tables
from posebook.errors import InputError
from posebook.figures.sweeps import sweep_chart
from posebook.results import paired


@pytest.fixture
def swept_folder(tmp_path):
    return swept_widths(tmp_path)


def test_a_chart_has_a_line_a_method_and_a_level_for_baselines(swept_folder):
    found = rows(swept_folder, ["width"], metrics=["MPJPE"])
    figure = sweep_chart(found, ["width"])
    curve, dots, level = figure.data
    assert list(curve.x) == [0, 1] and list(figure.layout.xaxis.ticktext) == ["64", "128"]
    assert list(curve.text) == ["64", "128"] and list(curve.y) == [51.0, 61.0]
    assert list(curve.error_y.array) == [1.0, 1.0] and len(dots.x) == 6
    assert level.mode == "lines" and set(level.y) == {90.0, None}
    assert (min(level.x[::3]), max(level.x[1::3])) == (-0.5, 1.5)
    with pytest.raises(InputError, match="2 metrics"):
        sweep_chart(rows(swept_folder, ["width"]), ["width"])


@pytest.mark.parametrize(
    ("names", "shown", "angle"),
    [
        (["slow", "slow & sure"], ["slow", "slow &amp; sure"], 0),
        (["a long name, " * 9, "b"], None, 0),
        ([f"{'a long name, ' * 9}{n}" for n in range(20)], None, -90),
    ],
)
def test_long_names_have_room_below_a_chart_and_stay_apart(names, shown, angle):
    figure = sweep_chart([row([1, 2], by=(name,)) for name in names], ["name"])
    axis = figure.layout.xaxis
    assert axis.tickangle == angle and len(set(axis.ticktext)) == len(names)
    assert shown is None or list(axis.ticktext) == shown
    lines = max(text.count("<br>") + 1 for text in axis.ticktext)
    longest = max(len(line) for text in axis.ticktext for line in text.split("<br>"))
    assert figure.layout.margin.b >= 46 + (15 * lines if angle == 0 else 6 * longest)
    assert figure.data[0].mode == "markers"  # names have no order


@pytest.fixture
def two_chapters(tmp_path):
    """Three runs with names, of two chapters whose baselines have the same names."""
    cells = []
    for name, chapter, base in (("a", "one", 90.0), ("b", "one", 90.0), ("c", "two", 70.0)):
        for seed in (0, 1):
            folder = tmp_path / "both" / f"{name},seed={seed}"
            run(folder, seed, 50.0 + seed + ord(name), base=base, chapter=chapter)
            cells.append(dict(folder=folder.name, chapter=chapter, name=name, parameters={}))
    about = {"format": "posebook sweep 1", "of": "x", "profile": "ci", "comparison": {}}
    paths.write_text(tmp_path / "both" / "sweep.json", json.dumps(about | {"cells": cells}))
    return tmp_path / "both"


def test_of_several_chapters_each_has_baselines_of_its_own(two_chapters):
    found = rows(two_chapters, ["name"], metrics=["MPJPE"], methods=["mean pose"])
    assert [(one.by, one.number.chapter, one.mean, one.holds) for one in found] == [
        (None, "one", 90.0, (("a",), ("b",))), (("c",), "two", 70.0, ())
    ]  # fmt: skip
    text, _ = tables.of_folders([two_chapters], tables.Asked(metrics=["MPJPE"]))
    assert "| any of one | mean pose | MPJPE | 90.0 ± 0.0 mm | 0, 1 | all of one |" in text
    assert "| c | mean pose | MPJPE | 70.0 ± 0.0 mm | 0, 1 | c,seed={0,1} |" in text
    level, of_two, _ = sweep_chart(found, ["name"]).data
    assert level.name == "mean pose (one)" and max(level.x[1::3]) == 1.5
    assert of_two.name == "mean pose (two)" and list(of_two.x) == [2]
    # Side by side with itself, no row is lost.
    every = rows(two_chapters, ["name"])
    told = paired.paired(every, every)
    assert len(told) == len(every) and {one.verdict for one in told} == {"the same"}
    assert all(one.first.number.chapter == one.second.number.chapter for one in told)


def test_what_only_some_runs_have_is_not_said_of_all(swept_folder):
    path = swept_folder / "seed=2,width=64" / "results.json"
    kept = [one for one in json.loads(path.read_text()) if one["method"] != "mean pose"]
    path.write_text(json.dumps(kept))
    found = rows(swept_folder, ["width"], methods=["mean pose"])
    assert [one.by for one in found] == [("64",), ("128",)]


def test_many_runs_are_counted(swept_folder):
    for seed in range(5, 25):
        run(swept_folder / f"seed={seed},width=64", seed, 1.0, state="cut short", width=64)
        run(swept_folder / f"seed={seed},width=128", seed, 60.0, width=128)
        run(swept_folder / f"other{seed}", seed, 60.0, width=256)
    (swept_folder / "other5" / "results.json").unlink()
    text, notes = tables.of_folders([swept_folder], tables.Asked(metrics=["P-MPJPE"]))
    assert "| 23 seeds | seed=*,width=128 |" in text and "other19 and 9 more |" in text
    assert "not in the table: other5: finished, without results" in notes
    (short,) = [note for note in notes if "cut short" in note]
    assert short.startswith("not in the table: 21 runs (seed=10,width=64, ")
    assert short.endswith(" and 17 more): cut short")


def test_what_the_other_chapter_does_not_know_is_no_difference(tmp_path):
    run(tmp_path / "a" / "x", 0, 1.0, chapter="one", depth=2, width=64)
    run(tmp_path / "b" / "x", 0, 1.0, chapter="two", rate=0.1, width=128)
    folders = [tmp_path / "a", tmp_path / "b"]
    _, notes = tables.of_folders(folders, tables.Asked())
    assert notes == [
        "the two differ in chapter: a has one; b has two",
        "the two differ in width: a has 64; b has 128",
    ]


def test_runs_of_different_commits_are_told(swept_folder):
    path = swept_folder / "seed=2,width=64" / "results.json"
    kept = [one | {"code": "abc1234"} for one in json.loads(path.read_text())]
    path.write_text(json.dumps(kept))
    _, notes = tables.of_folders([swept_folder], tables.Asked())
    (line,) = [note for note in notes if "commits" in note]
    assert line.startswith("runs of trial were made at different commits: ") and "abc1234" in line
