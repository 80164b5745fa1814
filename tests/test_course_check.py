"""`posebook course check`: what a class hands in, however it is called and whatever it does."""

import json
import os
import re
import signal
import threading
import time

import nbformat
import pytest

from posebook import chapters, figures
from posebook.course import assignment, class_page, editions, grading, marks, submissions
from posebook.course.running import Supervisor
from posebook.errors import InputError

EVERY = chapters.all_chapters()
OF_7 = {"posebook": {"id": "temporal_convolutions"}}
CHECK = 'check("7.1")'


def notebook(*cells, metadata=None, outputs=()):
    made = [
        dict(cell_type="code", source=source, metadata={}, outputs=list(outputs))
        for source in cells
    ]
    return dict(nbformat=4, nbformat_minor=5, metadata=metadata or {}, cells=made)


def write(path, record):
    path.parent.mkdir(parents=True, exist_ok=True)
    text = record if isinstance(record, str) else json.dumps(record)
    path.write_text(text, encoding="utf-8")


# ---------------------------------------------------------------- what was handed in


@pytest.mark.parametrize(
    ("name", "record", "student", "of", "cells", "why"),
    [
        ("ada/a.ipynb", notebook("x = 1", metadata=OF_7), "ada", "temporal_convolutions", 1, ""),
        ("a b.ipynb", notebook("x", CHECK), "a b", "temporal_convolutions", 2, ""),
        ("ada/week1/06_simple_baseline (1).ipynb", notebook("x"), "ada", "simple_baseline", 1, ""),
        ("submitted/ada/week1/13.ipynb", notebook('check("13.1")'), "ada", "repnet", 1, ""),
        ("ada/x.ipynb", notebook('check("7.1")', 'check("13.1")', 'check("13.2")'), "ada",
         "repnet", 3, ""),
        ("Ada B_12_assignsubmission_file_/x.ipynb", notebook(CHECK), "Ada B",
         "temporal_convolutions", 1, ""),
        ("ada/x.ipynb", notebook("x"), "ada", "", 1, "of no chapter"),
        ("ada/x.ipynb", notebook("x", metadata={"posebook": {"id": 3}}), "ada", "", 1, "of no"),
        ("ada/x.ipynb", '{"cells": [', "ada", "", 0, "not valid JSON"),
        ("ada/x.ipynb", "", "ada", "", 0, "the file is empty"),
        ("ada/x.ipynb", "[]", "ada", "", 0, "no list of cells"),
        ("ada/x.ipynb", '{"cells": {}}', "ada", "", 0, "no list of cells"),
        ("ada/x.ipynb", '{"cells": [3, {"cell_type": "code", "source": 7}]}', "ada", "", 0, "of"),
        ("ada/x.ipynb", dict(nbformat=3, worksheets=[dict(cells=[
            dict(cell_type="code", input=["a = 1\n", CHECK])])]), "ada",
         "temporal_convolutions", 1, ""),
        ("ada/x.py", f"# %%\na = 1\n\n# %% [markdown]\n# words\n\n# %%\n{CHECK}\n", "ada",
         "temporal_convolutions", 2, ""),
        ("ada/x.py", f"#!/usr/bin/env python\n\n# In[3]:\n\na = 1\n\n# In[ ]:\n{CHECK}\n", "ada",
         "temporal_convolutions", 3, ""),
        ("ada/x.py", f"a = 1\ndef f():\n    return 2\n\n{CHECK}\n", "ada",
         "temporal_convolutions", 3, ""),
        ("ada/x.py", f"a = = 1\n{CHECK}\n", "ada", "temporal_convolutions", 1, ""),
    ],
)  # fmt: skip
def test_what_was_handed_in(name, record, student, of, cells, why, tmp_path):
    write(tmp_path / name, record)
    (one,) = submissions.collect(tmp_path, EVERY)
    assert (one.student, one.chapter, len(one.cells)) == (student, of, cells)
    assert why in one.why and bool(one.why) == bool(why)


