"""Sweeps: which cells, where each lies, how they are run, and that nothing finished is lost."""

import json
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from posebook import paths
from posebook.chapters.sweeps import cell, folder, grid, progress, reading, running, workers
from posebook.errors import InputError
from posebook.results import swept


def labels(sweep):
    return [one.label for one in sweep.cells]


@pytest.fixture
def planned(trial):
    """A sweep of the trial chapter: planned("seed=0,1", profile="ci")."""
    return lambda *given, profile="ci": grid.planned(str(trial.source), given, profile)


def test_the_first_seed_of_everything_comes_first(planned):
    sweep = planned("rate=0.1,1e-3", "seed=3,1")
    assert labels(sweep) == [
        "rate=0.1,seed=3", "rate=0.001,seed=3", "rate=0.1,seed=1", "rate=0.001,seed=1"
    ]  # fmt: skip
    assert [one.parameters for one in sweep.cells][1] == {"rate": 0.001, "seed": 3}
    assert (sweep.name, sweep.profile) == ("trial", "ci")
    assert labels(planned()) == ["run"]


@pytest.mark.parametrize(
    ("given", "values"),
    [
        ("seed=0-3,7", [0, 1, 2, 3, 7]),
        ("seed=2,2,1-2", [2, 1]),
        ("seed=1e1, 3", [10, 3]),
        ("root=none,/data/a", [None, "/data/a"]),
        ('root="/data/a,b",c', ["/data/a,b", "c"]),
        ('root="say ""yes""",c', ['say "yes"', "c"]),
        ("root=0-2", ["0-2"]),
        ("root=a=b", ["a=b"]),
        ("rate=1,0.5", [1.0, 0.5]),
    ],
)
def test_values_as_they_are_typed(planned, given, values):
    name = given.partition("=")[0]
    found = [one.parameters[name] for one in planned(given).cells]
    assert found == values and list(map(type, found)) == list(map(type, values))


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (["rate"], "-p rate: expected -p NAME V1,V2"),
        (["=1"], "expected -p NAME V1,V2"),
        (["rate=1", "rate=2"], "-p rate is given twice"),
        (["seed=0,,1"], "a value is empty"),
        (["seed="], "a value is empty"),
        (['root="a,b'], "one that has a comma itself in double quotes"),
        (['root="a"b,c'], "in double quotes"),
        (["seed=4-2"], "expected the smaller seed first"),
        (["seed=0-99999"], "at most 10000"),
        (["seed=0-999", "rate=" + ",".join(map(str, range(1, 30)))], "29000 runs are too many"),
        (["seed=-1"], "parameter seed is '-1'"),
        (["rate=fast,1"], "parameter rate is 'fast'"),
        (["rat=1"], "no parameter 'rat' (did you mean rate?)"),
        (["out_dir=x"], "an option of its own"),
        (["profile=ci,laptop"], "an option of its own"),
    ],
)
def test_what_cannot_be_swept_is_one_line(planned, given, line):
    with pytest.raises(InputError) as caught:
        planned(*given)
    assert line in str(caught.value) and "\n" not in str(caught.value)


def test_folders_are_named_so_that_no_two_share_one(planned):
    names = ["A", "a", "a b", "a_b", "x" * 300, "x" * 301, "é", "../up", "..", "con|", "none"]
    found = labels(planned('root="' + '","'.join(names) + '"'))
    assert len({label.lower() for label in found}) == len(names)
    assert all(len(label) < 110 and not set(label) & set('/\\:|"<>*? ') for label in found)
    assert "root=a" in found and "root=none" in found
    assert labels(planned("root=/b/c", "seed=1")) == labels(planned("seed=1", "root=/b/c"))


FILE = """
profile = "ci"
[parameters]
seed = [0, 1]
rate = 0.5
[comparison]
ledger = "comparison"
[[runs]]
name = "Slow, but sure"
chapter = "{0}"
[[runs]]
name = "Quick"
chapter = "{0}"
parameters = {{ rate = [1, 2], root = "r" }}
"""


