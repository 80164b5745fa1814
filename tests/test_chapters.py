"""Running a chapter headlessly: parameters, progress, failure, kill and resume."""

import ast
import errno
import io
import json
import math
import os
import signal
import subprocess
import sys
import time
from contextlib import redirect_stdout
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbclient.exceptions import CellTimeoutError, DeadKernelError

from posebook import chapters, paths, results
from posebook.chapters import parameters as chapter_parameters
from posebook.chapters import run
from posebook.errors import CellFailed, InputError
from posebook.methods import network_files


@pytest.fixture(scope="module")
def whole(make_trial, tmp_path_factory) -> tuple[run.Finished, str]:
    """A run that nothing stood in the way of, and what it printed.

    It is begun in a folder with modules of the names that it imports. The kernel works in the
    caller's folder, where IPython would look for modules first.
    """
    folder = tmp_path_factory.mktemp("whole")
    for name in ("torch", "numpy", "posebook", "json", "ipykernel_launcher"):
        (folder / f"{name}.py").write_text("raise SystemError('a stray module')")
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed):
        patch.chdir(folder)
        done = run.run_chapter(
            make_trial(folder), profile="ci", parameters={"seed": 5}, out_dir=folder / "out"
        )
    return done, printed.getvalue()


@pytest.mark.slow
def test_run_leaves_notebook_results_and_logs(whole):
    done, output = whole
    assert "A trial (ci profile)" in output and "8/8" in output
    assert "Does it run?" in output and "cell" in output
    assert {p.name for p in done.out_dir.iterdir()} == {
        "90_trial.ipynb", "results.json", "run.json", "main",
    }  # fmt: skip
    (number,) = results.read(done.out_dir / "results.json")
    assert (number.profile, number.seed, number.chapter) == ("ci", 5, "trial")
    notebook = nbformat.read(done.notebook, 4)
    assert all(c.execution_count for c in notebook.cells if c.cell_type == "code")

    again = (done.out_dir / "results.json").read_text()
    with pytest.raises(InputError, match="finished and is never overwritten"):
        run.run_chapter(done.chapter, out_dir=done.out_dir)
    assert (done.out_dir / "results.json").read_text() == again


