"""Has nbval compare what papermill has executed, in this process: nothing is executed twice.

nbval asks a kernel to execute each cell of a stored notebook. This one looks the cell up in an
executed notebook and says what it said there.
"""

import io
from collections import deque
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path

import nbformat
import pytest

OPTIONS = [
    "--nbval-lax", "--nbval-current-env", "-q", "-o", "addopts=", "-p", "no:cacheprovider",
]  # fmt: skip
# Plugins that would change what the tests around it do, or take time.
WITHOUT = ("faulthandler", "xdist", "jaxtyping", "hypothesispytest", "anyio", "typeguard")


class Replay:
    """Stands for nbval's `RunningKernel`."""

    language = "python"

    def __init__(self, executed: Path, *_, **__):
        cells = nbformat.read(executed, 4).cells
        self.cells = deque(cell for cell in cells if cell.cell_type == "code")
        self.messages = deque()

    def execute_cell_input(self, source: str, allow_stdin=None) -> str:
        """Go on to the cell; what stands between, as injected parameters do, is passed over."""
        while self.cells and self.cells[0].source != source:
            self.cells.popleft()
        if not self.cells:
            raise AssertionError(f"not executed by papermill, or in another order:\n{source}")
        for output in self.cells.popleft().outputs:
            self.messages.append((output.output_type, output))
        self.messages.append(("status", {"execution_state": "idle"}))
        return "replayed"

    def get_message(self, stream, timeout=None) -> dict:
        kind, content = self.messages.popleft()
        return dict(msg_type=kind, content=content, parent_header=dict(msg_id="replayed"))

    def await_reply(self, msg_id, timeout=None) -> None:
        """The answer is there already."""

    def await_idle(self, parent_id, timeout) -> None:
        self.messages.clear()

    def is_alive(self) -> bool:
        return True

    def stop(self) -> None:
        """There is nothing to stop."""


def compare(stored: Path, executed: Path) -> tuple[int, str]:
    """Validate a stored notebook by what was executed before: pytest's status, and its words."""
    import nbval.plugin  # takes a second, and few tests need it

    words = [*OPTIONS, *(word for name in WITHOUT for word in ("-p", f"no:{name}")), "-s"]
    text = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(text):
        patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        patch.delenv("PYTEST_ADDOPTS", raising=False)
        patch.setattr(nbval.plugin, "RunningKernel", partial(Replay, executed))
        status = pytest.main([*words, "-p", "nbval.plugin", str(stored)])
    return int(status), text.getvalue()
