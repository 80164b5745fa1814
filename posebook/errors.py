"""The one exception that means "the user can mend this"."""


class InputError(ValueError):
    """Something the user gave is not what it should be.

    Its message is one line: what is wrong, in which file or field, and what was expected.
    The command line prints it without a traceback and leaves with exit status 2.
    """
