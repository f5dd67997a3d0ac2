"""The ring of characters of kernels before 3.5, read from VMCOREINFO alone."""

from __future__ import annotations

import re

from kdive.compat.printk import BufferLayout
from kdive.errors import DumpDamagedError
from kdive.facts.log import Log, LogRecord
from kdive.log.fields import text_of
from kdive.log.partial import Partial
from kdive.memory.memory import Memory
from kdive.units import Nanoseconds

_BUFFER_LIMIT = 64 << 20  # bytes
_RECORDS_LIMIT = 1 << 18
_LINE = re.compile(r"(?:<(?P<priority>\d{1,4})>)?(?:\[ *(?P<s>\d{1,9})\.(?P<us>\d{6})\] ?)?(?P<text>.*)", re.DOTALL)


def read_buffer(memory: Memory, layout: BufferLayout) -> Log:
    """The log, oldest line first; lines carry "<6>" and, where the kernel was told so, the time.

    Raises ReadError where the variables of the buffer cannot be read.
    """
    address = memory.read_word(layout.log_buf)
    size = memory.read_u32(layout.log_buf_len)
    end = memory.read_u32(layout.log_end)
    if not 0 < size <= _BUFFER_LIMIT or size & (size - 1):
        raise DumpDamagedError(f"the log claims a buffer of {size} bytes: its variables are damaged")
    # log_end counts all characters ever printed, and may have wrapped; logged_chars stops at the buffer's size.
    logged = 0 if layout.logged_chars is None else memory.read_u32(layout.logged_chars)
    used = min(max(end, logged), size)
    if used < size:
        piece = Partial(memory, address + (end - used) % size, used)
        text = piece.data
    else:
        piece = Partial(memory, address, size)
        text = piece.data[end % size :] + piece.data[: end % size]
    lines = text_of(text.translate(None, b"\0")).split("\n")  # what could not be read are NULs
    lost = 0
    if used == size:
        lost = 1  # the start of the first line is overwritten
        del lines[0]
    lines = [line for line in lines if line]
    lost += max(0, len(lines) - _RECORDS_LIMIT)
    records = tuple(map(_record, lines[-_RECORDS_LIMIT:]))
    notes = (f"{piece.missing_bytes} bytes of the log could not be read",) if piece.hole_count else ()
    return Log(records, "buffer", lost_records=lost + piece.hole_count, notes=notes)


def _record(line: str) -> LogRecord:
    match = _LINE.match(line)
    assert match is not None  # every part of the pattern may be empty
    priority = None if match["priority"] is None else int(match["priority"])
    seconds, microseconds = match["s"], match["us"]
    return LogRecord(
        match["text"],
        None if seconds is None else Nanoseconds(int(seconds) * 10**9 + int(microseconds) * 1000),
        None if priority is None else priority & 7,
        None if priority is None else priority >> 3,
    )
