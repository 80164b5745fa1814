"""Exercises: `check("6.1")` says whether an answer is right, and `hint("6.1")` helps on.

`answers` has what makes an answer right, `teaching` what a teacher wants to know: one file for each
chapter, named as the chapter is. `making` makes a course of chapters, and `grading` checks what a
class hands in.
"""

from posebook.course.checking import NotAttempted, Wrong, assert_right, check, guessed, hint, judged

__all__ = ["NotAttempted", "Wrong", "assert_right", "check", "guessed", "hint", "judged"]
