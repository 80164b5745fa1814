"""A plugin that has nbval compare what papermill has executed, so that nothing is executed twice.

nbval asks a kernel to execute each cell of a stored notebook. This one looks the cell up in an
executed notebook, which EXECUTED names, and says what it said there.
"""

import os
from collections import deque

import nbformat
import nbval.plugin

EXECUTED = "EXECUTED_NOTEBOOK"


class Replay:
    """Stands for nbval's `RunningKernel`."""

    language = "python"

    def __init__(self, *_, **__):
        cells = nbformat.read(os.environ[EXECUTED], 4).cells
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


nbval.plugin.RunningKernel = Replay
