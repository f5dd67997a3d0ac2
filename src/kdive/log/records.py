"""The buffer of records of Linux 3.5 to 5.9, read from VMCOREINFO alone.

Each record is a struct printk_log (struct log until 3.11 and on RHEL 7), its text, its dictionary and padding; a
record of length 0 says that the next one is at the buffer's start.
Source: kernel/printk/printk.c.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain

from kdive.compat.members import Members
from kdive.compat.printk import RecordsLayout
from kdive.errors import DumpDamagedError
from kdive.facts.log import Log, LogRecord
from kdive.formats.record import ByteOrder
from kdive.log.fields import CONT, NEWLINE, PREFIX, caller_of, flags_of, level_of, text_of
from kdive.log.partial import Partial
from kdive.memory.memory import Memory
from kdive.units import Nanoseconds

_BUFFER_LIMIT = 32 << 20  # bytes: the most that can be configured
_RECORDS_LIMIT = 1 << 18  # the newest ones, where there are more
_ALIGNMENT = 4  # of records; 8 where a u64 is aligned so, which is a multiple of it
_TIME_LIMIT = 1 << 60  # ns: 36 years
_SEARCH_LIMIT = 1 << 19  # places tried for a record after damaged ones
_CHAIN = 3  # records in a row that make a place believable


def read_records(memory: Memory, layout: RecordsLayout) -> Log:
    """The log, oldest record first. Raises ReadError where its variables cannot be read."""
    size = memory.read_u32(layout.log_buf_len)
    first, end = memory.read_u32(layout.log_first_idx), memory.read_u32(layout.log_next_idx)
    if not 0 < size <= _BUFFER_LIMIT:
        raise DumpDamagedError(f"the log claims a buffer of {size} bytes: its variables are damaged")
    buffer = _Buffer(layout.record, Partial(memory, memory.read_word(layout.log_buf), size), memory.dump.order)
    if max(first, end) > size:
        buffer.gaps += 1  # the indexes cannot be: whatever looks like a record is taken
        places_found = buffer.places(0, size, wraps=False)
    elif first <= end:
        places_found = buffer.places(first, end, wraps=False)
    else:
        places_found = chain(buffer.places(first, size, wraps=True), buffer.places(0, end, wraps=False))
    places = array("I", places_found)
    newest = places[-_RECORDS_LIMIT:]
    records = tuple(_joined(map(buffer.entry, newest)))
    notes = [f"{buffer.lost_bytes} bytes of the log could not be read"] if buffer.gaps else []
    if len(newest) < len(places):
        notes.append(f"the oldest {len(places) - len(newest)} records of the log are left out")
    lost_records = buffer.gaps + len(places) - len(newest)
    return Log(records, "records", lost_records=lost_records, notes=tuple(notes))


class _Buffer:
    """The bytes of the log, read record by record."""

    def __init__(self, record: Members, bytes_: Partial, order: ByteOrder) -> None:
        self._record = record
        self._bytes = bytes_
        self._order: ByteOrder = order
        self.lost_bytes = 0
        self.gaps = 0  # places where at least one record is lost
        self._searched = 0

    def places(self, start: int, end: int, wraps: bool) -> Iterator[int]:
        """Where the records in start <= position < end start; `wraps`: zeros end them."""
        while start < end:
            length = self._length(start, end)
            if length:
                yield start
                start += length
            elif wraps and self._is_wrap(start, end):
                return
            else:
                found = self._next_believable(start, end)
                self.gaps += 1
                self.lost_bytes += found - start
                start = found

    def _is_wrap(self, at: int, end: int) -> bool:
        header_end = min(at + self._record.size, end)
        return self._bytes.has(at, header_end) and not any(self._bytes.data[at:header_end])

    def _length(self, at: int, end: int) -> int:
        """Bytes of the record at `at`; 0 when there is none, or none that can be read."""
        size = self._record.size
        if at + size > end:
            return 0
        ts_nsec, length, text_len, dict_len = self._record.read(self._bytes.data, at)[:4]
        padding = length - size - text_len - dict_len
        if not 0 <= padding < 8 or at + length > end or ts_nsec >= _TIME_LIMIT:
            return 0
        return int(length) if self._bytes.has(at, at + length) else 0

    def entry(self, at: int) -> tuple[int, LogRecord]:
        """Flags and content of the record at `at`."""
        text_start = at + self._record.size
        ts_nsec, _, text_len, _, facility, flags_level, *caller_id = self._record.read(self._bytes.data, at)
        text = text_of(self._bytes.data[text_start : text_start + text_len])
        caller = caller_of(caller_id[0]) if caller_id else ""
        record = LogRecord(text, Nanoseconds(ts_nsec), level_of(flags_level, self._order), facility, caller)
        return flags_of(flags_level, self._order), record

    def _next_believable(self, at: int, end: int) -> int:
        """The next place after `at` from which several records follow each other, or `end`."""
        at += _ALIGNMENT - at % _ALIGNMENT
        while at < end and self._searched < _SEARCH_LIMIT:
            self._searched += 1
            hole_end = self._bytes.hole_end(at, at + 1)
            if hole_end is not None:
                at = hole_end + -hole_end % _ALIGNMENT
            elif self._chain_from(at, end):
                return at
            else:
                at += _ALIGNMENT
        return end

    def _chain_from(self, at: int, end: int) -> bool:
        for step in range(_CHAIN):
            length = self._length(at, end)
            if length == 0:
                return step > 0 and self._is_wrap(at, end)
            at += length
            if at == end:
                break
        return True


def _joined(entries: Iterable[tuple[int, LogRecord]]) -> Iterator[LogRecord]:
    """Records whose fragments are one line are one record, as the kernel prints them."""
    line: LogRecord | None = None
    previous = 0
    parts: list[str] = []
    for flags, record in entries:
        open_line = bool(previous & CONT) and not previous & NEWLINE
        if line and open_line and not flags & PREFIX:
            parts.append(record.text)
        else:
            if line:
                yield replace(line, text="".join(parts)) if len(parts) > 1 else line
            line, parts = record, [record.text]
        previous = flags
    if line:
        yield replace(line, text="".join(parts)) if len(parts) > 1 else line
