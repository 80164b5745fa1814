"""A course made of chapters: editions without solutions, hints, a syllabus, slides."""

import inspect
import json
import re

import nbformat
import pytest

from posebook import chapters, course
from posebook.course import editions, making, mathml, slides, syllabus, teaching
from posebook.course.checking import UNTOUCHED
from posebook.errors import InputError
from posebook.figures.showing import PLOTLY

SECRET = "SENTINEL"


def cell(kind, source, *tags, outputs=(), **more):
    made = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}[kind](
        source, metadata={"tags": list(tags)} | more
    )
    if kind == "code":
        made.outputs = list(outputs)
        made.execution_count = 1
    return made


def shown(text):
    picture = {"text/html": f"<b>{text}</b>", PLOTLY: {"data": [{"name": text}], "layout": {}}}
    return [
        nbformat.v4.new_output("stream", text=text),
        nbformat.v4.new_output("display_data", data=picture, metadata={"alt": text}),
    ]


@pytest.fixture
def book():
    """A chapter whose solution says SENTINEL wherever a notebook can say anything."""
    solution = cell(
        "code", f"x = '{SECRET}'", "solution", outputs=shown(SECRET), note=SECRET, name=SECRET
    )
    words = cell("markdown", f"Since {SECRET}.", "solution")
    words["attachments"] = {"a.png": {"text/plain": SECRET}}
    exercise = cell("code", "x = None", "exercise", kept=SECRET)
    cells = [
        cell("markdown", "# 7 · A chapter\n\n**Why?** Because."),
        cell("code", "y = 1", outputs=shown("before")),
        cell("code", "z = 2", "reveal", outputs=shown(f"reveal {SECRET}")),
        cell("markdown", "## Exercises\n\n**1 · recall · medium.** What is x?"),
        exercise,
        solution,
        words,
        cell("code", 'check("7.1")', "exercise_check", outputs=shown(SECRET)),
        cell("code", "print(x)", "reveal", outputs=shown(SECRET)),
    ]
    made = nbformat.v4.new_notebook(cells=cells)
    made.metadata = {"widgets": SECRET, "posebook": {"id": "a"}, "built": {"by": SECRET}}
    return nbformat.from_dict(made)


def test_nothing_of_a_solution_is_left(book):
    released = editions.student(book)
    nbformat.validate(released)
    assert [
        c.metadata.nbgrader.get("points") for c in released.cells if "nbgrader" in c.metadata
    ] == [None, 2]
    assert SECRET not in json.dumps(released)
    assert [c.source for c in released.cells if "solution" in editions.tags_of(c)] == []
    assert f"x = None\n{editions.BLANK}" in [c.source for c in released.cells]
    assert [len(c.outputs) for c in released.cells if c.cell_type == "code"] == [2, 0, 0, 0, 0]
    page = slides.page(chapters.find("07"), book, teaching.Teaching({}, "", "", ("", "")))
    assert (
        SECRET not in page.replace(f"reveal {SECRET}", "")
        and "Exercise 7.1 · recall · medium" in page
    )
    whole = json.dumps(editions.teacher(book, teaching.of("temporal_convolutions")))
    assert SECRET in whole and "For the teacher" in whole and "widgets" not in whole


def test_each_chapters_edition_has_its_blanks_and_none_of_its_solutions(chapter):
    text = editions.book(chapter)
    found = list(editions.exercises(text.cells))
    assert found, "a chapter has exercises"
    released = editions.student(text)
    whole = json.dumps(released)
    for one in found:
        source = text.cells[one.solution].source
        assert json.dumps(source)[1:-1] not in whole, f"the solution of {one.name}"
        lines = [line.strip() for line in source.splitlines()]
        start = text.cells[one.blank].source
        own = [line for line in lines if len(line) > 25 and line not in start]
        there = [line for line in own if json.dumps(line)[1:-1] in whole]
        assert not own or len(there) < len(own), f"all lines of {one.name} stand elsewhere, too"
    assert whole.count(json.dumps(editions.BLANK)[1:-1]) == len(found)
    ids = [c.metadata.nbgrader.grade_id for c in released.cells if "nbgrader" in c.metadata]
    assert len(ids) == len(set(ids)) == 2 * len(found)
    for one in text.cells:  # slides draw formulas without a script
        for formula in slides.FORMULA.finditer(one.source if one.cell_type == "markdown" else ""):
            assert formula[1] or mathml.of(formula[2] or formula[3])


