"""The errors that the command line knows how to tell."""

import re

#: An error line is no longer: a name of thousands of characters is cut in its middle.
LONGEST_LINE = 600


#: What a terminal obeys or a reader does not see: control characters, marks that turn the direction
#: of writing, halves of surrogate pairs (which no file takes).
_OBEYED = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+"
)


def printable(text: object) -> str:
    """Text out of a file as one line that a terminal only shows.

    Line breaks and tabs become a space, and what a terminal would obey is written as its escape.
    """
    return _OBEYED.sub(_shown, str(text))


def _shown(found: re.Match) -> str:
    run = found.group()
    return " " if run.isspace() else run.encode("unicode_escape").decode("ascii")


def one_line(text: str) -> str:
    """A message as one line, cut in the middle where it is very long.

    Names come from files and command lines, and may hold anything, line breaks too.
    """
    text = printable(text)
    if len(text) > LONGEST_LINE:
        text = f"{text[: LONGEST_LINE // 3]} [...] {text[-LONGEST_LINE // 2 :]}"
    return text


class InputError(ValueError):
    """Something the user gave is not what it should be.

    Its message is one line: what is wrong, in which file or field, and what was expected.
    The command line prints it without a traceback and leaves with exit status 2.
    """

    def __init__(self, message: str = ""):
        super().__init__(one_line(message))


class CellFailed(RuntimeError):
    """A cell of a chapter raised, or ran out of time.

    error_name   the class that the cell raised, such as 'InputError'
    error        its message
    """

    def __init__(self, message: str, error_name: str, error: str):
        super().__init__(message)
        self.error_name = error_name
        self.error = error
