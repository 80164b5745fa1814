"""The teacher's side of `supervisor`: starts it, asks it, and ends it."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from posebook import paths

SCRIPT = Path(__file__).with_name("supervisor.py")
#: What a notebook's process keeps of the environment: no tokens and no passwords.
_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "PYTHONPATH")


class Supervisor:
    """A process of `supervisor`, for one chapter.

    before  sources of the book's cells that it runs once, for all notebooks that begin with them
    shares  whether they ran
    """

    _open: ClassVar[set["Supervisor"]] = set()

    def __init__(self, chapter: str, profile: str, before: Sequence[str]):
        self._made_by = chapter, profile, before
        self._folder = Path(tempfile.mkdtemp(prefix="posebook-check-"))
        runs = self._folder / "runs"
        runs.mkdir()
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        own = {
            "PYTHONPATH": os.pathsep.join(
                [str(paths.CHECKOUT), *filter(None, [kept.pop("PYTHONPATH", "")])]
            ),
            "HOME": str(self._folder), "POSEBOOK_RUNS": str(runs), "POSEBOOK_PROFILE": profile,
            "POSEBOOK_CACHE": str(paths.cache()), "POSEBOOK_STILLS": "0",
            "TMPDIR": str(self._folder), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
            "PYTHONSAFEPATH": "1", "POSEBOOK_PROGRESS_SECONDS": "1000",
        }  # fmt: skip
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, env={**kept, **own}, start_new_session=True,
            cwd=self._folder,
        )  # fmt: skip
        self._open.add(self)
        answer = self.ask(dict(chapter=chapter, before=list(before)))
        self.shares = bool(before) and not answer.get("failed") and "ended" not in answer

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to a request; `ended` and nothing told where the process has gone."""
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())
        except (OSError, ValueError):
            self._process.kill()
            self._process.wait()
            return {"told": [], "ended": "the process that watches over it has gone"}

    def alive(self) -> "Supervisor":
        """This one, or a new one where this has gone."""
        if self._process.poll() is None:
            return self
        self.close()
        return Supervisor(*self._made_by)

    @classmethod
    def close_all(cls) -> None:
        for one in list(cls._open):
            one.close()

    def close(self) -> None:
        """End it and what it has started. Ctrl-C calls this beside the thread that asks it."""
        self._open.discard(self)
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError, ValueError):
                stream.close()
        shutil.rmtree(self._folder, ignore_errors=True)
