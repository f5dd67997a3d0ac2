"""Programs of the machine's owner, run before and after the capture: none of them can hold it up for ever."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_TIMED_OUT = 124  # as timeout(1) has it
_NOT_RUN = 127


def run_hook(argv: list[str], deadline_s: float, tick: Callable[[], None], environment: dict[str, str]) -> int:
    """Exit code of the program; 124 where it was killed at the deadline, 127 where it cannot be run."""
    try:
        program = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, env={**os.environ, **environment}, start_new_session=True
        )
    except OSError:
        return _NOT_RUN
    ends = time.monotonic() + deadline_s
    try:
        while time.monotonic() < ends:
            with suppress(subprocess.TimeoutExpired):
                code = program.wait(min(1.0, max(0.01, ends - time.monotonic())))
                return code if code >= 0 else 128 - code
            tick()
        return _TIMED_OUT
    finally:
        with suppress(OSError):
            os.killpg(program.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            program.wait(1)


def programs_in(folder: Path) -> list[str]:
    """Programs in the folder, sorted by name."""
    try:
        found = sorted(folder.iterdir())
    except OSError:
        return []
    return [str(path) for path in found if path.is_file() and os.access(path, os.X_OK)]