def test_nbgraders_source_becomes_the_student_edition(book):
    """As nbgrader does it: what stands between its marks goes, and a stub takes its place."""
    made = editions.for_nbgrader(book)
    assert SECRET in json.dumps(made)
    for one in made.cells:
        one.source = re.sub(
            "### BEGIN SOLUTION.*### END SOLUTION", editions.BLANK, one.source, flags=re.DOTALL
        )
        one.source = re.sub(
            "\n### BEGIN HIDDEN TESTS.*### END HIDDEN TESTS", "", one.source, flags=re.DOTALL
        )
    assert [c.source for c in made.cells] == [c.source for c in editions.student(book).cells]


# ---------------------------------------------------------------- what a teacher wants beside


def test_each_chapter_has_what_a_teacher_wants(chapter):
    words = teaching.of(chapter.id)
    checked = editions.checks_in(chapter.source.read_text(encoding="utf-8"))
    numbers = {int(name.partition(".")[2]) for name in checked}
    assert words.hints.keys() >= numbers, "each exercise has hints"
    for number, hints in words.hints.items():
        assert len(hints) >= 2 and all(len(hint) > 20 for hint in hints), number
    assert words.wrong.count("\n* ") >= 3 and len(words.questions) == 2
    assert words.discussion.count("*A good answer*") == 2
    title, project = words.project
    points = [int(n) for n in re.findall(r"^\| ([0-9]+) \|", project, re.MULTILINE)]
    assert title and sum(points) == 10, points


def test_texts_are_of_chapters():
    ids = {chapter.id for chapter in chapters.all_chapters()}
    assert {path.stem for path in teaching.FOLDER.glob("*.md")} == ids


def test_a_text_with_another_heading_is_refused(tmp_path):
    (tmp_path / "a.md").write_text("# Hints\n\n# What students do\n\nx\n")
    with pytest.raises(InputError, match="its headings are Hints, What students do"):
        teaching.of("a", tmp_path)


def test_hints_come_one_by_one(capsys):
    for count in (1, 2, 2):
        course.hint("07.1")
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == count and lines[0].startswith("Hint 1 of 2: Draw")
    course.hint("7.77")
    assert capsys.readouterr().out == "chapter 07 has no exercise 77 that can be checked\n"


def test_assert_right():
    asked = {"assert_right": inspect.unwrap(course.assert_right)}  # the tests wrap all functions
    exec("frames_seen = 15\nassert_right('7.1')", asked)
    with pytest.raises(AssertionError, match="not attempted yet"):
        exec("frames_seen = None\nassert_right('7.1')", asked)


# ---------------------------------------------------------------- syllabus


def unit(chapter, work=10.0):
    made = syllabus.Unit(chapter, nbformat.v4.new_notebook(), teaching.of(chapter.id))
    made.__dict__.update(reading_minutes=5 * round(work / 5), exercises=[])
    return made


def test_chapters_of_a_level_come_with_what_they_build_on():
    for level in syllabus.LEVELS:
        ids = [chapter.id for chapter in syllabus.picked(level, None)]
        for chapter in map(chapters.find, ids):
            places = [ids.index(name) for name in chapter.prerequisites]
            assert all(place < ids.index(chapter.id) for place in places)
    assert len(syllabus.picked("beginner", None)) < len(syllabus.picked(None, None))
    found = syllabus.picked(None, "6, 1-3,repnet,2,01 - 2")
    assert [c.number for c in found] == ["01", "02", "03", "06", "13"]
    assert syllabus.option_of(found) == "1-3,6,13"


@pytest.mark.parametrize(
    ("level", "names", "message"),
    [
        ("expert", None, "--level expert: expected beginner or researcher"),
        ("beginner", "1", "give one of them"),
        (None, "99", "no chapter '99'; there are chapters 1 to "),
        (None, "70-80", "no chapter '70-80'; there are chapters 1 to "),
        (None, "1-99", "no chapter '1-99'; there are chapters 1 to "),
        (None, "0-3", "no chapter '0-3'; there are chapters 1 to "),
        (None, "3-1", "no chapter '3-1'"),
        (None, "1,,2", "no chapter ''"),
        (None, "six", "no chapter 'six'"),
    ],
)
def test_what_cannot_be_picked(level, names, message):
    with pytest.raises(InputError, match=re.escape(message)):
        syllabus.picked(level, names)