def test_what_is_passed_over(tmp_path):
    write(tmp_path / "ada" / "x.ipynb", notebook(CHECK))
    for name in (
        "ada/.ipynb_checkpoints/x-checkpoint.ipynb", "ada/y-checkpoint.ipynb", "__MACOSX/x.ipynb",
        "ada/._x.ipynb", "ada/helpers.py", "ada/notes.txt", "ada/__pycache__/x.py",
    ):  # fmt: skip
        write(tmp_path / name, notebook(CHECK) if name.endswith("ipynb") else "a = 1\n")
    os.symlink(tmp_path / "ada" / "x.ipynb", tmp_path / "ada" / "link.ipynb")
    found = {one.path: one.why for one in submissions.collect(tmp_path, EVERY)}
    assert found == {"ada/x.ipynb": "", "ada/link.ipynb": "it is a link"}
    write(tmp_path / "b" / "z.ipynb", notebook(CHECK))
    assert len(submissions.collect(tmp_path, EVERY)) == 3


def test_students_without_a_notebook_are_named(tmp_path):
    write(tmp_path / "ada" / "x.ipynb", notebook(CHECK))
    for name in ("bob/report.pdf", "cleo/week1.ZIP", "dan/helpers.py", "eve.zip", "grades.csv",
                 "ada_7_assignsubmission_onlinetext_/text.html", ".git/config",
                 "__MACOSX/ada/x.pdf"):  # fmt: skip
        write(tmp_path / name, "a = 1\n")
    (tmp_path / "finn").mkdir()
    os.symlink(tmp_path / "ada", tmp_path / "gus")
    one, *others = submissions.collect(tmp_path, EVERY)
    assert one.path == "ada/x.ipynb" and {(o.chapter, o.cells) for o in others} == {("", ())}
    assert [(o.student, o.path, o.why) for o in others] == [
        ("bob", "bob/", "no notebook in it: only report.pdf"),
        ("cleo", "cleo/", "no notebook in it: only week1.ZIP (unpack it)"),
        ("dan", "dan/", "no notebook in it: only helpers.py"),
        ("eve", "eve.zip", "it is no notebook (unpack it)"),
        ("finn", "finn/", "no notebook in it: it is empty"),
        ("gus", "gus/", "it is a link"),
    ]


def test_a_course_is_no_class(tmp_path):
    for name in ("student/week1", "teacher/week1", "nbgrader/submitted/ada"):
        write(tmp_path / name / "x.ipynb", notebook(CHECK))
    write(tmp_path / "syllabus.md", "")
    for folder in (tmp_path, tmp_path / "student", tmp_path / "teacher"):
        with pytest.raises(InputError, match="this is the course; expected the folder with what"):
            submissions.collect(folder, EVERY)
    (one,) = submissions.collect(tmp_path / "nbgrader", EVERY)
    assert one.student == "ada"


def test_where_nothing_could_be_run(tmp_path, posebook):
    write(tmp_path / "ada" / "x.ipynb", "{")
    status, out, error = posebook("course", "check", tmp_path)
    assert (status, out.splitlines()[0]) == (2, "Not run:") and "nothing could be run" in error
    write(tmp_path / "bob" / "x.ipynb", notebook("frames_seen = 15", metadata=OF_7))
    status, out, _ = posebook("course", "check", tmp_path, "--format", "json")
    assert status == 0 and [row["state"] for row in json.loads(out)][:2] == ["unknown", "right"]


def test_an_empty_class(tmp_path):
    with pytest.raises(InputError, match="no notebook in it"):
        submissions.collect(tmp_path, EVERY)
    with pytest.raises(InputError, match="there is no such file or folder"):
        submissions.collect(tmp_path / "none", EVERY)


def test_names_that_a_blank_binds():
    source = "a, b = None, None\ndef f(x):\n    y = x\n    return y\nc = [d for d in range(3)]\n"
    found = assignment.bound(source)
    assert set(found) >= {"a", "b", "f", "c"} and "y" not in found