def test_a_file_puts_runs_side_by_side(trial, tmp_path):
    path = tmp_path / "both.toml"
    path.write_text(FILE.format(trial.source))
    sweep = grid.planned(str(path), [])
    assert labels(sweep) == [
        f"{name},seed={seed}"
        for seed in (0, 1)
        for name in ("slow_but_sure", "quick,rate=1.0", "quick,rate=2.0")
    ]
    assert sweep.cells[0].parameters == {"seed": 0, "rate": 0.5}
    assert sweep.cells[1].parameters == {"seed": 0, "rate": 1.0, "root": "r"}
    assert (sweep.name, sweep.profile, sweep.comparison) == ("both", "ci", {"ledger": "comparison"})
    typed = grid.planned(str(path), ["seed=5", "rate=3"], "laptop")
    assert [one.parameters["rate"] for one in typed.cells] == [3.0, 3.0]
    assert typed.profile == "laptop" and labels(typed)[1] == "quick,rate=3.0,seed=5"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("profile =", "profil =", "has profil"),
        ('"ci"', '"quick"', "profile is 'quick'"),
        ("[[runs]]", "[runs]", "TOML"),
        ('name = "Quick"', "", "run 2: lacks name"),
        ('"Quick"', '"slow, BUT sure"', "run 2: the name"),
        ("rate = [1, 2]", "rate = []", "parameter 'rate' is a list of 0"),
        ("rate = [1, 2]", "rate = {{ a = 1 }}", "parameter 'rate' is a dict"),
        ("rate = [1, 2]", "wide = 1", "run 2, 'Quick': trial has no parameter 'wide'"),
        ("rate = [1, 2]", "rate = 'fast'", "run 2, 'Quick': parameter rate is 'fast'"),
        ("rate = 0.5", "rate = 2000-01-01", "expected text, a number"),
        ('chapter = "{0}"', "chapter = 99", "run 1, 'Slow, but sure': no chapter '99'"),
        ('chapter = "{0}"', "chapter = 1.5", "expected a chapter's id or number"),
        ('chapter = "{0}"', 'chapter = "nosuch"', "run 1, 'Slow, but sure': no chapter 'nosuch'"),
        ("", "\0", "not valid TOML"),
    ],
)
def test_a_file_that_is_no_sweep_is_one_line(trial, tmp_path, old, new, line):
    path = tmp_path / "both.toml"
    changed = FILE.replace(old, new) if old else FILE + new
    path.write_text(changed.format(trial.source))
    with pytest.raises(InputError) as caught:
        grid.planned(str(path), [])
    assert line in str(caught.value) and "\n" not in str(caught.value)
    with pytest.raises(InputError, match="no such file"):
        grid.planned(str(tmp_path / "other.toml"), [])


def test_the_sweeps_of_the_book_can_be_run():
    files = sorted((paths.CHECKOUT / "tools" / "sweeps").glob("*.toml"))
    counts = {path.stem: len(grid.planned(str(path), []).cells) for path in files}
    assert counts == {"chapter_lifters": 4, "unpaired": 9, "unsupervised": 21, "video": 15}


def begun(out, sweep, number, **record):
    """A cell's folder as a run leaves it."""
    one = sweep.cells[number]
    usual = dict(chapter="trial", profile=sweep.profile, finished=True, seconds=2.0)
    usual |= dict(parameters=dict(one.parameters))
    paths.write_text(out / one.label / "run.json", json.dumps(usual | record))


def states(sweep, out):
    return [place.state for place in folder.places(sweep, out)]


def test_how_far_each_cell_is(planned, tmp_path):
    sweep = planned("seed=0-4")
    begun(tmp_path, sweep, 0)
    begun(tmp_path, sweep, 1, finished=False)
    begun(tmp_path, sweep, 2, finished=False, failed="cell 3 failed: no luck")
    begun(tmp_path, sweep, 3, finished=False, failed="why", refused=True)
    assert states(sweep, tmp_path) == ["finished", "cut short", "failed", "failed", "not begun"]
    found = folder.places(sweep, tmp_path)
    assert [place.reason for place in found][2:4] == ["cell 3 failed: no luck", "why"]


