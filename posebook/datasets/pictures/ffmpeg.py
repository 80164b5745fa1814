"""One run of ffmpeg that reads a file: bounded in time and memory, and ended with its block."""

import subprocess
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from posebook.errors import InputError

#: Longer than this no film needs for its next picture, s.
LONGEST_WAIT_S = 60.0
#: ffmpeg itself may take no more, bytes; where the system can bound another process. A film of 8K
#: takes 1,340 MB on one thread, and more on two.
_MOST_BYTES = 1600 << 20
ONE_THREAD = ("-threads", "1")
#: Of all that it says, the first lines and the last ones are kept.
_LINES = 40


class Ffmpeg:
    """ffmpeg at work: `line` and `read` give what it writes, and nothing once it has ended.

    path     the file that it reads, for errors
    reading  options before its output, with `-i`; writing: those of the output, which is '-'
    InputError where ffmpeg is missing, and where it is silent for `LONGEST_WAIT_S`.
    """

    def __init__(self, path: Path, reading: Sequence[str], writing: Sequence[str]):
        self.path, self._late = path, False
        command = [program(), "-hide_banner", "-nostdin", "-nostats", "-loglevel", "info",
                   "-filter_threads", "1", *ONE_THREAD]  # fmt: skip
        self._process = subprocess.Popen(
            [*command, *reading, "-an", "-sn", "-dn", *writing],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        _bound(self._process.pid)
        self._first: list[str] = []
        self._last: deque[str] = deque(maxlen=_LINES)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def __enter__(self) -> "Ffmpeg":
        return self

    def __exit__(self, *_: Any) -> None:
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        self._listener.join()
        self._process.stderr.close()

    def line(self) -> bytes:
        """The next line, with its end; b'' at the end."""
        return self._in_time(lambda: self._process.stdout.readline(4096))

    def read(self, count: int) -> bytearray:
        """The next bytes; fewer at the end."""
        held = bytearray(count)
        length = self._in_time(lambda: self._process.stdout.readinto(held))
        return held[:length] if length < count else held

    def said(self) -> list[str]:
        """What ffmpeg has written of itself, once it has ended."""
        self._in_time(self._process.wait)
        self._listener.join()
        return [*self._first, *self._last]

    def _listen(self) -> None:
        """Take what ffmpeg says, since it would wait for ever for somebody to do so."""
        while line := self._process.stderr.readline(1000):
            text = line.decode(errors="replace").rstrip()
            if len(self._first) < _LINES:
                self._first.append(text)
            else:
                self._last.append(text)

    def _in_time(self, wait: Any) -> Any:
        timer = threading.Timer(LONGEST_WAIT_S, self._give_up)
        timer.daemon = True
        timer.start()
        try:
            found = wait()
        finally:
            timer.cancel()
        if self._late:
            raise InputError(
                f"{self.path}: no picture came out of it within {LONGEST_WAIT_S:g} s; is the file "
                "damaged?"
            )
        return found

    def _give_up(self) -> None:
        self._late = True
        self._process.kill()


def program() -> str:
    """Where ffmpeg is: imageio's own, or the one that IMAGEIO_FFMPEG_EXE names."""
    try:
        import imageio_ffmpeg

        return imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError):
        raise InputError(
            "films need ffmpeg, and there is none: pip install 'imageio[ffmpeg]'"
        ) from None


def _bound(process: int) -> None:
    """Bound the memory of another process, where the system can: a damaged file may ask for any."""
    try:
        import resource

        resource.prlimit(process, resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
    except (ImportError, AttributeError, OSError, ValueError):
        pass