@pytest.mark.parametrize(
    ("cells", "of_1", "of_2"),
    [
        (["x = None  # words", "show(x)", 'check("7.1")', "y = None", 'check("7.2")'], [], []),
        (["x = 3", "show(x)", 'check("7.1")', "y = None", 'check("7.2")'], [0], []),
        (["x = None", "a = 1", "show(x)", 'check("7.1")'], [1], []),
        (["a = 1", "x = None", 'check("7.1")', "b = 2", "y = None", 'check("7.2")'], [], []),
        (["a = 1", "show(x)", "b = = 2", 'check("7.1")', "c = 3", 'check("7.2")'], [2], [4]),
        (["x = = 3", "def y(:", "y == 4 ="], [0], [1]),
        (['x = 3\ncheck("7.1")'], [0], []),
    ],
)
def test_cells_of_an_exercise(cells, of_1, of_2):
    released = ["x = None", "y = None", "show( x )", 'check("7.1")', 'check("7.2")']
    made = assignment.Assignment(chapters.find("07"), [], {1: ["x"], 2: ["y"]}, released)
    assert made.cells_of(cells) == {1: of_1, 2: of_2}


def test_a_line_of_an_exercise_that_is_gone():
    made = assignment.assignment_of(chapters.find("05"))
    line = "factors = torch.linspace(0.8, 1.3, 51, dtype=torch.float64)"
    assert made.why_gone(1, "factors", []) == f"the line `{line}` of the exercise's cell is gone"
    assert made.why_gone(1, "factors", ["factors = 1 / 0"]) == made.why_gone(1, "one", []) == ""
    assert "`best_factor` is not there, and the" in made.why_gone(1, "best_factor", [])
    assert made.points == {1: 1, 2: 1, 3: 3, 4: 2}


# ---------------------------------------------------------------- what came of it

PATCHED = """import posebook.course.answers.temporal_convolutions as answers
from posebook.course import checking
answers.exercise_1 = lambda frames_seen: None
checking.judged = lambda *_: ("right.", None)
checking.Wrong = checking.NotAttempted
check = lambda name: print(f"Exercise {name}: right.")
frames_seen = 3"""
#: Looks for the function that judges, and puts its own checks in place of what that holds.
FINDS_THE_JUDGE = """import gc, types
for one in gc.get_objects():
    if isinstance(one, types.FunctionType) and one.__name__ == "judge" and one.__closure__:
        for held in one.__closure__:
            for name, text in held.cell_contents.items():
                if "answers" in name:
                    held.cell_contents[name] += "\\ndef exercise_1(frames_seen): pass"
"""
BOMB = "import os, time\nwhile True:\n    os.fork()"
HOLDS_ON = "while True:\n    try:\n        x = 1\n    except:\n        pass"
ENDS = """class F(float):
    def __mod__(self, other):
        import os; os._exit(1)
frames_seen = F(3)"""
#: student -> cells, state of 7.1, and what else is said
CLASS = {
    "right": (["frames_seen = 15", CHECK], "right", ""),
    "no check": (["frames_seen = 15"], "right", ""),
    "check first": ([CHECK, "frames_seen = 15"], "right", ""),
    "overwritten": (["frames_seen = 15", CHECK, "frames_seen = 'x'"], "right", ""),
    "wrong": (["frames_seen = 27", CHECK], "wrong", "can change at will"),
    "untouched": (["frames_seen = None", CHECK], "open", ""),
    "deleted": (["x = 1", "!echo hello", "%time x"], "open", ""),
    "draws": (["%matplotlib inline\nframes_seen = 15"], "right", ""),
    "raises": (["1 / 0", "import nowhere", "frames_seen = 15"], "right",
               'the cell "1 / 0" fails: ZeroDiv'),
    "no python": (["frames_seen = = 15", "frames_seen = 15"], "right",
                  'the cell "frames_seen = = 15" of exercise 7.1 fails: SyntaxError: invalid'),
    "loops": ([HOLDS_ON, "frames_seen = 15"], "right", "fails: it works for over 1 s"),
    "memory": (["x = bytearray(40 << 30)", "frames_seen = 15"], "right", "fails: MemoryError"),
    "exits": (["exit()", "import sys; sys.exit(3)", "frames_seen = 15"], "right", "SystemExit"),
    "ends": (["frames_seen = 15", CHECK, "import os; os._exit(0)"], "right", "its code ends"),
    "killed": (["import os; os.kill(os.getpid(), 9)", "frames_seen = 15"], "unknown", "ends the"),
    "bomb": ([BOMB, "frames_seen = 15"], "any", "processes"),
    "asks": (["input()", "frames_seen = 15"], "right", '"input()" fails'),
    "prints": (["print('Exercise 7.1: right.')", CHECK], "open", ""),
    "patches": ([PATCHED, CHECK], "wrong", "still changes the pose"),
    "late": (["frames_seen = ", CHECK], "fails", "its cell fails: SyntaxError: invalid"),
    "no name": (["frames_seen = fifteen", CHECK], "fails", "NameError: name 'fifteen'"),
    "added": (["frames_seen = None  # ?", "n = 1 / 0", CHECK], "fails", "ZeroDivision"),
    "other name": (["frames = 1 / 0", CHECK], "fails", "its cell fails: ZeroDivision"),
    "no check, no name": (["frames_seen: int = 3 +"], "fails", "SyntaxError"),
    "next one's": (["frames_seen = None", CHECK, "1 / 0", 'check("7.2")'], "open", ""),
    "above": (["frames = 1 / 0", "frames_seen = None", CHECK], "open", '"frames = 1 / 0" fails'),
    "in the answer": (["import os\nframes_seen = os._exit(1)", CHECK], "fails",
                      "its cell fails: its code ends the process"),
    "when checked": ([ENDS], "fails", "when it is checked, its code ends the process"),
    "empty": ([], "open", "no code in it"),
    "replaces": (["import torch\ntorch.tensor = torch.zeros\nframes_seen = 3"], "unknown",
                 "the notebook replaces torch.tensor"),
    "finds the judge": ([FINDS_THE_JUDGE, "frames_seen = 3"], "unknown", "replaces the checks"),
    "answers itself": (["globals()['frames' + '_seen'] = 15"], "unknown", "without an answer"),
}  # fmt: skip


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class")
    right = dict(output_type="stream", name="stdout", text="Exercise 7.1: right.")
    for student, (cells, *_) in CLASS.items():
        write(folder / student / "07.ipynb", notebook(*cells, metadata=OF_7, outputs=[right]))
    write(folder / "broken" / "x.ipynb", "{")
    os.makedirs(os.fsencode(folder) + b"/fran\xe7ois")
    with open(os.fsencode(folder) + b"/fran\xe7ois/=1.ipynb", "w") as file:
        json.dump(notebook("frames_seen = 15", metadata=OF_7), file)
    return grading.check_class(folder, seconds=1, jobs=1)


