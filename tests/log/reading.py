"""Reading a log out of a built dump."""

from __future__ import annotations

import time
from pathlib import Path

from kdive.dumpfile.open import open_dump
from kdive.errors import KdiveError
from kdive.facts.log import Log
from kdive.log.from_memory import read_log
from kdive.memory.open import open_memory


def log_of(folder: Path, dump: bytes) -> Log:
    path = folder / "vmcore"
    path.write_bytes(dump)
    with open_dump(path) as opened:
        return read_log(open_memory(opened))


def log_or_error(folder: Path, dump: bytes, limit_s: float = 1.0) -> Log | KdiveError:
    """The log or the error of reading it, in no more than `limit_s` seconds."""
    path = folder / "vmcore"
    path.write_bytes(dump)
    with open_dump(path) as opened:
        memory = open_memory(opened)
        start = time.process_time()
        try:
            return read_log(memory)
        except KdiveError as error:
            return error
        finally:
            assert time.process_time() - start < limit_s
