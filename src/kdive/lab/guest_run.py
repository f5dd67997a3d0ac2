"""A machine that runs: its console is followed, its time limited, its end certain."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from kdive import programs
from kdive.errors import KdiveError
from kdive.lab.machine import Machine, qemu_argv
from kdive.lab.qmp import Qmp

_POLL_S = 0.1
_CONSOLE_LIMIT = 64 << 20  # bytes; a guest that says more is not listened to any further

Listener = Callable[[str], None]  # gets what the console prints, as it comes


class LabError(KdiveError):
    """The machine did not do what it was built for."""


class Guest:
    """The running machine; leaving the context ends it."""

    def __init__(self, machine: Machine, folder: Path, listener: Listener | None = None) -> None:
        self._machine, self._folder, self._listener = machine, folder, listener
        self.text = ""  # what the console has printed
        self._read = 0  # bytes of the console's file
        self._passed = 0  # characters of the text up to which marks were found

    def __enter__(self) -> Self:
        self._machine.console_log.write_bytes(b"")
        with (self._folder / "qemu.log").open("wb") as log:
            self._process = programs.start(
                qemu_argv(self._machine), duplex=True, cwd=self._folder, stderr=log, stdout=subprocess.PIPE
            )
        assert self._process.stdin and self._process.stdout
        self.qmp = Qmp(self._process.stdin, self._process.stdout)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                with suppress(OSError):
                    stream.close()
        self._listen()

    def wait_for(self, marks: Sequence[str], timeout_s: float, silent_s: float = 0) -> str:
        """The first of `marks` that the console prints after what was waited for before; "" when the time is over,
        the machine has ended, or (with `silent_s`) the console has been silent for so long."""
        started = heard = time.monotonic()
        while True:
            running = self._process.poll() is None
            if self._listen():
                heard = time.monotonic()
            found = self._first(marks)
            if found or not running:
                return found
            now = time.monotonic()
            if now - started > timeout_s or (silent_s and now - heard > silent_s):
                return ""
            time.sleep(_POLL_S)

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def complaint(self) -> str:
        """What QEMU said on its standard error; "" when nothing."""
        return (self._folder / "qemu.log").read_text(errors="replace").strip()

    def _first(self, marks: Sequence[str]) -> str:
        places = [(place, mark) for mark in marks if (place := self.text.find(mark, self._passed)) >= 0]
        if not places:
            return ""
        place, mark = min(places)
        self._passed = place + len(mark)
        return mark

    def _listen(self) -> bool:
        if self._read > _CONSOLE_LIMIT:
            return False
        with self._machine.console_log.open("rb") as log:
            log.seek(self._read)
            new = log.read()
        self._read += len(new)
        text = new.decode("utf-8", "replace")
        self.text += text
        if text and self._listener:
            self._listener(text)
        return bool(text)