def test_a_cell_is_known_by_its_parameters(planned, tmp_path):
    """Values and names that are added later make new cells alone; so do runs made by hand count."""
    sweep = planned("seed=0,1")
    for number in (0, 1):
        begun(tmp_path, sweep, number)
    folder.keep(sweep, tmp_path, folder.places(sweep, tmp_path))
    assert states(planned("seed=0-2"), tmp_path) == ["finished", "finished", "not begun"]
    wider = planned("seed=0,1", "rate=0.1,0.2")  # 0.1 is the chapter's default
    assert states(wider, tmp_path) == ["finished", "not begun"] * 2
    (tmp_path / "seed=1").rename(tmp_path / "by hand")
    again = folder.places(sweep, tmp_path)
    assert [place.folder.name for place in again] == ["seed=0", "by hand"]
    folder.keep(wider, tmp_path, folder.places(wider, tmp_path))
    assert len(folder.read(tmp_path)["cells"]) == 5  # with those of the first command


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (lambda out, sweep: folder.keep(sweep, out, []), "holds a sweep of trial at profile lap"),
        (lambda out, sweep: (out / "mine.txt").write_text("x"), "holds other files"),
        (lambda out, sweep: begun(out.parent, sweep, 0), "is the folder of one run"),
        (lambda out, sweep: (out / "sweep.json").write_text("{"), "not valid JSON"),
        (lambda out, sweep: (out / "sweep.json").write_text("{}"), "a sweep's record"),
        (
            lambda out, sweep: begun(out, sweep, 0, profile="ci", parameters={"seed": 5}),
            "with seed 5, expected 0",
        ),
        (lambda out, sweep: (out.rmdir(), out.write_text("x")), "is a file, expected a folder"),
    ],
)
def test_a_folder_of_something_else_is_refused(planned, tmp_path, make, line):
    out = tmp_path / "seed=0"
    out.mkdir()
    make(out, planned("seed=0", profile="laptop"))
    before = sorted(out.rglob("*")) if out.is_dir() else []
    with pytest.raises(InputError) as caught:
        folder.places(planned("seed=0"), out)
    assert line in str(caught.value) and "\n" not in str(caught.value)
    assert not before or sorted(out.rglob("*")) == before


def test_a_chapter_that_was_changed_in_between_is_told(trial, planned, tmp_path):
    out = tmp_path / "out"
    sweep = planned("seed=0,1")
    folder.keep(sweep, out, folder.places(sweep, out))
    begun(out, sweep, 0)
    assert not folder.of_another_text(out, folder.places(sweep, out))
    trial.source.write_text(trial.source.read_text() + "\n# changed\n")
    assert folder.of_another_text(out, folder.places(sweep, out)) == ["seed=0"]
    folder.keep(sweep, out, folder.places(sweep, out))  # the finished run keeps its own
    assert folder.of_another_text(out, folder.places(sweep, out)) == ["seed=0"]
    assert len({one["text"] for one in folder.read(out)["cells"]}) == 2
    begun(out, sweep, 1)
    runs, _ = reading.runs_in(out)
    assert swept.changed(runs) == [
        "the text of trial was changed between its runs: compare with care"
    ]
    said = []
    running.run(sweep, out, say=said.append)
    assert said[0].startswith("note: the text of their chapter was changed since: seed=0; move")


def test_a_damaged_run_can_be_moved_away(planned, tmp_path):
    sweep = planned("seed=0,1")
    begun(tmp_path, sweep, 0)
    begun(tmp_path, sweep, 1, seconds="x")
    with pytest.raises(InputError, match="seconds is 'x'.*; move .*seed=1 away, and the same"):
        folder.places(sweep, tmp_path)
    (tmp_path / "seed=1").rename(tmp_path.with_name("away"))
    assert states(sweep, tmp_path) == ["finished", "not begun"]


def fake(task: cell.Task) -> cell.Outcome:
    """What `run_cell` leaves, in no time; seed 1 fails, seed 2 takes its worker's memory."""
    reason = {1: "cell 3 failed: no luck", 2: "killed by signal 9 (out of memory?)"}.get(
        task.parameters["seed"], ""
    )
    record = dict(chapter="trial", profile="ci", parameters=task.parameters, seconds=1.0)
    record |= dict(finished=not reason) | (dict(failed=reason) if "cell" in reason else {})
    paths.write_text(Path(task.folder) / "run.json", json.dumps(record))
    cell._tell(task)
    if task.parameters["seed"] == 3:
        raise ModuleNotFoundError("No module named 'posebook'")
    return cell.Outcome(1.0, reason)


@pytest.fixture(scope="module")
def cluster():
    """One worker with two threads in this process."""
    distributed = pytest.importorskip("distributed")
    made = distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address="127.0.0.1:0"
    )
    with made:
        yield made.scheduler_address


