"""What is cut at any step never looks whole, and stands in nobody's way.

A cut is what SIGKILL does: a child process ends between two steps, and nothing is tidied up.
`tools/kill_commands.py` does the same to whole commands at random moments.
"""

import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from posebook import export, paths, training
from posebook.chapters import run
from posebook.datasets import folders, load
from posebook.datasets.people import synthetic
from posebook.datasets.published import human36m_writer
from posebook.errors import InputError
from posebook.export import writing
from posebook.export.folders import check_folder
from posebook.lifting import lifter_files

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
SAMPLE = paths.DATA / "samples" / "photographs_coco.json"
#: What a process does to a disk, step by step.
STEPS = ("replace", "unlink", "fsync", "mkdir", "rmdir")


def in_child(action: Callable[[], object]) -> int:
    """Do something in a process of its own, which then ends at once; its exit status."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            torch.set_num_threads(1)  # threads of the parent's are not there
            action()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def cut(action: Callable[[], object], step: int) -> bool:
    """Whether the action was cut, before its step of this number; False: it has fewer."""

    def cut_short():
        count = 0

        def counted(does):
            def wrapper(*arguments, **options):
                nonlocal count
                count += 1
                if count > step:
                    os._exit(9)
                return does(*arguments, **options)

            return wrapper

        for name in STEPS:
            setattr(os, name, counted(getattr(os, name)))
        action()

    status = in_child(cut_short)
    assert status in (0, 9)
    return status == 9


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.fixture(scope="module")
def people():
    """Two data sets of another length, to be told apart."""
    return [synthetic.make("synthetic", "test", synthetic.Size(frames, 1)) for frames in (2, 3)]


@pytest.mark.slow
@pytest.mark.parametrize("before", [False, True], ids=["new", "replaced"])
def test_archives_that_were_cut_never_pass_for_whole(people, before, tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    human36m_writer.write(people[0], old)
    human36m_writer.write(people[1], new)
    out, step = tmp_path / "out", 0
    if before:
        human36m_writer.write(people[0], out)
    while cut(lambda: human36m_writer.write(people[1], out), step):
        there = {n: c for n, c in content(out).items() if not n.startswith(".")} if step else {}
        if "data_3d_h36m.npz" in there:
            assert there in (content(old), content(new)), step
        else:
            with pytest.raises(InputError):
                load("human36m", out)
            assert not out.exists() or not folders.check("human36m", out).complete
        human36m_writer.may_write(out, "synthetic")  # the same command goes on
        step += 1
    assert step > 8 and content(out) == content(new)
    assert sorted(path.name for path in out.iterdir()) == sorted(content(new))


@pytest.mark.slow
def test_a_lift_that_was_cut_goes_on(tmp_path):
    poses = export.lift_file(SAMPLE, tmp_path / "whole", "simple_baseline", person=1).lifts[0].poses
    out, step, extras = tmp_path / "out", 0, ("poses.trc", "poses.csv")
    writing.write_files(poses, tmp_path / "wanted", extras=extras)
    while cut(lambda: writing.write_files(poses, out, extras=extras), step):
        step += 1
        check_folder(out, SAMPLE, extras)  # what the same command asks first
        for name in (*export.NAMES, *extras):  # each file is whole, or not there
            if (out / name).exists():
                assert (out / name).read_bytes() == (tmp_path / "wanted" / name).read_bytes()
    assert step > 8 and content(out) == content(tmp_path / "wanted")
    assert {path.name for path in out.iterdir()} == {*export.NAMES, *extras}


def test_a_run_is_told_before_the_slow_imports(trial, tmp_path, monkeypatch):
    """Killed while papermill is imported, the folder is one of a run that was begun."""
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "posebook.chapters.execute", None)
        with pytest.raises(ImportError):
            run.run_chapter(trial, profile="ci", parameters={"rate": 0.2}, out_dir=out, quiet=True)
    record = json.loads((out / "run.json").read_text())
    assert (record["parameters"], record["finished"]) == ({"rate": 0.2}, False)


def test_what_a_killed_run_leaves_is_passed_over_or_removed(trial, tmp_path, monkeypatch):
    out = tmp_path / "out"
    (out / "main").mkdir(parents=True)
    (out / ".posebook-lock").touch()  # killed before its record was there
    monkeypatch.setattr("posebook.chapters.execute.execute", lambda _, output, *__, **___: (
        output.touch()))  # fmt: skip
    half = [out / ".posebook-unfinished-1.json", out / "main" / ".posebook-unfinished-2.pt"]
    with pytest.raises(InputError, match="holds other files"):
        run.run_chapter(trial, out_dir=out, quiet=True)
    (out / "main").rmdir()
    run.run_chapter(trial, profile="ci", out_dir=out, quiet=True)
    paths.write_text(out / "run.json", (out / "run.json").read_text().replace("true", "false"))
    (out / "main").mkdir()
    for path in half:
        path.touch()
    run.run_chapter(trial, profile="ci", out_dir=out, quiet=True)
    assert not any(map(Path.exists, half)) and not (out / ".posebook-lock").exists()


def test_the_newest_unfinished_run_is_found_beside_damaged_ones(trial):
    record = dict(chapter="trial", profile="ci", parameters={}, finished=False, seconds=0)
    paths.write_text(paths.runs() / "trial" / "1" / "run.json", json.dumps(record))
    paths.write_text(paths.runs() / "trial" / "2" / "run.json", "{")
    (paths.runs() / "trial" / "3").mkdir()
    assert run.newest_unfinished(trial).name == "1"


def test_a_dead_process_holds_no_folder(tmp_path):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        with paths.alone_in(tmp_path):
            os.write(writer, b"held")
            signal.pause()
    assert os.read(reader, 4) == b"held"
    with pytest.raises(InputError, match="another posebook is writing"), paths.alone_in(tmp_path):
        pass
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert (tmp_path / ".posebook-lock").exists()
    with paths.alone_in(tmp_path):
        pass
    assert not any(tmp_path.iterdir())


def test_a_lock_that_its_holder_removes_is_not_held_by_two(tmp_path, monkeypatch):
    """The next one may have opened the file just before the last holder removed it."""
    import fcntl

    flock = fcntl.flock
    lock = tmp_path / ".posebook-lock"

    def late(number, kind):
        monkeypatch.undo()
        lock.unlink()  # as the last holder does
        lock.touch()
        flock(number, kind)

    monkeypatch.setattr(fcntl, "flock", late)
    with paths.alone_in(tmp_path), open(lock) as other, pytest.raises(BlockingIOError):
        flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_pipe_in_place_of_the_lock_keeps_nobody_waiting(tmp_path):
    os.mkfifo(tmp_path / ".posebook-lock")
    with paths.alone_in(tmp_path):
        pass


@pytest.mark.parametrize("person", [1, "all"])
def test_a_folder_in_the_way_of_a_file_is_told_before_anything_is_replaced(person, tmp_path):
    first = export.lift_file(SAMPLE, tmp_path, "simple_baseline", person=person)
    last = first.files[-1]
    last.unlink()
    last.mkdir()
    before = {path: path.read_bytes() for path in first.files[:-1]}
    with pytest.raises(InputError, match="is a folder|holds poses"):
        export.lift_file(SAMPLE, tmp_path, "elepose", person=person)
    assert {path: path.read_bytes() for path in first.files[:-1]} == before


def write_arrays(folder: Path) -> None:
    with paths.replacing(folder / "a.npz") as temporary:
        np.savez_compressed(temporary, a=np.random.default_rng(0).random(99_999))


def train(folder: Path) -> None:
    loop = training.Run(folder, state=dict(lifter=torch.nn.Linear(300, 300)))
    loop._save()


def save_lifter(folder: Path) -> None:
    shipped = paths.DATA / "lifters" / "simple_baseline.safetensors"
    lifter_files.write(folder / "mine.safetensors", *lifter_files.read(shipped))


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (lambda folder: paths.write_text(folder / "a.json", 99_999 * "x"), "a.json"),
        (write_arrays, "a.npz"),
        (train, "checkpoint.pt"),
        (save_lifter, "mine.safetensors"),
    ],
    ids=["text", "arrays", "checkpoint", "lifter"],
)
def test_a_full_disk_names_the_file(write, name, tmp_path):
    """A limit on the size of files stands for the disk: the system refuses in the same way."""

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
        try:
            write(tmp_path)
        except OSError as error:
            assert error.filename == str(tmp_path / name), error
            return
        raise AssertionError("it fitted")

    assert in_child(limited) == 0
    assert not any(tmp_path.iterdir())
