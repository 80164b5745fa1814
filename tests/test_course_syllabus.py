"""What a syllabus says of a week."""

import re

from posebook import chapters
from posebook.course import editions, syllabus, teaching


def test_a_week_says_its_goals_its_hours_and_what_is_handed_in():
    week = [
        syllabus.Unit(one, editions.book(one), teaching.of(one.id))
        for one in map(chapters.find, ("06", "07"))
    ]
    text = syllabus.text([week])
    hours, read, run, count = re.search(
        r"\*\*About ([0-9.]+) hours\*\*, without the project: reading ([0-9]+) min, running "
        r"([0-9.]+) min at `laptop`, ([0-9]+) exercises at about 15 min\.",
        text,
    ).groups()
    assert abs(60 * float(hours) - (int(read) + float(run) + 15 * int(count))) <= 15
    assert int(count) == sum(len(one.exercises) for one in week) >= 8
    assert (
        "**After the week you can**, among other things: prepare 2D and 3D poses for a network, "
        "and say why depth is asked for relative to the hip (6); explain how dilated" in text
    )
    assert (
        "**Handed in:** `06_simple_baseline.ipynb`, `07_temporal_convolutions.ipynb` from "
        "`student/week1/`, with the exercises answered, and the project." in text
    )


def test_each_chapter_has_a_goal_of_one_line(chapter):
    goal = syllabus.Unit(chapter, chapters.load(chapter.source), teaching.of(chapter.id)).goal
    assert 30 < len(goal) < 120 and "\n" not in goal and goal[-1] not in ".;"