def test_a_failed_cell_stops_no_other(planned, tmp_path, cluster, monkeypatch):
    monkeypatch.setattr(cell, "run_cell", fake)
    said = []
    out = tmp_path / "out"
    done = running.run(planned("seed=0-5"), out, scheduler=cluster, say=said.append)
    found = {place.cell.parameters["seed"]: (place.state, place.reason) for place in done}
    assert [found[seed][0] for seed in range(6)] == [
        "finished", "failed", "failed", "finished", "finished", "finished"
    ]  # fmt: skip
    assert found[1][1] == "cell 3 failed: no luck" and "signal 9" in found[2][1]
    assert "6 runs, 0 finished, 6 to do" in said[0]
    assert "failed: killed by signal 9" in (out / "seed=2.log").read_text()
    # The same again: only what is not finished.
    again = running.run(planned("seed=0-5"), out, scheduler=cluster, say=said.append)
    assert "6 runs, 4 finished, 2 to do" in said[-1]
    assert [place.state for place in again] == [found[seed][0] for seed in range(6)]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (dict(marker="/nowhere/sweep.json"), "does not see /nowhere/sweep.json"),
        (dict(here="/nowhere"), "has no folder /nowhere"),
        (dict(posebook="0.0.1"), "the command 0.0.1"),
        (dict(text="0"), "another text of chapter trial"),
        (dict(chapter="nosuch"), "no chapter 'nosuch'"),
        ({}, ""),
    ],
)
def test_a_worker_that_cannot_run_a_cell_says_so(trial, tmp_path, change, line):
    given = dict(
        label="x", chapter=str(trial.source), text=cell.hash_of(trial), profile="ci",
        posebook=cell.of_this_posebook(), parameters={}, folder=str(tmp_path / "x"),
        log=str(tmp_path / "x.log"), here=str(tmp_path), marker=str(trial.source), threads=1,
        topic="t",
    )  # fmt: skip
    why = cell.unfit(cell.Task(**given | change))
    assert line in why and bool(why) == bool(line)
    if line:
        assert cell.run_cell(cell.Task(**given | change)).reason == f"the worker {why}"


def test_two_sweeps_do_not_write_into_one_folder(planned, tmp_path, cluster):
    out = tmp_path / "out"
    out.mkdir()
    with paths.alone_in(out), pytest.raises(paths.Held, match="another posebook is writing"):
        running.run(planned("seed=0"), out, scheduler=cluster)


@pytest.mark.parametrize(
    ("given", "more", "line"),
    [
        (["data=human36m"], {}, "data human36m needs its folder: -p root DIR"),
        (["data=synthetic,mpii", "root=none"], {}, "data mpii needs its folder"),
        (["root=/nowhere"], {}, "root '/nowhere': there is no such file or folder"),
        (["seed=0"], dict(scheduler="tcp://127.0.0.1:9"), "no dask scheduler answers there"),
    ],
)
def test_what_keeps_a_sweep_from_running_is_told_before_it_begins(
    planned, tmp_path, monkeypatch, given, more, line
):
    monkeypatch.setattr(workers, "CONNECT_SECONDS", 1)
    out = tmp_path / "out"
    with pytest.raises(InputError) as caught:
        running.run(planned(*given), out, **more)
    assert line in str(caught.value) and not out.exists()
    if not more:
        with pytest.raises(InputError, match=line):
            running.dry(planned(*given), out, None, 1)


def test_how_to_read_a_sweep_leaves_seeds_out(planned):
    assert grid.by_words(planned("seed=0,1")) == ""
    assert grid.by_words(planned("seed=0,1", "rate=0.1", "data=synthetic,mpii")) == " --by data"


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (dict(jobs=0), "--jobs is 0, expected"),
        (dict(threads=0), "--threads is 0, expected"),
        (dict(jobs=2, scheduler="tcp://localhost:1"), "leave one of the two out"),
        (
            dict(scheduler="gone.json"),
            "--scheduler gone.json: no dask scheduler answers there (the",
        ),
        (dict(scheduler="nonsense://x"), "--scheduler nonsense://x: no dask scheduler answers"),
        (dict(scheduler="tcp://localhost:port"), "no dask scheduler answers there"),
    ],
)
def test_options_that_cannot_be(planned, tmp_path, options, line):
    with pytest.raises(InputError) as caught:
        running.run(planned("seed=0"), tmp_path / "out", say=lambda line: None, **options)
    assert line in str(caught.value) and "\n" not in str(caught.value)


