"""The errors that the command line knows how to tell."""


class InputError(ValueError):
    """Something the user gave is not what it should be.

    Its message is one line: what is wrong, in which file or field, and what was expected.
    The command line prints it without a traceback and leaves with exit status 2.
    """


class CellFailed(RuntimeError):
    """A cell of a chapter raised, or ran out of time.

    error_name   the class that the cell raised, such as 'InputError'
    error        its message
    """

    def __init__(self, message: str, error_name: str, error: str):
        super().__init__(message)
        self.error_name = error_name
        self.error = error
