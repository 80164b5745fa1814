"""What a sweep tells while it runs: a table that renews itself in a terminal, else a line for each
thing that happens."""

import shutil
import sys
import textwrap
import time
from collections.abc import Collection, Mapping, Sequence
from typing import TextIO

from posebook.errors import printable

_RENEW_SECONDS = 1.0
#: Failed cells in the table; all of them are listed at the end.
_FAILED_ROWS = 5


class Progress:
    """minutes   label -> what the cell's chapter promises in its header
    finished  how many of the sweep's cells were done before this command
    side      how many cells can run side by side; may change
    """

    def __init__(
        self,
        minutes: Mapping[str, float],
        *,
        finished: int = 0,
        side: int = 1,
        stream: TextIO | None = None,
    ):
        self.stream = stream or sys.stdout
        self.live = self.stream.isatty()
        self.minutes = dict(minutes)
        self.side = side
        self.total = len(minutes) + finished
        self.done = finished
        self.running: dict[str, tuple[float, str]] = {}  # label -> when it started, on which worker
        self.failed: dict[str, str] = {}
        self._begun: set[str] = set()
        self._over: set[str] = set()
        self._taken: list[tuple[str, float]] = []
        self._began = time.monotonic()
        self._drawn_at = 0.0
        self._lines = 0

    def started(self, label: str, worker: str) -> None:
        if label in self._over:  # events come on a way of their own
            return
        again = label in self._begun
        self._begun.add(label)
        self.running[label] = (time.monotonic(), worker)
        self._log(f"{'started again' if again else 'started'}  {label}  on {worker}")

    def workers_are(self, there: Collection[str]) -> None:
        """What ran on another worker than these waits for one of them."""
        for label, (_, worker) in list(self.running.items()):
            if worker not in there:
                del self.running[label]
                self._log(f"waits    {label}: its worker has gone")

    def ended(self, label: str, seconds: float, reason: str) -> None:
        self._over.add(label)
        self.running.pop(label, None)
        if reason:
            self.failed[label] = reason
            self._log(f"FAILED   {label}: {reason}")
        else:
            self.done += 1
            self._taken.append((label, seconds))
            self._log(f"finished {label} in {duration(seconds)}; {self.counts()}")

    def counts(self) -> str:
        waiting = self.total - self.done - len(self.failed) - len(self.running)
        words = [f"done {self.done} of {self.total}", f"running {len(self.running)}"]
        words += [f"failed {len(self.failed)}", f"waiting {waiting}"]
        if self.done + len(self.failed) < self.total:
            words.append(f"about {duration(self.seconds_left())} left")
        return ", ".join(words)

    def seconds_left(self) -> float:
        """From the header's minutes, times what cells took against theirs so far."""
        promised = sum(60 * self.minutes[label] for label, _ in self._taken)
        pace = sum(seconds for _, seconds in self._taken) / promised if promised else 1.0
        now, left = time.monotonic(), 0.0
        ended = self.failed.keys() | {label for label, _ in self._taken}
        for label, minutes in self.minutes.items():
            if label not in ended:
                spent = now - self.running[label][0] if label in self.running else 0.0
                left += max(0.0, 60 * minutes * pace - spent)
        return left / max(1, min(self.side, self.total - self.done - len(self.failed)))

    def renew(self, *, last: bool = False) -> None:
        """Draw the table again, once a second."""
        now = time.monotonic()
        if not self.live or (now - self._drawn_at < _RENEW_SECONDS and not last):
            return
        self._drawn_at = now
        wide, high = shutil.get_terminal_size()
        rows = textwrap.wrap(self.counts(), max(20, wide - 1))
        rows += [
            f"  running  {duration(now - at):>7}  {n}" for n, (at, _) in list(self.running.items())
        ]
        rows += [f"  failed   {n}: {why}" for n, why in [*self.failed.items()][-_FAILED_ROWS:]]
        if len(rows) > high - 2:
            rows = [*rows[: high - 3], "  ..."]
        up = f"\x1b[{self._lines}A" if self._lines else ""
        text = "\n".join(printable(row)[: wide - 1] for row in rows)
        self.stream.write(f"{up}\x1b[J{text}\n")
        self.stream.flush()
        self._lines = len(rows)

    def _log(self, text: str) -> None:
        if not self.live:
            seconds = time.monotonic() - self._began
            self.stream.write(f"[{seconds:6.0f} s] {printable(text)}\n")
            self.stream.flush()


def duration(seconds: float) -> str:
    """Such as 42 s, 7 min or 3.5 h."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def expected_minutes(minutes: Sequence[float], side: int) -> float:
    """Of cells that run so many side by side."""
    return max(sum(minutes) / max(1, side), max(minutes, default=0.0))