@pytest.mark.parametrize("student", CLASS)
def test_what_came_of_a_notebook(student, graded):
    one = next(one for one in graded if one.of.student == student)
    _, state, says = CLASS[student]
    assert state in ("any", one.states["7.1"]), (one.states, one.lines, one.remarks)
    assert says in " ".join([*one.remarks, one.lines["7.1"]])
    fails = "fails" if student == "next one's" else "open"
    assert one.states["7.2"] in (fails, "unknown") and one.states["7.3"] in ("open", "unknown")
    assert "ipython-input" not in marks.report([one])


class Answers(Supervisor):
    """Says what it was given."""

    shares = False

    def __init__(self, told):
        self.told = told

    def ask(self, request):
        return dict(told=self.told, ended="")


@pytest.mark.parametrize(
    ("answer", "state"),
    [("best_factor = 1.06", "unknown"), ("best_factor = factors[0].item()", "fails")],
)
def test_an_answer_without_the_line_above_it(answer, state):
    made = assignment.assignment_of(chapters.find("05"))
    cells = [answer, 'check("5.1")']
    told = [dict(exercise=1, state="absent", line="factors", figure="", by="")]
    if state == "fails":
        told = [dict(cell=0, error="NameError: name 'factors' is not defined"), *told]
    one = grading.Graded(submissions.Submission("ada", "x", "metrics_and_protocols", cells))
    grading._one(Answers(told), made, one, {})
    assert one.states["5.1"] == state and "the line `factors = " in one.lines["5.1"].lower()


