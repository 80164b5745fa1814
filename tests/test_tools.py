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
    monkeypatch.setattr(compare_lifters, "collect", lambda options: "table")
    monkeypatch.setattr(compare_lifters, "people", lambda options: None)
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


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--jobs", "0"], "--jobs is 0, expected 1 or more"),
        (["--share", "nan"], "--share is nan, expected a number greater than 0"),
        (["--share", "-1"], "--share is -1.0, expected"),
        (["--seeds", "-1"], "parameter seed is '-1', expected"),
        (["--out", "{file}"], "a file; expected a folder"),
        (["--out", "{file}/below"], "Not a directory"),
        (["--only", "kudo", "zzz"], "--only is 'zzz', expected a part of one of these names: Kudo"),
        (["--only", "zzz", "--table"], "ElePose 2022; ElePose 2022, no bone ratios"),
    ],
)
def test_a_mistake_is_one_line(tool, tmp_path, arguments, line):
    file = tmp_path / "file"
    file.write_text("mine")
    arguments = [word.format(file=file) for word in arguments]
    status, output = tool(compare_lifters, "--only", "kudo", *arguments)
    assert status == 2 and line in output and len(output.splitlines()) == 1
    assert output.startswith("error: ")


def test_data_without_a_root_are_told_before_anything_runs(tool, tmp_path, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(compare_lifters, "run_method", lambda *_: 1 / 0)
    for more in ([], ["--table"]):
        command = ["compare_lifters", "--data", "human36m", "--out", str(tmp_path), *more]
        monkeypatch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit, match="2"):
            compare_lifters.main()


def test_a_run_of_other_settings_is_refused_by_its_folder(tool, tmp_path):
    folder = tmp_path / "synthetic" / "elepose_2022" / "seed1"
    given = dict(data="synthetic", seed=1, poses=1_800_000, held_out=False, ablations=False)
    # Made before the tool said `keypoints`: it had the chapter's default.
    kept(folder, "elepose", **given)
    assert tool(compare_lifters, "--table", "--out", tmp_path) == (0, "")
    assert (
        tool(compare_lifters, "--table", "--out", tmp_path, "--share", "0.5", "--seeds", 0)[0] == 0
    )
    kept(folder, "elepose", **given | dict(poses=900_000))
    for more in ([], ["--only", "kudo"], ["--table"]):
        status, output = tool(compare_lifters, "--out", tmp_path, *more)
        assert status == 2 and len(output.splitlines()) == 1
        assert "elepose_2022/seed1: holds a run with poses 900000, expected 1800000" in output
    kept(folder, "elepose", **given | dict(keypoints="simulated"))
    status, output = tool(compare_lifters, "--out", tmp_path, "--table")
    assert status == 2 and "keypoints simulated, expected true" in output
    (folder / "run.json").write_text('{"chapter": "ele')
    status, output = tool(compare_lifters, "--out", tmp_path, "--table")
    assert status == 2 and "run.json: not valid JSON" in output


def test_only_and_seeds_choose_the_runs(tool, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        compare_lifters, "run_method", lambda _, m, seed: asked.append((m.name, seed))
    )
    words = ["--only", "YU", "--seeds", "3", "1", "3", "--jobs", "1", "--out", tmp_path]
    assert tool(compare_lifters, *words) == (0, "")
    assert asked == [
        (f"Yu 2021, {variant}", seed) for seed in (3, 1) for variant in ("adv", "best")
    ]


def test_every_group_asks_for_parameters_that_its_chapters_take(tmp_path, monkeypatch):
    from posebook import chapters

    there = {chapter.id: chapter for chapter in chapters.all_chapters()}
    monkeypatch.setattr(sys, "argv", ["compare_lifters", "--out", str(tmp_path)])
    seen = []
    monkeypatch.setattr(compare_lifters, "compare", seen.append)
    compare_lifters.main()
    for group in compare_lifters.GROUPS.values():
        for method in group.methods:
            wanted = compare_lifters.parameters_of(seen[0], method, 0)
            if method.chapter in there:
                given = {name: str(value) for name, value in wanted.items()}
                assert chapters.values(there[method.chapter], given) == wanted
    for chapter in train_chapter_lifters.CHAPTERS:
        wanted = train_chapter_lifters.parameters_of(chapter, tmp_path)
        given = {name: str(value) for name, value in wanted.items()}
        assert chapters.values(there[chapter], given) == wanted


def test_a_lifter_of_other_settings_is_not_shipped(tool, tmp_path):
    given = dict(data="human36m", root=str(tmp_path / "people"), poses=500, ablations=False)
    kept(tmp_path / "elepose", "elepose", **given)
    status, output = tool(train_chapter_lifters, "--out", tmp_path)
    assert status == 2 and len(output.splitlines()) == 1
    assert "elepose: holds a run with poses 500, expected 1800000" in output
    status, output = tool(train_chapter_lifters, "--out", tmp_path, "--jobs", 0)
    assert status == 2 and "--jobs is 0" in output


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