def test_what_listens_and_says_nothing_is_no_scheduler(planned, tmp_path, monkeypatch):
    """Such as another program's port: a client of dask's would wait for ever."""
    monkeypatch.setattr(workers, "CONNECT_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(InputError, match="no dask scheduler answers there"):
            running.run(planned("seed=0"), tmp_path / "out", scheduler=address)


@pytest.mark.parametrize("text", ["x", "[]", "{}", '{"address": 5}'])
def test_a_file_that_is_no_schedulers_is_one_line(planned, tmp_path, text):
    file = tmp_path / "scheduler.json"
    file.write_text(text)
    with pytest.raises(InputError, match="no dask scheduler answers there"):
        running.run(planned("seed=0"), tmp_path / "out", scheduler=str(file))


def test_without_dask_one_line_says_what_to_install(planned, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"not installed: .*\.\[batch\]"):
        running.run(planned("seed=0"), tmp_path / "out")
    assert "2 runs, 2 to do" in running.dry(planned("seed=0,1"), tmp_path / "out", 2, 1)


def test_what_is_left_is_told_from_what_was_taken(capsys):
    told = progress.Progress({"a": 1.0, "b": 1.0, "c": 2.0, "d": 1.0}, finished=3, side=2)
    told.started("a", "w")
    told.ended("a", 120.0, "")
    told.ended("d", 1.0, "no luck")
    assert told.counts() == "done 4 of 7, running 0, failed 1, waiting 2, about 3 min left"
    lines = capsys.readouterr().out.splitlines()
    assert "started  a  on w" in lines[0] and "FAILED   d: no luck" in lines[2]


def test_in_a_narrow_terminal_nothing_is_cut_from_the_counts(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("LINES", "10")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    told = progress.Progress(dict.fromkeys(map(str, range(20)), 1.0), side=20)
    for label in told.minutes:
        told.started(label, "w")
    told.renew(last=True)
    lines = capsys.readouterr().out.removeprefix("\x1b[J").splitlines()
    assert " ".join(lines[:2]) == told.counts() and all(len(line) < 40 for line in lines)
    assert len(lines) < 10 and lines[-1] == "  ..."


HELD = """\
# %% tags=["parameters"]
profile = "ci"
out_dir = None
seed = 0
hold = ""

# %%
import time
from pathlib import Path

while hold and Path(hold).exists():
    time.sleep(0.05)
Path(out_dir, "results.json").write_text("[]")
"""


@contextmanager
def started(*words, log):
    """A process, which is killed at the end with what it has started."""
    with open(log, "w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", *map(str, words)], stdout=file, stderr=file,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    try:
        yield process
    finally:
        with suppress(psutil.NoSuchProcess):
            for each in psutil.Process(process.pid).children(recursive=True):
                each.kill()
        process.kill()
        process.wait()


def until(holds):
    ends = time.monotonic() + 1000
    while not (found := holds()):
        assert time.monotonic() < ends
        time.sleep(0.05)
    return found


def alive(process):
    """Not ended, even where nobody has asked yet how it ended."""
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


@pytest.mark.slow
def test_killed_workers_and_commands_lose_nothing(trial, tmp_path):
    """On a scheduler with two worker processes: kill -9 for the worker that runs the cell, then for
    the command; no process of either lives on, and the same command goes on."""
    head, _, _ = trial.source.read_text().partition('# %% tags=["parameters"]')
    trial.source.write_text(head + HELD)
    hold, out = tmp_path / "hold", tmp_path / "out"
    hold.touch()
    words = ["sweep", trial.source, "--profile", "ci", "-p", "hold", hold, "--out", out]
    address = tmp_path / "scheduler.json"
    words += ["--scheduler", address]

    def starts():
        logs = list(out.glob("*.log"))
        return logs[0].read_text().count("\n== ") if logs else 0

    def runs():
        """Processes that run the cell, and their kernels."""
        return [child for p in workers if alive(p) for child in p.children(recursive=True)]

    dask = ["distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    worker = ["distributed.cli.dask_worker", "--scheduler-file", address, "--no-nanny"]
    worker += ["--nthreads", "1", "--no-dashboard", "--local-directory", tmp_path]
    with started(*dask, "--no-dashboard", "--scheduler-file", address, log=tmp_path / "s.log"):
        until(address.exists)
        with (
            started(*worker, log=tmp_path / "1.log") as one,
            started(*worker, log=tmp_path / "2.log") as two,
        ):
            workers = [psutil.Process(process.pid) for process in (one, two)]
            with started("posebook.cli", *words, log=tmp_path / "command.log") as command:
                ran = until(lambda: starts() == 1 and runs())
                victim = one if psutil.Process(one.pid).children() else two
                victim.send_signal(signal.SIGKILL)
                victim.wait()
                until(lambda: starts() == 2)
                until(lambda: not any(map(alive, ran)))
                ran = until(runs)
                command.send_signal(signal.SIGKILL)
                command.wait()
            # The worker lets go of what nobody waits for, and a run takes its kernel with it.
            until(lambda: not runs() and not any(map(alive, ran)))
            hold.unlink()
            done = subprocess.run(
                [sys.executable, "-m", "posebook.cli", *map(str, words)], capture_output=True,
                text=True,
            )  # fmt: skip
    assert done.returncode == 0 and "1 of 1 run finished" in done.stdout, done
    assert starts() == 3 and "started again" in (tmp_path / "command.log").read_text()
