"""Kernel logs for built dumps, written the way the kernel writes them.

    ring = Ring(count_bits=5, size_bits=10)
    ring.add(b"hello", level=6)
    dump = ring.dump()                      # a file's content

All three generations: Ring (5.10 and later), Records (3.5 to 5.9), and `plain_buffer` (before 3.5).
"""

from __future__ import annotations

import struct
from collections.abc import Collection
from dataclasses import dataclass, field

from kdive.formats.record import ByteOrder
from tests.build_dump import PAGE_SIZE, build_elf, build_kdump

ON_CPU = 0x80000000
_IMAGE = 0xFFFFFFFF80000000  # x86-64 with phys_base 0
_LOW = 0xC0000000  # 32 bits
_START = 0x10000  # physical


def dump_of(
    memory: bytes,
    info: str,
    *,
    word_size: int = 8,
    order: ByteOrder = "<",
    excluded: Collection[int] = (),
    lost: Collection[int] = (),
) -> bytes:
    """A dump with `memory` at `virtual(0)`; `excluded` and `lost` are pages of it, counted from 0."""
    first = _START // PAGE_SIZE
    pages = {
        first + number: memory[number * PAGE_SIZE : (number + 1) * PAGE_SIZE]
        for number in range(-(-len(memory) // PAGE_SIZE))
    }
    info = f"OSRELEASE=built\nPAGESIZE={PAGE_SIZE}\nNUMBER(phys_base)=0\n{info}"
    if (word_size, order) != (8, "<"):
        e_machine = {(4, "<"): 3, (4, ">"): 20, (8, ">"): 21}[word_size, order]
        return build_elf(
            pages,
            vmcoreinfo=info,
            word_size=word_size,
            order=order,
            e_machine=e_machine,
            virtual=virtual(0, word_size) - _START,
        )
    kept = {pfn: page for pfn, page in pages.items() if pfn - first not in excluded}
    return build_kdump(kept, vmcoreinfo=info, ram=pages, lost=[first + number for number in lost], codec="")


def virtual(position: int, word_size: int = 8) -> int:
    """Address of a byte of the memory that `dump_of` is given."""
    return (_IMAGE if word_size == 8 else _LOW) + _START + position


def flags_level(flags: int, level: int, order: ByteOrder) -> int:
    """u8 flags:5, level:3 as the compiler lays them out."""
    return flags | level << 5 if order == "<" else flags << 3 | level


@dataclass
class Ring:
    """struct printk_ringbuffer."""

    count_bits: int = 6
    size_bits: int = 11
    word_size: int = 8
    order: ByteOrder = "<"
    descs: list[tuple[int, int, int]] = field(default_factory=list)  # state_var, begin, next
    infos: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.count, self.size = 1 << self.count_bits, 1 << self.size_bits
        self.word_mask = (1 << 8 * self.word_size) - 1
        self.id_mask = self.word_mask >> 2
        self.state_shift = 8 * self.word_size - 2
        self.tail_id = self.head_id = -(self.count + 1) & self.id_mask
        self.tail_lpos = self.head_lpos = -self.size & self.word_mask
        self.word = "Q" if self.word_size == 8 else "I"
        self.descs = [(0, 0, 0)] * self.count
        self.descs[self.tail_id % self.count] = (3 << self.state_shift | self.tail_id, 1, 1)
        self.infos = [bytes(88)] * self.count
        self.text = bytearray(self.size)
        self.seq = 0

    def add(
        self,
        text: bytes,
        *,
        ts_nsec: int = 0,
        level: int = 6,
        facility: int = 0,
        caller_id: int = 0,
        state: int = 2,
        room: bool = True,
    ) -> None:
        """One record; with `room` False the kernel found none for its text."""
        self.head_id = (self.head_id + 1) & self.id_mask
        if (self.head_id - self.tail_id) & self.id_mask >= self.count:
            self._push_tail()
        begin, next_ = (self._allocate(text) if room else (1, 1)) if text else (3, 3)
        index = self.head_id % self.count
        self.descs[index] = (state << self.state_shift | self.head_id, begin, next_)
        bits = flags_level(2, level, self.order)
        info = struct.pack(f"{self.order}QQHBBI", self.seq, ts_nsec, len(text), facility, bits, caller_id)
        self.infos[index] = info + b"SUBSYSTEM".ljust(16, b"\0") + b"+pci:0000:00:1f.0".ljust(48, b"\0")
        self.seq += 1

    def _push_tail(self) -> None:
        state_var, begin, next_ = self.descs[self.tail_id % self.count]
        self.descs[self.tail_id % self.count] = (3 << self.state_shift | state_var & self.id_mask, begin, next_)
        if not begin & 1:
            self.tail_lpos = next_
        self.tail_id = (self.tail_id + 1) & self.id_mask

    def _allocate(self, text: bytes) -> tuple[int, int]:
        need = -(-(self.word_size + len(text)) // self.word_size) * self.word_size
        assert need <= self.size // 2
        begin = self.head_lpos
        next_ = begin + need
        start = begin % self.size
        if begin // self.size != next_ // self.size:
            next_ = next_ // self.size * self.size + need
            start = 0
        while (next_ - self.tail_lpos) & self.word_mask > self.size:
            self._push_tail()
        self.head_lpos = next_ & self.word_mask
        block = struct.pack(self.order + self.word, self.head_id) + text
        self.text[start : start + len(block)] = block
        return begin, self.head_lpos

    def memory(self) -> bytes:
        """Page 0: prb and the ring; then, each from a page on: descriptors, infos, text."""
        descs_at, infos_at, text_at = self.places()
        word, order = self.word, self.order
        desc_ring = struct.pack(
            f"{order}I{'4x' if self.word_size == 8 else ''}4{word}",
            self.count_bits,
            virtual(descs_at, self.word_size),
            virtual(infos_at, self.word_size),
            self.head_id,
            self.tail_id,
        )
        text_ring = struct.pack(
            f"{order}I{'4x' if self.word_size == 8 else ''}3{word}",
            self.size_bits,
            virtual(text_at, self.word_size),
            self.head_lpos,
            self.tail_lpos,
        )
        head = struct.pack(order + word, virtual(64, self.word_size)).ljust(64, b"\0") + desc_ring + text_ring
        descs = b"".join(struct.pack(f"{order}3{word}", *desc) for desc in self.descs)
        memory = head.ljust(descs_at, b"\0") + descs
        return memory.ljust(infos_at, b"\0") + b"".join(self.infos).ljust(text_at - infos_at, b"\0") + bytes(self.text)

    def places(self) -> tuple[int, int, int]:
        """Where descriptors, infos and text start in `memory`."""
        infos_at = PAGE_SIZE + _up(self.count * 3 * self.word_size)
        return PAGE_SIZE, infos_at, infos_at + _up(self.count * 88)

    def info(self) -> str:
        w = self.word_size
        return (
            f"SYMBOL(prb)={virtual(0, w):x}\nSIZE(printk_ringbuffer)={10 * w}\n"
            f"OFFSET(printk_ringbuffer.desc_ring)=0\nOFFSET(printk_ringbuffer.text_data_ring)={5 * w}\n"
            f"SIZE(prb_desc_ring)={5 * w}\nOFFSET(prb_desc_ring.count_bits)=0\nOFFSET(prb_desc_ring.descs)={w}\n"
            f"OFFSET(prb_desc_ring.infos)={2 * w}\nOFFSET(prb_desc_ring.head_id)={3 * w}\n"
            f"OFFSET(prb_desc_ring.tail_id)={4 * w}\nSIZE(prb_desc)={3 * w}\nOFFSET(prb_desc.state_var)=0\n"
            f"OFFSET(prb_desc.text_blk_lpos)={w}\nOFFSET(prb_data_blk_lpos.begin)=0\n"
            f"OFFSET(prb_data_blk_lpos.next)={w}\nSIZE(printk_info)=88\nOFFSET(printk_info.seq)=0\n"
            f"OFFSET(printk_info.ts_nsec)=8\nOFFSET(printk_info.text_len)=16\nOFFSET(printk_info.caller_id)=20\n"
            f"OFFSET(printk_info.dev_info)=24\nOFFSET(prb_data_ring.size_bits)=0\nOFFSET(prb_data_ring.data)={w}\n"
            f"OFFSET(prb_data_ring.head_lpos)={2 * w}\nOFFSET(atomic_long_t.counter)=0\n"
        )

    def dump(self, *, excluded: Collection[int] = (), lost: Collection[int] = ()) -> bytes:
        return dump_of(
            self.memory(), self.info(), word_size=self.word_size, order=self.order, excluded=excluded, lost=lost
        )


@dataclass
class Records:
    """The buffer of struct printk_log, or of struct log with the names of RHEL 7."""

    size: int = 1024
    name: str = "printk_log"
    with_caller: bool = False
    order: ByteOrder = "<"
    word_size: int = 8
    first_idx: int = 0
    next_idx: int = 0
    wrapped: bool = False

    def __post_init__(self) -> None:
        self.buffer = bytearray(self.size)
        self.record_size = 20 if self.with_caller else 16
        self.count = 0

    def add(
        self,
        text: bytes,
        *,
        ts_nsec: int = 0,
        level: int = 6,
        facility: int = 0,
        flags: int = 2,
        dictionary: bytes = b"",
        caller_id: int = 0,
    ) -> None:
        length = -(-(self.record_size + len(text) + len(dictionary)) // 4) * 4
        while self.count and not self._has_space(length):
            self._drop_oldest()
        if self.next_idx + length + self.record_size > self.size:
            self.buffer[self.next_idx : self.next_idx + self.record_size] = bytes(self.record_size)
            self.next_idx = 0
        bits = flags_level(flags, level, self.order)
        record = struct.pack(f"{self.order}QHHHBB", ts_nsec, length, len(text), len(dictionary), facility, bits) + (
            struct.pack(f"{self.order}I", caller_id) if self.with_caller else b""
        )
        record = (record + text + dictionary).ljust(length, b"\0")
        self.buffer[self.next_idx : self.next_idx + length] = record
        self.next_idx += length
        self.count += 1

    def _has_space(self, length: int) -> bool:
        if self.next_idx > self.first_idx:
            free = max(self.size - self.next_idx, self.first_idx)
        else:
            free = self.first_idx - self.next_idx
        return free >= length + self.record_size

    def _drop_oldest(self) -> None:
        self.first_idx += self._length(self.first_idx)
        self.count -= 1
        if self._length(self.first_idx) == 0:
            self.first_idx = 0

    def _length(self, at: int) -> int:
        length: int = struct.unpack_from(self.order + "H", self.buffer, at + 8)[0]
        return length

    def memory(self) -> bytes:
        """Page 0: the variables; from page 1 on the buffer."""
        pointer = virtual(PAGE_SIZE, self.word_size).to_bytes(self.word_size, "little" if self.order == "<" else "big")
        variables = pointer.ljust(8, b"\0") + struct.pack(self.order + "III", self.size, self.first_idx, self.next_idx)
        return variables.ljust(PAGE_SIZE, b"\0") + bytes(self.buffer)

    def info(self) -> str:
        at = [virtual(position, self.word_size) for position in (0, 8, 12, 16)]
        caller = f"OFFSET({self.name}.caller_id)=16\n" if self.with_caller else ""
        return (
            f"SYMBOL(log_buf)={at[0]:x}\nSYMBOL(log_buf_len)={at[1]:x}\nSYMBOL(log_first_idx)={at[2]:x}\n"
            f"SYMBOL(log_next_idx)={at[3]:x}\nSIZE({self.name})={self.record_size}\nOFFSET({self.name}.ts_nsec)=0\n"
            f"OFFSET({self.name}.len)=8\nOFFSET({self.name}.text_len)=10\nOFFSET({self.name}.dict_len)=12\n{caller}"
        )

    def dump(self, *, excluded: Collection[int] = (), lost: Collection[int] = ()) -> bytes:
        return dump_of(
            self.memory(), self.info(), word_size=self.word_size, order=self.order, excluded=excluded, lost=lost
        )


def plain_buffer(printed: bytes, size: int, *, excluded: Collection[int] = ()) -> bytes:
    """A dump whose kernel printed `printed` into a ring of `size` characters."""
    buffer = bytearray(size)
    for start in range(0, len(printed), size):
        piece = printed[start : start + size]
        buffer[: len(piece)] = piece
    variables = struct.pack("<QIII", virtual(PAGE_SIZE), size, len(printed), min(len(printed), size))
    at = [virtual(position) for position in (0, 8, 12, 16)]
    info = (
        f"SYMBOL(log_buf)={at[0]:x}\nSYMBOL(log_buf_len)={at[1]:x}\nSYMBOL(log_end)={at[2]:x}\n"
        f"SYMBOL(logged_chars)={at[3]:x}\n"
    )
    return dump_of(variables.ljust(PAGE_SIZE, b"\0") + bytes(buffer), info, excluded=excluded)


def _up(size: int) -> int:
    return -(-size // PAGE_SIZE) * PAGE_SIZE
