"""Tools: which runs they take for theirs, how they show a mistake, and that they still train."""

import ast
import json
import sys

import compare_lifters
import pytest
import train_chapter_lifters
import train_simple_baseline
import train_temporal_convolutions

from posebook import datasets, lifting, paths


@pytest.fixture
def tool(monkeypatch, capsys):
    """Call a tool's main in this process with nothing computed: (status, stderr)."""
    monkeypatch.setattr(paths, "_shown_from", [paths.CHECKOUT])
    monkeypatch.setattr(compare_lifters, "collect", lambda compared: "table")
    monkeypatch.setattr(train_chapter_lifters, "write_people", lambda folder: 1 / 0)

    def call(module, *arguments):
        monkeypatch.setattr(sys, "argv", [module.__name__, *map(str, arguments)])
        try:
            module.main()
        except SystemExit as left:
            return left.code or 0, capsys.readouterr().err
        return 0, capsys.readouterr().err

    return call


def kept(folder, chapter, **parameters):
    record = dict(chapter=chapter, profile="laptop", finished=True, seconds=1.0)
    paths.write_text(folder / "run.json", json.dumps(record | dict(parameters=parameters)))


def swept(out, *cells, **comparison):
    """A sweep's folder: a finished run for each (name, chapter, parameters)."""
    made = []
    for number, (name, chapter, parameters) in enumerate(cells):
        kept(out / str(number), chapter, **parameters)
        paths.write_text(out / str(number) / "results.json", "[]\n")
        made.append(dict(folder=str(number), chapter=chapter, name=name, parameters=parameters))
    record = {"format": "posebook sweep 1", "of": "x", "profile": "laptop", "cells": made}
    paths.write_text(out / "sweep.json", json.dumps(record | dict(comparison=comparison)))


ELE = ("ElePose", "elepose", dict(seed=1, data="synthetic"))
YU = ("Yu", "ambiguity_aware", dict(seed=0, data="synthetic"))


def test_the_runs_of_a_sweep_are_compared_in_its_files_order(tmp_path):
    later = ("ElePose", "elepose", dict(seed=0, data="synthetic"))
    swept(tmp_path, ELE, YU, later, ledger="comparison", smoothed=["Yu"])
    found = compare_lifters.read(tmp_path)
    assert [(run.name, run.seed) for run in found.runs] == [
        ("ElePose", 0), ("ElePose", 1), ("Yu", 0)
    ]  # fmt: skip
    assert (found.ledger, found.own_scale, found.smoothed) == ("comparison", False, ["Yu"])
    assert found.people == dict(data="synthetic", root=None, keypoints="true", held_out=False)


@pytest.mark.parametrize(
    ("cells", "comparison", "line"),
    [
        ([ELE], dict(ledger="c", smooth=[]), "[comparison]: has smooth"),
        ([], dict(ledger="c"), "no run is finished yet"),
        ([ELE, ("Yu", "ambiguity_aware", dict(data="human36m"))], dict(ledger="c"),
         "runs differ in data (synthetic, human36m)"),
        ([ELE, ("ElePose", "elepose", dict(seed=2, poses=5))], dict(ledger="c"),
         "runs of one name differ in poses, too"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line(tool, tmp_path, cells, comparison, line):
    swept(tmp_path, *cells, **comparison)
    status, output = tool(compare_lifters, tmp_path)
    assert status == 2 and line in output and len(output.splitlines()) == 1
    assert output.startswith("error: ")
    status, output = tool(compare_lifters, tmp_path / "nowhere")
    assert status == 2 and len(output.splitlines()) == 1


def test_a_lifter_of_other_settings_is_not_shipped(tool, tmp_path):
    given = dict(data="human36m", root=str(tmp_path / "people"), poses=500, ablations=False)
    kept(tmp_path / "runs" / "elepose", "elepose", **given)
    words = ["--out", tmp_path, "--chapters", "elepose"]
    status, output = tool(train_chapter_lifters, *words)
    assert status == 2 and len(output.splitlines()) == 1
    assert "elepose: holds a run with poses 500, expected 1800000" in output
    status, output = tool(train_chapter_lifters, *words, "--jobs", 0)
    assert status == 2 and "--jobs is 0" in output


def test_a_shipped_lifter_says_what_it_was_trained_with(tmp_path):
    sweep = train_chapter_lifters.sweep_of(["elepose", "video_gan"], tmp_path)
    assert [cell.label for cell in sweep.cells] == ["elepose", "video_gan"]
    assert sweep.cells[0].parameters == dict(
        data="human36m", ablations=False, poses=1_800_000, root=str(tmp_path / "people")
    )


def test_a_tool_imports_no_tool():
    """What the tools that make lifters share is in `tools/shipped_lifters`."""
    files = (paths.CHECKOUT / "tools").glob("*.py")
    tools = {file.stem: file for file in files if "__main__" in file.read_text(encoding="utf-8")}
    assert "train_simple_baseline" in tools
    for file in tools.values():
        tree = ast.parse(file.read_text(encoding="utf-8"))
        names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        names |= {
            name.name for node in ast.walk(tree) if isinstance(node, ast.Import)
            for name in node.names
        }  # fmt: skip
        assert not names & tools.keys(), file.name


@pytest.mark.slow
@pytest.mark.parametrize(
    ("training", "more", "name"),
    [
        (train_simple_baseline, [], "simple_baseline"),
        (train_temporal_convolutions, ["--seconds", "3", "--device", "cpu"],
         "temporal_convolutions"),
    ],
)  # fmt: skip
def test_a_shipped_lifter_can_be_made_again(training, more, name, tmp_path, monkeypatch):
    """A trial of the whole way: draw people, train, measure, write, read, lift."""
    file = tmp_path / "lifter.safetensors"
    words = ["--trial", "--out", tmp_path / "run", "--file", file, *more]
    monkeypatch.setattr(sys, "argv", [training.NAME, *map(str, words)])
    training.main()
    made, shipped = lifting.load(file), lifting.load(name)
    assert type(made.network) is type(shipped.network)
    for field in ("name", "network", "skeleton", "licence"):
        assert made.header[field] == shipped.header[field]
    assert made.header["normalisation"]["kind"] == shipped.header["normalisation"]["kind"]
    assert [m["data"] for m in made.header["metrics"]] == [
        m["data"] for m in shipped.header["metrics"]
    ]
    clip, *_ = datasets.read_keypoints(paths.DATA / "samples" / "motion_alphapose.json")
    assert made.lift(clip).pose_mm.isfinite().all()
