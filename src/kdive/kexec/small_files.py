"""Small files of /proc and /sys, or of a saved tree of them, in which anything may lie in their place."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

LIMIT = 1 << 20  # bytes read of one file


def read_small(path: Path, limit: int = LIMIT) -> bytes:
    """The first `limit` bytes. Nobody waits for the other end of a pipe. Raises OSError, also for what is no file."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "this is no file", str(path))
        return file.read(limit)