def test_weeks_are_even_and_in_order():
    every = chapters.all_chapters()[:5]
    units = [unit(c, work) for c, work in zip(every, (10, 10, 10, 10, 40), strict=True)]
    weeks = syllabus.in_weeks(units, 2)
    assert [len(week) for week in weeks] == [4, 1]
    assert [u for week in syllabus.in_weeks(units, 5) for u in week] == units
    for count in (0, 6, -1):
        with pytest.raises(InputError, match="expected 1 to 5"):
            syllabus.in_weeks(units, count)
    with pytest.raises(InputError, match="--weeks 2: expected 1, since"):
        syllabus.in_weeks(units[:1], 2)
    assert "\n1 chapter, 1 week. " in syllabus.text([units[:1]])


def test_the_syllabus_says_minutes_prerequisites_and_projects():
    units = [unit(chapters.find(number)) for number in ("06", "07")]
    text = syllabus.text(syllabus.in_weeks(units, 2))
    laptop = chapters.find("06").minutes["laptop"]
    assert f"{laptop:g} min, 0.3 min" in text
    assert "Assumed, and not in this course: 1 · From a photograph to a person in space, " in text
    assert "**Project: One ingredient, honestly**" in text and "| points | for |" in text


# ---------------------------------------------------------------- the whole


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("course") / "course"
    return out, making.make(out, weeks=2, picked="2,16")


def test_a_course_is_made(made):
    out, told = made
    names = sorted(p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file())
    notebooks = ["week1/02_skeletons_and_axes.ipynb", "week2/16_elepose.ipynb"]
    expected = [
        "README.md",
        "student/README.md",
        "nbgrader/nbgrader_config.py",
        "syllabus.md",
        "slides/plotly.min.js",
    ]
    expected += [f"slides/{n[6:-6]}.html" for n in notebooks]
    expected += [f"{e}/{n}" for e in ("student", "teacher", "nbgrader/source") for n in notebooks]
    assert names == sorted(expected)
    assert told.splitlines()[1].startswith("week 1: 2 Joints, sides and axes (")
    missing = syllabus.assumed([unit(chapters.find(number)) for number in ("02", "16")])
    needed = {name for one in missing for name in one.prerequisites}
    assert needed <= {one.id for one in missing} | {"skeletons_and_axes"}
    assert f"not in this course: {int(missing[0].number)} {missing[0].title}, " in told
    whole = re.search(r"with them: --chapters ([0-9,-]+)$", told)[1]
    assert len(syllabus.picked(None, whole)) == len(missing) + 2
    assert [path.name for path in out.parent.iterdir()] == ["course"]
    told = (out / "student" / "README.md").read_text()
    marked = editions.BLANK.partition(":")[0]
    for words in (marked, "POSEBOOK_PROFILE=ci", "hint(", UNTOUCHED[:-1].capitalize()):
        assert words in told, words
    compile((out / "nbgrader" / "nbgrader_config.py").read_text(), "config", "exec")


def test_slides_need_no_network_and_tell_no_solution(made):
    out, _ = made
    for chapter in map(chapters.find, ("02", "16")):
        page = (out / "slides" / f"{chapter.source.stem}.html").read_text()
        loaded = re.findall(r"""(?:src|srcset)=["']([^"']+)|url\(|@import""", page)
        assert set(loaded) == {"plotly.min.js"}, loaded
        assert page.count("<section") > 15 and "<aside>" in page and "<math" in page
        assert page.count('class="plot"') == page.count('role="img" aria-label="[Figure: ') > 3
        cells = chapters.load(chapter.source).cells
        for one in editions.exercises(cells):
            assert cells[one.solution].source not in page and f"Exercise {one.name}" in page


def test_a_folder_that_holds_something_is_left_alone(made, tmp_path):
    for path, why in ((made[0], "is not empty"), (made[0] / "README.md", "is a file")):
        before = (made[0] / "README.md").read_text()
        with pytest.raises(InputError, match=f"{why}; choose a new folder"):
            making.make(path, weeks=1, picked="2")
        assert (made[0] / "README.md").read_text() == before
    with pytest.raises(InputError, match="--weeks 6: expected 1, since"):
        making.make(tmp_path / "new", weeks=6, picked="2")
    assert not (tmp_path / "new").exists()


def test_a_course_that_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(slides, "page", full)
    with pytest.raises(OSError, match="No space left") as error:
        making.make(tmp_path / "new", weeks=1, picked="2")
    assert error.value.filename == str(tmp_path / "new") and list(tmp_path.iterdir()) == []
