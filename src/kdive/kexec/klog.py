"""What the kernel logs while it is asked for something."""

from __future__ import annotations

import os
import re
from pathlib import Path
from types import TracebackType
from typing import Self

_RECORDS = 2000  # at most so many are read
_RECORD_BYTES = 8192
_OURS = re.compile(r"kexec|lockdown|PEFILE|kernel image|signature|IMA|ima:|integrity|X\.509|crash", re.IGNORECASE)


class KernelLog:
    """Lines about kernels, signatures and lockdown that are logged inside of the context."""

    def __init__(self, path: Path = Path("/dev/kmsg")) -> None:
        self._path = path
        self._fd = -1

    def __enter__(self) -> Self:
        try:
            self._fd = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            os.lseek(self._fd, 0, os.SEEK_END)
        except OSError:  # who may not read the log gets the same answer, with less evidence
            self._close()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._close()

    def lines(self) -> tuple[str, ...]:
        """What has been logged since."""
        found: list[str] = []
        for _ in range(_RECORDS if self._fd >= 0 else 0):
            try:
                record = os.read(self._fd, _RECORD_BYTES)
            except BrokenPipeError:  # records were overwritten before they were read: go on with the next
                continue
            except OSError:
                break
            if not record:
                break
            text = record.partition(b";")[2].split(b"\n", 1)[0].decode("utf-8", "replace")
            if _OURS.search(text):
                found.append(text)
        return tuple(found)

    def _close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
