"""Pages to save before all others: what the log lies in, what leads to it, and the kernel's image.

A dump may end early: the disk is full, the watchdog bites. What is there then should at least tell what happened.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from kdive.compat import printk
from kdive.dumpfile.dump import Dump, Segment
from kdive.engine.page_sets import among
from kdive.errors import KdiveError
from kdive.facts.missing import Missing
from kdive.formats import vmcoreinfo
from kdive.memory.identity import read_uts
from kdive.memory.memory import Memory
from kdive.memory.open import open_memory
from kdive.units import Address, ByteCount

_LOG_LIMIT = 64 << 20  # bytes of one part of the log
_IMAGE_LIMIT = 256 << 20  # bytes from _stext to the last symbol
_SYMBOLS_LIMIT = 512
_READ_BYTES = 1 << 20

Pfns = NDArray[np.int64]


def first_pages(dump: Dump) -> tuple[Pfns, Pfns]:
    """The pages that reading the log takes, and those of the kernel's image that are not among them; both ascending."""
    info = dump.vmcoreinfo
    if isinstance(info, Missing):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    watched = _Watched(dump)
    image: tuple[int, int] = (0, 0)
    with suppress(KdiveError):
        memory = open_memory(watched)
        read_uts(memory)
        addresses = _symbols(info)
        for address in addresses:
            with suppress(KdiveError):
                memory.read_u8(address)
        with suppress(KdiveError):
            _read_log(memory, info)
        with suppress(KdiveError):
            image = _image(memory, info, addresses)
    needed = np.array(sorted(watched.pfns), np.int64)
    pages = np.arange(*image, dtype=np.int64)
    return needed, pages[~among(pages, needed)]


class _Watched(Dump):
    """A dump that remembers which pages were read of it."""

    def __init__(self, dump: Dump) -> None:
        self._dump = dump
        self.pfns: set[int] = set()
        self.path, self.paths, self.container, self.identity = dump.path, dump.paths, dump.container, dump.identity
        self.arch, self.order, self.word_size, self.page_size = dump.arch, dump.order, dump.word_size, dump.page_size
        self.vmcoreinfo, self.vmcoreinfo_text, self.notes = dump.vmcoreinfo, dump.vmcoreinfo_text, dump.notes
        self.physical_base, self.native, self.eraseinfo = dump.physical_base, dump.native, dump.eraseinfo

    def segments(self) -> list[Segment]:
        return list(self._dump.segments())

    def kept_ranges(self) -> Iterator[tuple[Address, ByteCount]]:
        return self._dump.kept_ranges()

    def read_physical(self, address: int, size: int) -> bytes:
        data = self._dump.read_physical(address, size)
        self.pfns.update(range(address // self.page_size, -(-(address + size) // self.page_size)))
        return data

    def close(self) -> None:
        """The dump is its owner's."""


def _symbols(info: Mapping[str, str]) -> list[int]:
    """The addresses that VMCOREINFO names."""
    names = [key[7:-1] for key in info if key.startswith("SYMBOL(") and key.endswith(")")][:_SYMBOLS_LIMIT]
    found = (vmcoreinfo.symbol(info, name) for name in names)
    return [address for address in found if address is not None]


def _image(memory: Memory, info: Mapping[str, str], addresses: list[int]) -> tuple[int, int]:
    """Half-open range of the pages from _stext to the last symbol of the image."""
    start = vmcoreinfo.symbol(info, "_stext")
    if start is None:
        return 0, 0
    end = max(address for address in addresses if start <= address < start + _IMAGE_LIMIT)
    physical = memory.translate(start)
    return physical // memory.dump.page_size, (physical + end - start) // memory.dump.page_size + 1


def _read_log(memory: Memory, info: Mapping[str, str]) -> None:
    """Reads all that the log is made of, in whichever form this kernel keeps it."""
    dump = memory.dump
    ring = printk.ring_layout(info, dump.order, dump.word_size)
    if ring is not None:
        head = memory.read(memory.read_word(ring.prb), ring.ring.size)
        count_bits, descs, infos, _, _, size_bits, data = ring.ring.read(head)
        _read(memory, data, 1 << min(size_bits, 32))
        _read(memory, descs, ring.desc.size << min(count_bits, 32))
        _read(memory, infos, ring.info.size << min(count_bits, 32))
        return
    buffer = printk.records_layout(info, dump.order) or printk.buffer_layout(info)
    if buffer is not None:
        _read(memory, memory.read_word(buffer.log_buf), memory.read_u32(buffer.log_buf_len))


def _read(memory: Memory, address: int, size: int) -> None:
    for offset in range(0, min(size, _LOG_LIMIT), _READ_BYTES):
        with suppress(KdiveError):
            memory.read_with_holes(address + offset, min(_READ_BYTES, size - offset))