def test_ctrl_c_ends_all_that_was_started(tmp_path, monkeypatch):
    for student in "abcd":
        write(tmp_path / student / "07.ipynb", notebook("frames_seen = 15", metadata=OF_7))
    raised, once = [], [signal.SIGINT]
    monkeypatch.setattr(threading, "excepthook", raised.append)
    threads = threading.active_count()

    def interrupt(_):
        if once:
            os.kill(os.getpid(), once.pop())

    # Whoever runs the tests in the background may have had it ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            grading.check_class(tmp_path, jobs=2, tell=interrupt)
    finally:
        signal.signal(signal.SIGINT, before)
    deadline = time.monotonic() + 20
    while threading.active_count() > threads and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not raised and not Supervisor._open


@pytest.mark.parametrize(
    ("line", "typed"),
    [("not yet. 3 mm.", True), ("`cheat_mm` is text; a tensor is expected.", False)],
)
def test_a_typed_number_may_be_of_another_profile(line, typed):
    made = assignment.assignment_of(chapters.find("05"))
    of = submissions.Submission("ada", "x", "metrics_and_protocols", ["cheat_mm = 3"])
    one = grading.Graded(of)
    told = [dict(exercise=3, state="wrong", line=line, figure="", by="")]
    grading._one(Answers(told), made, one, {})
    assert ("typed in" in one.lines["5.3"]) == typed


def test_lines_while_it_runs_add_up():
    of = submissions.Submission("ada", "ada/x.ipynb", "temporal_convolutions")
    states = dict(
        zip("abcdef", ("right", "wrong", "open", "fails", "unknown", "right"), strict=True)
    )
    assert grading.summary(grading.Graded(of, states)) == (
        "ada/x.ipynb: 2 right, 1 wrong, 1 failing, 1 not attempted, 1 could not be judged"
    )


def test_a_file_column_where_somebody_has_handed_in_two():
    made = [grading.Graded(submissions.Submission("ada", path, "temporal_convolutions"))
            for path in ("ada/x.ipynb", "ada/y.ipynb")]  # fmt: skip
    assert "| file" in marks.report(made) and "| file" not in marks.report(made[:1])


def test_the_table_of_a_class(graded):
    text = marks.report(graded)
    assert re.search(r"\| wrong +\| wrong +\| - +\|.* 0 of 4 +\| 0 of 6 +\| see below", text)
    assert re.search(r"\| late +\| ! +\| - +\|", text) and "!: attempted" in text
    assert "    7.1: its cell fails: SyntaxError: invalid syntax (line 1)" in text
    assert "Not run:\n  broken/x.ipynb: not valid JSON" in text
    assert r"fran\udce7ois" in text and text.isprintable() is False
    rows = json.loads(marks.report(graded, "json"))
    assert sum(row["state"] == "right" for row in rows) >= 8
    assert re.search(r"\| raises +\| right .* 1 of 4 +\| 2 of 6 +\| 2 cells fail +\|", text)
    assert {(row["points"], row["most"]) for row in rows if row["exercise"] == "7.1"} == {
        (0, 2), (2, 2)
    }  # fmt: skip
    late = next(row for row in rows if (row["student"], row["exercise"]) == ("late", "7.1"))
    assert late["state"] == "fails" and late["line"].startswith("its cell fails: SyntaxError")
    assert {row["student"] for row in rows} == {*CLASS, "broken", r"fran\udce7ois"}
    lines = marks.report(graded, "csv").splitlines()
    assert lines[0] == "student,file,chapter,exercise,state,points,most,line,remarks"
    assert not any(line.startswith(("=", "+", "-", "@")) for line in lines)


