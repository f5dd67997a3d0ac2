"""What is being done, on a terminal's standard error, once it takes longer than two seconds."""

from __future__ import annotations

import os
import signal
import sys
import time
from types import FrameType, TracebackType
from typing import Any, Self

_QUIET_S = 2.0
_INTERVAL_S = 0.2
_TURNS = "|/-\\"
_CLEAR_LINE = "\r\x1b[K"


class Progress:
    """Call it with the stage that begins. The line clears itself at the end.

    A timer signal drives it: a thread would be in the way of the fork that the reader of kernel memory runs in.
    """

    def __init__(self, shown: bool) -> None:
        self._shown = shown
        self._stage = ""
        self._started = time.monotonic()
        self._turn = 0
        self._before: Any = None

    def __enter__(self) -> Self:
        if self._shown:
            self._before = signal.signal(signal.SIGALRM, self._draw)
            signal.setitimer(signal.ITIMER_REAL, _QUIET_S, _INTERVAL_S)
        return self

    def __call__(self, stage: str) -> None:
        self._stage = stage

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._shown:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self._before)
            if self._turn:
                _write(_CLEAR_LINE)

    def _draw(self, number: int, frame: FrameType | None) -> None:
        seconds = time.monotonic() - self._started
        turn = _TURNS[self._turn % len(_TURNS)]
        self._turn += 1
        _write(f"{_CLEAR_LINE}{turn} {self._stage or 'working'} ({seconds:.0f} s)")


def _write(text: str) -> None:
    # Straight to the file: the handler may have interrupted a buffered write.
    os.write(sys.stderr.fileno(), text.encode("ascii", "replace"))
