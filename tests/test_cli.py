"""The command: exit statuses, one line for a mistake, no traceback, no slow start."""

import importlib
import subprocess
import sys

import pytest

from posebook import chapters, results
from posebook.chapters import run
from posebook.errors import CellFailed, InputError


@pytest.mark.parametrize("arguments", [["--help"], ["chapters"], ["results", "{runs}"]])
def test_a_small_command_waits_for_nothing_large(arguments, tmp_path):
    """Each of these modules takes a good part of a second, or seconds, to import."""
    book = results.Results("trial", tmp_path, profile="ci", seed=0, device="cpu")
    book.add("MPJPE", 52.1, "mm", protocol="p", data="d", split="test", method="m")
    large = {"torch", "numpy", "scipy", "plotly", "matplotlib", "nbformat", "jupytext", "papermill"}
    code = f"""if True:
        import sys
        from posebook import cli
        try:
            cli.main()
        except SystemExit as left:
            assert not left.code, left.code
        print("imported:", sorted({large} & sys.modules.keys()))
    """
    words = [word.format(runs=tmp_path) for word in arguments]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)
    assert done.stdout.endswith("imported: []\n") and len(done.stdout) > 150, done


def test_every_command_has_help(posebook):
    status, text, _ = posebook("--help")
    assert status == 0
    for name in ("chapters", "run", "sweep", "lift", "evaluate", "data", "results", "doctor"):
        assert f"\n  {name} " in text
        assert posebook(name, "--help")[0] == 0
    status, text, _ = posebook("data", "--help")
    for name in ("list", "info", "make", "check"):
        assert f"\n  {name} " in text


def test_what_the_disk_refuses_is_one_line(posebook, tmp_path):
    (tmp_path / "file").write_text("mine")
    for out in (tmp_path / "file" / "below", tmp_path / ("x" * 300)):
        status, _, output = posebook("run", "quickstart", "--out", out)
        assert status == 2 and len(output.splitlines()) == 1 and output.startswith("error: ")


@pytest.mark.parametrize(
    "words",
    [
        ["lift", ""],
        ["lift", "x.json", "--out", ""],
        ["lift", "x.json", "--out="],
        ["run", ""],
        ["run", "quickstart", "--out", ""],
        ["results", ""],
        ["data", "check", "human36m", "--root", ""],
        ["data", "make", "synthetic", "--out", ""],
    ],
)
def test_an_empty_word_is_not_the_current_folder(posebook, words):
    status, output, error = posebook(*words)
    assert (status, output) == (2, "") and len(error.splitlines()) == 1
    assert "an argument is empty" in error


@pytest.mark.parametrize("frames", ["٣٠٠", "3_0", "1e3", "²", "-1", "0", " 3", "9" * 5000])
def test_frames_are_counted_in_plain_digits(posebook, frames, tmp_path):
    words = ["data", "make", "synthetic", "--out", tmp_path / "o", f"--frames={frames}"]
    status, _, error = posebook(*words)
    assert status == 2 and len(error.splitlines()) == 1 and "whole number" in error
    assert not (tmp_path / "o").exists()


def test_a_chapter_number_is_in_plain_digits(posebook):
    for name in ("²", "٦", "9" * 5000):
        assert posebook("run", name)[0] == 2


@pytest.mark.parametrize(
    ("name", "text"),
    [("THREADS", "abc"), ("THREADS", "0"), ("THREADS", "-1"), ("THREADS", "1.5"),
     ("PROGRESS_SECONDS", "soon"), ("PROGRESS_SECONDS", "nan"), ("PROGRESS_SECONDS", "0")],
)  # fmt: skip
def test_a_setting_that_is_wrong_is_one_line(name, text, monkeypatch):
    from posebook import training

    monkeypatch.setenv(f"POSEBOOK_{name}", text)
    with pytest.raises(InputError, match=f"POSEBOOK_{name} is '{text}'; expected"):
        importlib.reload(training)  # which ends at once, with all that it had still there


def test_evaluate_says_something_at_once(posebook, monkeypatch):
    from posebook import evaluation

    monkeypatch.setattr(evaluation, "evaluate", lambda *_, **__: "all of it")
    status, output, error = posebook("evaluate", "simple_baseline", "--data", "synthetic")
    assert (status, output) == (0, "all of it\n") and "simple_baseline on synthetic" in error


def test_version(posebook):
    assert posebook("--version") == (0, "posebook 0.1.0\n", "")


def test_chapters(posebook):
    status, text, _ = posebook("chapters")
    assert status == 0 and all(chapter.id in text for chapter in chapters.all_chapters())