def test_a_page_shows_the_figures(tmp_path):
    """What a notebook's process says it drew may be anything."""
    drawn = figures.bars({"a": 1.0}, title="<b>Yours</b>", unit="mm").to_json()
    made = []
    for student, figure in (("<ada>", drawn), ("bob", "{"), ("cleo", '{"data": [{"type": 3}]}')):
        of = submissions.Submission(student, f"{student}/x.ipynb", "temporal_convolutions")
        states, lines = {"7.1": "wrong", "7.2": "open"}, {"7.1": "not yet. `<i>3</i>`"}
        asks = {"7.1": "<b>Which</b> frames"}
        made.append(grading.Graded(of, states, lines, {"7.1": figure}, ["a remark"], asks=asks))
    made.append(grading.Graded(submissions.Submission("dan", "dan/", "", why="it is empty")))
    page = tmp_path / "class.html"
    told = class_page.write(page, made, folder=tmp_path, profile="ci")
    text = page.read_text(encoding="utf-8")
    assert "not yet. &lt;i&gt;3&lt;/i&gt;" in text and "<ada>" not in text and "<i>3" not in text
    assert 1 <= (count := text.count('data-figure="figure-')) <= 2 and "dan/: it is empty" in text
    assert told.endswith(f"a section for each student, with {count} figure{'s' * (count > 1)}")
    assert text.count('<a href="#student-') == text.count('<h2 id="student-') == 3
    assert (
        "&lt;b&gt;Which&lt;/b&gt; frames" in text
        and "profile ci. Students: 3; notebooks: 3" in text
    )
    assert "answers: 3 wrong, 3 not attempted" in text
    assert "7.1: not yet. `<i>3</i>` [figure]" in marks.report(made)
    told = class_page.write(page, made[3:], folder=tmp_path, profile="ci")
    assert told.endswith("a section for each student")


def test_a_second_notebook_of_a_chapter_is_told_of(tmp_path, monkeypatch):
    monkeypatch.setattr(grading, "_grade", lambda *_: None)
    for name in ("ada/a.ipynb", "ada/a-Copy1.ipynb", "bob/a.ipynb"):
        write(tmp_path / name, notebook("frames_seen = 15", metadata=OF_7))
    remarks = {one.of.path: one.remarks for one in grading.check_class(tmp_path)}
    assert "which counts?" in remarks["ada/a.ipynb"][0] and remarks["ada/a-Copy1.ipynb"]
    assert remarks["bob/a.ipynb"] == []


def test_a_figure_comes_back_from_a_students_process(tmp_path, posebook):
    answer = "sideways_mm, upwards_mm = (550, 0, 0), (0, 550, 0)"
    write(tmp_path / "ada" / "02.ipynb", notebook(answer, 'check("2.3")'))
    page = tmp_path / "class.html"
    status, out, _ = posebook("course", "check", tmp_path, "--report", page)
    assert (
        status == 0 and "points to the floor" in out and "on the page of --report FILE.html" in out
    )
    assert "The left arm as you have it" in page.read_text(encoding="utf-8")
    for name, why in ((page, "is there already"), ("class.pdf", "a name that ends in .html")):
        status, _, error = posebook("course", "check", tmp_path, "--report", name)
        assert status == 2 and why in error


@pytest.mark.parametrize(
    ("options", "message"),
    [(dict(profile="x"), "expected ci, laptop, full"), (dict(), "there is no such file")],
)
def test_mistakes(options, message, tmp_path):
    with pytest.raises(InputError, match=message.replace("expected ci, ", "expected one of ci, ")):
        grading.check_class(tmp_path / "none", **options)


# ---------------------------------------------------------------- whole chapters


@pytest.mark.slow
@pytest.mark.parametrize("number", ["02", "03", "04"])
def test_a_student_edition_runs_and_its_solutions_are_right(number, tmp_path):
    """The rest of the chapters: `tools/release_checks.py`."""
    chapter = chapters.find(number)
    book = editions.book(chapter)
    blank = editions.student(book)
    solved = editions.student(book)
    for one in editions.exercises(book.cells):
        place = next(c for c in solved.cells if c.id == book.cells[one.blank].id)
        place.source += "\n" + book.cells[one.solution].source
    failing = editions.student(book)
    second = list(editions.exercises(book.cells))[1]
    next(c for c in failing.cells if c.id == book.cells[second.blank].id).source = "1 / 0"
    for student, made in (("blank", blank), ("failing", failing), ("solved", solved)):
        write(tmp_path / student / "x.ipynb", nbformat.writes(made))
    untouched, one, right = grading.check_class(tmp_path, jobs=1)
    assert [name for name, state in one.states.items() if state != "open"] == [second.name]
    assert one.lines[second.name] == "its cell fails: ZeroDivisionError: division by zero"
    assert untouched.remarks == [] and set(untouched.states.values()) == {"open"}, untouched
    assert right.remarks == [] and set(right.states.values()) == {"right"}, right
