"""The errors that the command line knows how to tell."""

#: An error line is no longer: a name of thousands of characters is cut in its middle.
LONGEST_LINE = 600


def one_line(text: str) -> str:
    """A message as one line, cut in the middle where it is very long.

    Names come from files and command lines, and may hold anything, line breaks too.
    """
    text = " ".join(str(text).splitlines())
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
