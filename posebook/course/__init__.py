"""Exercises: `check("6.1")` in the cell below one says whether the answer is right.

`posebook.course.answers` has one module for each chapter, named as the chapter is.
"""

from posebook.course.checking import NotAttempted, Wrong, check, guessed, judged

__all__ = ["NotAttempted", "Wrong", "check", "guessed", "judged"]
