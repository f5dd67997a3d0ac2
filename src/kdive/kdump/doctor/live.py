"""What only the running machine can be asked."""

from __future__ import annotations

import os
from pathlib import Path

from kdive.facts.missing import Missing

_RECORDS = 50_000
_RECORD_BYTES = 8192


def kernel_log(path: Path = Path("/dev/kmsg")) -> str | Missing:
    """Lines of the kernel's log; Missing where only root may read it."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return Missing(f"{path}: {error.strerror}")
    lines = []
    try:
        for _ in range(_RECORDS):
            try:
                record = os.read(fd, _RECORD_BYTES)
            except BrokenPipeError:  # records were overwritten before they were read: go on with the next
                continue
            except OSError:
                break
            if not record:
                break
            lines.append(record.partition(b";")[2].split(b"\n", 1)[0].decode("utf-8", "replace"))
    finally:
        os.close(fd)
    return "\n".join(lines)
