"""The lockless ring of Linux 5.10 and later, read from VMCOREINFO alone.

Three arrays: descriptors (state, id, place of the text), infos (time, level …) and text blocks, each of which starts
with the id of its descriptor. They are read whole, so that no record costs a read of its own.
Source: kernel/printk/printk_ringbuffer.h and .c.
"""

from __future__ import annotations

from collections.abc import Sequence

from kdive.compat.printk import RingLayout
from kdive.errors import DumpDamagedError
from kdive.facts.log import Log, LogRecord
from kdive.log.fields import caller_of, level_of, text_of
from kdive.log.partial import Partial
from kdive.memory.memory import Memory
from kdive.units import Nanoseconds

_RESERVED, _COMMITTED, _FINALIZED, _REUSABLE = range(4)  # enum desc_state
_COUNT_BITS_LIMIT = 20  # a million records: what a buffer of 32 MiB has
_SIZE_BITS_LIMIT = 26  # bytes of text: twice the most that can be configured
_RECORDS_LIMIT = 1 << 18  # the newest ones, where there are more
_OVERWRITTEN_LIMIT = 1 << 40  # more than any machine prints: a number that lies
_EMPTY_LINE = (3, 3)  # begin and next of a record without text; other odd values: there was no room for the text


def read_ring(memory: Memory, layout: RingLayout) -> Log:
    """All records that are whole, oldest first. Raises ReadError where the ring's head cannot be read."""
    return _Ring(memory, layout).read()


class _Ring:
    def __init__(self, memory: Memory, layout: RingLayout) -> None:
        self._layout = layout
        self._order = memory.dump.order
        self._byte_order = memory.byte_order
        word_bits = 8 * layout.word_size
        self._word_mask = (1 << word_bits) - 1
        self._state_shift = word_bits - 2
        self._id_mask = self._word_mask >> 2
        head = memory.read(memory.read_word(layout.prb), layout.ring.size)
        count_bits, descs, infos, head_id, tail_id, size_bits, data = layout.ring.read(head)
        if not 0 < count_bits <= _COUNT_BITS_LIMIT or not 0 < size_bits <= _SIZE_BITS_LIMIT:
            raise DumpDamagedError(f"the log claims 2^{count_bits} records in 2^{size_bits} bytes: its head is damaged")
        self._count = 1 << count_bits
        self._text_size = 1 << size_bits
        self._head_id, self._tail_id = head_id & self._id_mask, tail_id & self._id_mask
        self._descs = Partial(memory, descs, self._count * layout.desc.size)
        self._infos = Partial(memory, infos, self._count * layout.info.size)
        self._text = Partial(memory, data, self._text_size)

    def read(self) -> Log:
        used = ((self._head_id - self._tail_id) & self._id_mask) + 1
        ids: Sequence[int] = range(self._tail_id, self._tail_id + min(used, self._count))
        log = self._records(ids)
        if log.records and used <= self._count:
            return log
        # Head and tail cannot be; the descriptors tell their ids themselves.
        salvaged = self._records(self._own_ids())
        return salvaged if len(salvaged.records) > len(log.records) else log

    def _records(self, ids: Sequence[int]) -> Log:
        ids = ids[-_RECORDS_LIMIT:]
        records: list[LogRecord] = []
        unreadable, untimed = 0, 0
        overwritten: int | None = None
        budget = self._text_size  # bytes of text: blocks do not overlap, unless they lie
        for position, number in enumerate(ids):
            identity = number & self._id_mask
            state = self._state_of(identity)
            if state in (_RESERVED, _REUSABLE):
                continue
            record = self._record(identity, budget) if state in (_COMMITTED, _FINALIZED) else None
            if record is None:
                unreadable += 1
                continue
            budget -= len(record.text)
            records.append(record)
            if record.sequence is None:
                untimed += 1
            elif overwritten is None:
                older = record.sequence - position
                overwritten = older if 0 <= older < _OVERWRITTEN_LIMIT else 0
        notes = [f"{unreadable} of {unreadable + len(records)} log records could not be read"] if unreadable else []
        if untimed:
            notes.append(f"time and level of {untimed} log records could not be read")
        return Log(tuple(records), "ring", lost_records=(overwritten or 0) + unreadable, notes=tuple(notes))

    def _state_of(self, identity: int) -> int | None:
        """State of the descriptor; None where it cannot be read or is another one's."""
        at = identity % self._count * self._layout.desc.size
        if not self._descs.has(at, at + self._layout.desc.size):
            return None
        state_var: int = self._layout.desc.read(self._descs.data, at)[0]
        if state_var & self._id_mask == identity:
            return state_var >> self._state_shift
        return _RESERVED if state_var == 0 else None  # 0: never used

    def _record(self, identity: int, budget: int) -> LogRecord | None:
        """The record, or its text alone where only that can be read."""
        index = identity % self._count
        info, desc = self._layout.info, self._layout.desc
        at = index * info.size
        has_info = self._infos.has(at, at + info.size)
        seq, ts_nsec, text_len, facility, flags_level, caller_id = info.read(self._infos.data, at)
        _, begin, next_ = desc.read(self._descs.data, index * desc.size)
        if (begin, next_) == _EMPTY_LINE:
            text: bytes | None = b""
        else:
            text = self._text_of(identity, begin, next_, text_len if has_info else self._text_size)
        if text is None or len(text) > budget:
            return None
        if not has_info:
            return LogRecord(text_of(text.rstrip(b"\0")))
        caller, level = caller_of(caller_id), level_of(flags_level, self._order)
        return LogRecord(text_of(text), Nanoseconds(ts_nsec), level, facility, caller, seq)

    def _text_of(self, identity: int, begin: int, next_: int, text_len: int) -> bytes | None:
        """The text of a block; None where it has none, cannot be read, or belongs to another record."""
        word_size = self._layout.word_size
        block_size = (next_ - begin) & self._word_mask
        if begin & 1 or not word_size <= block_size <= self._text_size:
            return None
        start = begin % self._text_size
        if start + block_size > self._text_size:
            # It did not fit before the end of the ring, so that all of it is at the start.
            start, block_size = 0, next_ % self._text_size
        text_start = start + word_size
        text_end = min(text_start + text_len, start + block_size)
        if text_end < text_start or not self._text.has(start, text_end):
            return None
        if int.from_bytes(self._text.data[start:text_start], self._byte_order) != identity:
            return None
        return bytes(self._text.data[text_start:text_end])

    def _own_ids(self) -> list[int]:
        """Ids of all records, as their descriptors have them, oldest first."""
        ids = []
        size = self._layout.desc.size
        for index in range(self._count):
            if self._descs.has(index * size, (index + 1) * size):
                state_var = self._layout.desc.read(self._descs.data, index * size)[0]
                identity = state_var & self._id_mask
                if identity % self._count == index and state_var >> self._state_shift in (_COMMITTED, _FINALIZED):
                    ids.append(identity)
        # Ids start shortly before they wrap.
        half = self._id_mask // 2 + 1
        return sorted(ids, key=lambda identity: (identity + half) & self._id_mask)
