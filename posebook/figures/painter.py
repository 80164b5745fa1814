"""Chromium as a painter of stills: opened once, asked for one picture after the other, never waited
for without end. A machine without Chromium, or with one that hangs, gets an error in words.
"""

import asyncio
import atexit
import json
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

#: Seconds that starting Chromium, or one picture, may take.
LONGEST_S = 60.0


class Painter:
    """One Chromium behind an event loop of its own, for code that has no loop or another one.

    Raises whatever keeps it from starting: no Chromium on this machine, or TimeoutError.
    """

    def __init__(self):
        import kaleido

        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        page = kaleido.PageGenerator(mathjax=False)  # with MathJax it would ask the network
        self._browser = kaleido.Kaleido(page_generator=page, timeout=LONGEST_S)
        atexit.register(self.close)
        self._wait(self._browser.open())

    def paint(self, figure: Any, **options: Any) -> bytes:
        """The picture of a plotly figure. options: format ('png'), width, height."""
        return self._wait(self._browser.calc_fig(json.loads(figure.to_json()), opts=options))

    def close(self) -> None:
        """Close Chromium; a second time does nothing."""
        atexit.unregister(self.close)
        if self._loop.is_running():
            with suppress(Exception):
                self._wait(self._browser.close())
            self._loop.call_soon_threadsafe(self._loop.stop)

    def _wait(self, work: Coroutine) -> Any:
        doing = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return doing.result(LONGEST_S)
        except TimeoutError:
            doing.cancel()
            raise TimeoutError(f"Chromium did not answer within {LONGEST_S:g} s") from None