@pytest.mark.slow
def test_kill_9_and_resume_gives_the_same_numbers(whole, trial, tmp_path):
    """What is killed is the command, as a reader would; its kernel must not live on."""
    command = [sys.executable, "-m", "posebook.cli", "run", str(trial.source)]
    hold = tmp_path / "hold"  # as long as it is there, the run does not end
    hold.touch()
    command += ["--profile", "ci", "-p", "hold", str(hold), "-p", "seed", "5", "--out"]
    process = subprocess.Popen(
        [*command, str(tmp_path / "killed")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    )
    log = tmp_path / "killed" / "main" / "log.csv"
    hangs = time.monotonic() + 1000
    while not (log.exists() and len(log.read_text().splitlines()) > 2):
        assert process.poll() is None and time.monotonic() < hangs
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    hold.unlink()
    assert not (tmp_path / "killed" / "results.json").exists()
    with pytest.raises(InputError, match="was begun with profile ci"):
        run.run_chapter(trial, profile="laptop", out_dir=tmp_path / "killed")
    # Without options it goes on with those it was begun with.
    resumed = run.run_chapter(trial, out_dir=tmp_path / "killed", quiet=True)
    runs = (resumed, whole[0])
    numbers = [results.read(done.out_dir / "results.json")[0].value for done in runs]
    assert numbers[0] == numbers[1]
    kept = json.loads((tmp_path / "killed" / "run.json").read_text())
    assert kept["parameters"] == {"hold": str(hold), "seed": 5} and kept["finished"]


def told_in_short(failed: CellFailed, folder: Path, name: str, line: str) -> None:
    assert failed.error_name == name and line in failed.error
    text = str(failed)
    assert f"{name}: " in text and "Traceback" not in text and len(text.splitlines()) == 3
    assert "90_trial.partial.ipynb" in text
    cells = nbformat.read(folder / "90_trial.partial.ipynb", 4).cells
    said = [out for cell in cells for out in cell.get("outputs", []) if out.output_type == "error"]
    assert name in {out.ename for out in said}, "the notebook so far has the error"
    assert not json.loads((folder / "run.json").read_text())["finished"]


@pytest.mark.slow
def test_a_failing_cell_is_told_in_short(trial, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(CellFailed) as caught:
        run.run_chapter(
            trial, profile="ci", parameters={"fail": "no luck"}, out_dir=out, quiet=True
        )
    told_in_short(caught.value, out, "ValueError", "no luck")
    assert "begins: if fail:" in str(caught.value)


@pytest.mark.slow
def test_a_refused_parameter_may_be_put_right_in_the_same_folder(trial, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(CellFailed) as caught:
        run.run_chapter(trial, profile="ci", parameters={"device": "gpu7"}, out_dir=out, quiet=True)
    told_in_short(caught.value, out, "InputError", "device")
    # Whatever the error's name: torch refuses this rate with a ValueError.
    with pytest.raises(CellFailed, match="learning rate"):
        run.run_chapter(trial, profile="ci", parameters={"rate": -1.0}, out_dir=out, quiet=True)
    done = run.run_chapter(trial, profile="ci", parameters={"seed": 5}, out_dir=out, quiet=True)
    assert [n.seed for n in results.read(done.out_dir / "results.json")] == [5]


def test_a_running_notebook_is_saved_every_few_seconds():
    from posebook.chapters import execute

    now = datetime.fromtimestamp(1000)
    saved = []
    manager = SimpleNamespace(now=lambda: now, last_save_time=now)

    def save(**_) -> None:
        saved.append(now)
        manager.last_save_time = now

    manager.save = save
    seldom = execute._seldom(manager)
    for _ in range(40):  # two cells a second
        now += timedelta(seconds=0.5)
        seldom()
    assert len(saved) == 20 / execute.SAVED_EVERY


def test_a_run_counts_only_for_what_it_was_run_with(tmp_path):
    def record(**change):
        made = dict(chapter="repnet", profile="laptop", finished=True, seconds=1.0, parameters={})
        (tmp_path / "run.json").write_text(json.dumps(made | change))

    def found(**parameters):
        return run.record_of(tmp_path, "repnet", "laptop", parameters)

    assert found(poses=10) is None
    record(parameters=dict(poses=10))
    # `keypoints` is the chapter's default: a run that does not say it had it.
    assert found(poses=10, keypoints="true")["finished"]
    for other, line in (
        (dict(poses=11), "poses 10, expected 11"),
        (dict(), "poses 10, expected None"),
        (dict(poses=10, keypoints="detected"), "keypoints true, expected detected"),
        (dict(poses=10, unknown=1), "unknown not given, expected 1"),
    ):
        with pytest.raises(InputError, match=f"{tmp_path.name}: holds a run with {line}"):
            found(**other)
    record(parameters=dict(poses=10), profile="ci")
    with pytest.raises(InputError, match="profile ci, expected laptop"):
        found(poses=10)
    record(parameters=dict(poses=10), chapter="elepose")
    with pytest.raises(InputError, match="chapter elepose, expected repnet"):
        found(poses=10)
    record(finished=False, refused=True)
    assert found(poses=10) is None
    (tmp_path / "run.json").write_text('{"chapter": "rep')
    with pytest.raises(InputError, match="a run's record"):
        found(poses=10)


def test_two_runs_do_not_write_into_one_folder(tmp_path):
    with (
        paths.alone_in(tmp_path),
        pytest.raises(InputError, match="another posebook is writing there"),
        paths.alone_in(tmp_path),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_run_that_takes_too_long_is_stopped(trial, tmp_path):
    from posebook.chapters.execute import execute

    (tmp_path / "hold").touch()
    with pytest.raises(CellFailed, match="ran out of time|kernel d"):
        execute(
            chapters.load(trial.source),
            tmp_path / "slow.ipynb",
            {"hold": str(tmp_path / "hold"), "out_dir": str(tmp_path / "slow")},
            minutes=0.1,
            quiet=True,
        )


@pytest.mark.parametrize(
    ("raised", "error", "says"),
    [
        (CellTimeoutError("slow"), CellFailed, "a cell ran out of time"),
        (DeadKernelError("gone"), CellFailed, "the kernel died"),
        (TimeoutError("IOPub"), CellFailed, "the kernel did not answer"),
        (RuntimeError("no start"), CellFailed, "the kernel did not start"),
        (OSError(errno.ENOSPC, "No space left on device"), OSError, "out.ipynb"),
    ],
)
def test_what_ends_a_run_has_a_name(monkeypatch, tmp_path, raised, error, says):
    """A time-out is an OSError, too; but the disk has nothing to do with it."""
    from posebook.chapters import execute

    def fails(*_, **__):
        raise raised

    monkeypatch.setattr(execute.papermill, "execute_notebook", fails)
    with pytest.raises(error, match=says):
        execute.execute(None, tmp_path / "out.ipynb", {}, minutes=1.0)


def test_default_folder_and_newest_unfinished(trial):
    with pytest.raises(InputError, match="no unfinished run"):
        run.newest_unfinished(trial)
    for name, finished in (("1", False), ("2", False), ("3", True)):
        record = dict(chapter="trial", profile="ci", parameters={}, finished=finished, seconds=0)
        paths.write_text(paths.runs() / "trial" / name / "run.json", json.dumps(record))
    assert run.newest_unfinished(trial).name == "2"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (dict(parameters={"x = 1\nopen('pwned', 'w')\ny": 1}), "trial has no parameter"),
        (dict(parameters={"import os": 1}), "trial has no parameter 'import os'"),
        (dict(parameters={"seed": "__import__('os')"}), "parameter seed is"),
        (dict(parameters={"seed": [1]}), "parameter seed is a list"),
        (dict(parameters={"rate": "0.1"}), "parameter rate is '0.1'"),
        (dict(parameters={"rate": {"a": 1}}), "parameter rate is a dict"),
        (dict(parameters={"data": 5}), "parameter data is 5"),
        (dict(parameters=[]), "parameters is a list of 0; expected an object"),
        (dict(profile="huge"), "profile is 'huge'; expected one of ci"),
        (dict(profile=["ci"]), "profile is a list"),
        (dict(chapter=1), "chapter is 1; expected one line"),
        (dict(chapter="\x1b[2J"), "chapter is"),
        (dict(finished="no"), "finished is 'no'; expected true or false"),
        (dict(finished=None), "finished is None"),
        (dict(seconds="1"), "seconds is '1'; expected a number"),
        (dict(seconds=math.nan), "seconds is nan"),
        (dict(seconds=10**400), "seconds is inf"),
        (dict(refused=1), "refused is 1"),
        (dict(more=1), "has more; expected a run's record"),
    ],
)
def test_a_record_that_was_handed_over_runs_nothing(trial, tmp_path, changes, says):
    record = dict(chapter="trial", profile="ci", parameters={}, finished=False, seconds=1.0)
    folder = tmp_path / "folder"
    paths.write_text(folder / "run.json", json.dumps(record | changes))
    with pytest.raises(InputError, match=says) as error:
        run.run_chapter(trial, out_dir=folder)
    assert "\n" not in str(error.value) and "\x1b" not in str(error.value)
    assert [path.name for path in folder.iterdir()] == ["run.json"]


@pytest.mark.parametrize(
    "name", ["run.json", ".lock", "99_trial.partial.ipynb", "runs/checkpoint.pt"]
)
def test_a_link_or_a_fifo_in_a_folder_is_not_followed(trial, tmp_path, name):
    folder, victim = tmp_path / "folder", tmp_path / "mine"
    victim.write_text("mine")
    (folder / name).parent.mkdir(parents=True)
    record = dict(chapter="trial", profile="ci", parameters={}, finished=False, seconds=1.0)
    (folder / "run.json").write_text(json.dumps(record))
    for plant in (lambda path: path.symlink_to(victim), os.mkfifo):
        (folder / name).unlink(missing_ok=True)
        plant(folder / name)
        with pytest.raises(InputError, match="is a link or no plain file"):
            run.run_chapter(trial, out_dir=folder)
    assert victim.read_text() == "mine"


def test_folders_that_cannot_be_written_into(trial, tmp_path):
    file = tmp_path / "file"
    file.write_text("mine")
    with pytest.raises(InputError, match="is a file"):
        run.run_chapter(trial, out_dir=file)
    with pytest.raises(InputError, match="holds other files"):
        run.run_chapter(trial, out_dir=trial.source.parent)
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "run.json").write_text("[]")
    with pytest.raises(InputError, match="a run's record"):
        run.run_chapter(trial, out_dir=tmp_path / "odd")
    assert file.read_text() == "mine"


def test_parameters_take_the_type_of_the_default(trial):
    given = dict(rate="1e-2", seed="7", data="123", root="some/folder", device="cuda")
    assert chapters.values(trial, given) == dict(
        rate=0.01, seed=7, data="123", root="some/folder", device="cuda"
    )
    assert type(chapters.values(trial, dict(rate="1"))["rate"]) is float
    with pytest.raises(InputError, match="no parameter 'lr'; it has profile, seed, device"):
        chapters.values(trial, dict(lr="1"))
    with pytest.raises(InputError, match="seed is 'one', expected a whole number"):
        chapters.values(trial, dict(seed="one"))
    with pytest.raises(InputError, match="rate is 'fast', expected a float such as 0.1"):
        chapters.values(trial, dict(rate="fast"))
    with pytest.raises(InputError, match="option of its own"):
        chapters.values(trial, dict(out_dir="x"))


@pytest.mark.parametrize(
    ("name", "texts", "expected"),
    [
        ("width", ["0", "-3", "2.5", "foo", "True", "1e300", "16385", ""], "a whole number from 1"),
        ("batch_size", ["foo", "0", "1", "-1"], "a whole number from 2"),
        ("poses", ["-5", "0", "nan", "inf", "9" * 5000], "a whole number from 1"),
        ("learning_rate", ["-1", "0", "nan", "inf", "1e999", "1e300"], "a number greater than 0"),
        ("ablation_share", ["-1", "0"], "a number greater than 0"),
        ("first_weight", ["-1"], "a number greater than 0"),
        ("critic_steps", ["-1"], "a whole number from 1"),
        ("dropout", ["1", "-0.1"], "a number from 0 to less than 1"),
        ("receptive_field", ["28", "-1", "27.0"], "one of 1, 9, 27, 81, 243"),
        ("additions", ["1", "yes"], "true or false"),
        ("labelled", ["2", "1", "0.1 none", " "], "shares over 0 and under 1"),
        ("leftover", ["-inf", "nan", "0"], "a number greater than 0, or inf"),
        ("depth", ["0", "51", "resnet50", "18.5"], "18, 34, 50, 101 or 152"),
        (
            "crop",
            ["256", "250x192", "0x0", "256x", "-32x32", "1e9x32", "99968x32"],
            "height x width",
        ),
    ],
)
def test_a_bad_value_is_told_in_one_line(name, texts, expected):
    for text in texts:
        with pytest.raises(
            InputError, match=f"parameter {name} is .*, expected {expected}"
        ) as error:
            chapter_parameters.value(name, text, None)
        assert str(error.value).endswith(", or none") and len(str(error.value)) < 200
        assert "\n" not in str(error.value)


def test_good_values_of_well_known_parameters():
    good = dict(width="64", poses="1e6", learning_rate="1", leftover="inf", additions="false")
    good |= dict(
        crop="256x192", depth="101", labelled="0.01 0.1", root="123", max_norm="TRUE", step="3"
    )
    found = {name: chapter_parameters.value(name, text, None) for name, text in good.items()}
    assert found == dict(
        width=64, poses=1_000_000, learning_rate=1.0, leftover=math.inf, additions=False,
        labelled="0.01 0.1", root="123", max_norm=True, step=3, crop="256x192", depth=101,
    )  # fmt: skip
    assert chapter_parameters.value("poses", "None", None) is None
    with pytest.raises(InputError, match="learning_rate is 'none', expected a number"):
        chapter_parameters.value("learning_rate", "none", 1e-3)
    # A chapter that means something else by the name keeps the type of its default.
    assert chapter_parameters.value("step", "0.25", 0.5) == 0.25
    assert chapter_parameters.LARGEST_WIDTH == network_files.LARGEST_SIZE
    assert chapter_parameters.LARGEST_DEPTH == network_files.LARGEST_DEPTH


def test_parameters_of_the_book_have_rules(chapter):
    """A default of None says nothing of the type: without a rule any text would be taken."""
    for name, default in chapter.parameters.items():
        if name in ("profile", "out_dir"):
            continue
        if default is None:
            assert name in chapter_parameters.RULES, f"{name}: add it to chapter_parameters.RULES"
            continue
        assert chapters.values(chapter, {name: str(default)}) == {name: default}
        rule = chapter_parameters.RULES.get(name)
        assert rule is None or rule.admits(default), name


def test_what_the_profiles_choose_is_admitted(chapter):
    """The dictionary `choices` of a chapter, where its keys are the parameters' own names."""
    for node in ast.walk(ast.parse(chapter.source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.keyword) and node.arg in chapter_parameters.RULES.keys() - {"seed"}:
            try:
                value = eval(compile(ast.Expression(node.value), "", "eval"), {"math": math})
            except NameError:  # of the chapter's own
                continue
            if node.arg in chapter.parameters and isinstance(value, int | float):
                assert chapter_parameters.RULES[node.arg].admits(value), (node.arg, value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("#     level: beginner\n", "", r"missing \['level'\]"),
        ("#     level: beginner\n", "#     level: beginner\n#     mood: good\n", r"\['mood'\]"),
        ("{ci: 0.1, laptop: 0.2, full: 1}", "5", "minutes"),
        ("#   posebook:\n", "#   other:\n", "no header"),
        ("#     name: python3\n", "", "kernelspec"),
        ("#     level: beginner", "#   level: [", "not a notebook's"),
        ("# jupyter:", "# other:", "not a notebook's"),
        ("# ---\n# jupyter", "# jupyter", "no header"),
        ("title: ", "title: [[a]] #", "header key title, expected text"),
        ("minutes: ", "minutes: {ci: x, laptop: 1, full: 1} #", "expected numbers"),
        ("prerequisites: ", "prerequisites: 3 #", "header key prerequisites, expected a list"),
        ("title: ", "title: " + 3000 * "[" + " #", "its header is not a notebook's"),
    ],
)
def test_a_header_that_lacks_something_is_named(trial, old, new, message):
    text = trial.source.read_text()
    assert old in text
    trial.source.write_text(text.replace(old, new))
    with pytest.raises(InputError, match=message):
        chapters.read(trial.source)


def test_a_header_is_read_as_jupytext_reads_it(chapter):
    """`read` does so without jupytext, which takes seconds to import."""
    metadata = chapters.load(chapter.source).metadata
    own = {key: getattr(chapter, key) for key in metadata["posebook"]}
    assert {**own, "prerequisites": list(chapter.prerequisites), "data": list(chapter.data)} == (
        metadata["posebook"] | {"paper": metadata["posebook"]["paper"] or ""}
    )


def test_find_by_id_number_and_file(trial):
    folder = trial.source.parent
    for name in ("trial", "90", "90_trial", "90_trial.ipynb"):
        assert chapters.find(name, folder) == trial
    assert chapters.find(str(trial.source)) == trial
    with pytest.raises(InputError, match="no chapter 'nosuch'; there are trial"):
        chapters.find("nosuch", folder)


def test_headers_of_the_book(chapter):
    assert chapter.id == chapter.source.stem.partition("_")[2]
    known = {other.id for other in chapters.all_chapters() if other.number < chapter.number}
    assert set(chapter.prerequisites) <= known
    assert chapter.level in ("beginner", "intermediate", "advanced")
    assert chapter.minutes["ci"] <= 1 and chapter.minutes["laptop"] <= 6
    wanted = ["profile", "seed", "device", "out_dir", "data", "root"]
    # Chapters that learn from pictures find the key points themselves.
    wanted += [] if chapter.data and chapter.data[0].startswith("rendered_") else ["keypoints"]
    assert list(chapter.parameters)[: len(wanted)] == wanted
    text = chapter.source.read_text()
    assert 'os.environ.get("POSEBOOK_PROFILE", "laptop")' in text


def test_a_change_to_the_chapter_is_not_hidden_by_equality(trial):
    assert replace(trial, title="Another") != trial
    assert os.path.basename(trial.notebook) == "90_trial.ipynb"


def test_a_record_cannot_bring_code_into_a_run(trial, tmp_path):
    """papermill writes the names of parameters into a cell as they are."""
    record = dict(chapter="trial", profile="ci", finished=False, seconds=0.0)
    name = "x = 1\nopen('pwned', 'w').close()\ny"
    paths.write_text(tmp_path / "out" / "run.json", json.dumps(record | dict(parameters={name: 1})))
    with pytest.raises(InputError, match="trial has no parameter"):
        run.run_chapter(trial, out_dir=tmp_path / "out", quiet=True)


@pytest.mark.parametrize("text", ["x = (", "x = " + 5000 * "-" + "1", "x = 1\0"])
def test_a_parameters_cell_that_is_no_python_is_one_line(trial, text):
    broken = trial.source.read_text().replace("rate = ", text + "\nrate = ", 1)
    trial.source.write_text(broken)
    with pytest.raises(InputError, match="its cell tagged parameters"):
        chapters.read(trial.source).parameters  # noqa: B018