def test_a_chapters_parameters(posebook, trial):
    status, text, _ = posebook("chapters", trial.source)
    assert status == 0 and "A trial (trial, beginner)" in text and "laptop 0.2" in text
    assert "  rate = 0.1\n" in text and "import os" not in text
    assert "out_dir" not in text
    status, text, _ = posebook("chapters", "6")
    assert status == 0 and "  width = None  # units in each layer" in text
    assert posebook("chapters", "99")[0] == 2


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["run", "nosuch"], "no chapter 'nosuch'"),
        (["run", "{trial}", "-p", "lr", "1"], "trial has no parameter 'lr'; it has profile, seed"),
        (["run", "{trial}", "-p", "rate"], "-p rate: expected -p NAME VALUE"),
        (["run", "{trial}", "-p", "rate", "--out", "o"], "-p rate: expected -p NAME VALUE"),
        (["run", "{trial}", "-p", "rate", "fast"], "parameter rate is 'fast'"),
        (
            ["run", "13", "-p", "critic_steps", "-1"],
            "parameter critic_steps is '-1', expected a wh",
        ),
        (["run", "06", "-p", "width", "0"], "parameter width is '0', expected a whole number"),
        (
            ["run", "{trial}", "--profile", "fast"],
            "profile is 'fast', expected one of ci, laptop, full",
        ),
        (["run", "{trial}", "--resume"], "has no unfinished run"),
        (["run", "{trial}", "--out", "{trial}"], "is a file"),
        (["results", "nowhere"], "nowhere: there is no such file or folder"),
        (["results", "--format", "xml"], "--format xml: expected md, csv or json"),
    ],
)
def test_a_mistake_is_one_line(posebook, trial, arguments, line):
    status, _, error = posebook(*[a.format(trial=trial.source) for a in arguments])
    assert status == 2 and line in error and error.startswith("error: ")
    assert len(error.splitlines()) == 1


@pytest.mark.parametrize("arguments", [["nosuch"], ["run"], ["run", "x", "--no-such"], ["lift"]])
def test_wrong_usage_is_status_2(posebook, arguments):
    status, _, error = posebook(*arguments)
    assert status == 2 and "Traceback" not in error and "Error: " in error


@pytest.mark.parametrize(
    ("name", "status"), [("InputError", 2), ("ValueError", 1), ("DeadKernelError", 1)]
)
def test_a_cell_that_fails(posebook, trial, monkeypatch, name, status):
    def fail(*_, **__):
        raise CellFailed("cell 3 failed: why\n  so far: here", name, "why")

    monkeypatch.setattr(run, "run_chapter", fail)
    found, _, error = posebook("run", trial.source)
    assert found == status and "why" in error
    assert ("so far" in error) == (status == 1)


def test_run_prints_results_and_where_they_are(posebook, trial, monkeypatch, tmp_path):
    book = results.Results("trial", tmp_path / "out", profile="ci", seed=0, device="cpu")
    book.add("MPJPE", 52.1, "mm", protocol="p", data="d", split="test", method="m")
    (tmp_path / "out" / "poses.html").write_text("")
    asked = {}

    def finish(chapter, **options):
        asked.update(options, chapter=chapter)
        return run.Finished(chapter, tmp_path / "out", tmp_path / "out" / "90_trial.ipynb", 3.0)

    monkeypatch.setattr(run, "run_chapter", finish)
    status, text, _ = posebook(
        "run", trial.source, "--profile", "ci", "-p", "rate", "1", "-p", "data=x=y", "--out", "o"
    )
    assert status == 0 and asked["parameters"] == {"rate": 1.0, "data": "x=y"}
    assert asked["profile"] == "ci" and str(asked["out_dir"]) == "o"
    assert "52.1 mm" in text and "90_trial.ipynb" in text and "poses.html" in text


def test_results_in_every_form(posebook, tmp_path):
    book = results.Results("trial", tmp_path / "out", profile="ci", seed=0, device="cpu")
    book.add("MPJPE", 52.1, "mm", protocol="p", data="d", split="test", method="m")
    for form, piece in (("md", "| m | MPJPE | 52.1 mm |"), ("csv", "MPJPE,52.1,mm"),
                        ("json", '"value": 52.1')):  # fmt: skip
        status, text, _ = posebook("results", tmp_path, "--format", form)
        assert status == 0 and piece in text
    table = posebook("results", tmp_path)[1]
    assert "| chapter | run | method |" in table and "| trial | out | m |" in table


def test_doctor_is_content_here(posebook):
    status, text, _ = posebook("doctor")
    assert status == 0, text
    for name in ("posebook", "Python", "torch", "plotly", "jupyterlab"):
        assert f"ok  {name} " in text
