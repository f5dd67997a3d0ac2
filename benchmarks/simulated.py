"""A machine of any size, made out of the raw dump of a small one.

Sections of 128 MB are added to the small machine. All of them are the same bytes of the file, and share their struct
pages through the page tables, as one mapping of vmemmap may be used many times: the dump of a machine of 1 TB takes no
more room than that of a small one, and every tool that reads dumps reads it.
"""

from __future__ import annotations

import shutil
import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from benchmarks.oracle import kinds_of, pages_in
from kdive.dumpfile.open import open_dump
from kdive.engine.kinds import PageKind
from kdive.engine.open_pages import open_pages
from kdive.facts.missing import known
from kdive.formats import vmcoreinfo
from kdive.memory.memory import Memory
from kdive.memory.open import open_memory

PAGE = 4096
_SECTION = 128 << 20
_SECTION_PAGES = _SECTION // PAGE
_STRUCT = 64
_FIRST_SECTION = 32  # at 4 GB, above what a small machine has
_EXTRA = 3 << 30  # physical memory for the tables that are added, where machines have none
_TABLE = 0x63  # an entry of a page table that names another: present, writable, accessed, dirty
_LARGE_PAGE = 0x8000_0000_0000_01E3
_FRAME = 0x000F_FFFF_FFFF_F000
_HEADER = 64
_PHDR = struct.Struct("<IIQQQQQQ")
_PT_LOAD = 1
_FREE_ORDER = 9
_PAGES_OF_A_USE = 1 << _FREE_ORDER

# What the 64 blocks of 2 MB in each section are used for.
MIXED = {PageKind.KEPT: 4, PageKind.CACHE: 24, PageKind.USER: 24, PageKind.FREE: 12}
MOSTLY_FREE = {PageKind.KEPT: 1, PageKind.FREE: 63}


def simulate(source: Path, output: Path, size: int, uses: Mapping[PageKind, int], zero_share: float) -> None:
    """Writes the dump of a machine with `size` bytes of memory beyond those of `source`, an ELF dump of x86-64.

    `zero_share` of the pages added are full of zeros, whatever they are used for; the others are pages of `source`.
    Raises ValueError for the few machines whose random addresses leave no room in their tables: crash another one.
    """
    sections = range(_FIRST_SECTION, _FIRST_SECTION + size // _SECTION)
    with open_dump(source) as dump, source.open("rb") as small_file, output.open("wb") as file:
        header = bytearray(small_file.read(_HEADER))
        phdrs = _phdrs(small_file, header)
        # All of them right behind the ELF header: there makedumpfile looks for them, whatever that says.
        shift = -(-(_HEADER + (len(phdrs) + 1 + len(sections)) * _PHDR.size) // PAGE) * PAGE
        small = _Small(open_memory(dump), [(*phdr[:2], phdr[2] + shift, *phdr[3:]) for phdr in phdrs])
        small_file.seek(0)
        file.seek(shift)
        shutil.copyfileobj(small_file, file, 1 << 20)
        content, structs = _section(small, uses, zero_share)
        content_at = _append(file, content)
        extra = _extra(small, structs)
        extra_at = _append(file, extra)
        for physical, data in _patches(small, sections):
            for at in small.offsets(physical):
                file.seek(at)
                file.write(data)
        phdrs = [*small.phdrs, (_PT_LOAD, 7, extra_at, small.direct + _EXTRA, _EXTRA, len(extra), len(extra), 0)]
        for section in sections:
            start = section * _SECTION
            phdrs.append((_PT_LOAD, 7, content_at, small.direct + start, start, _SECTION, _SECTION, 0))
        struct.pack_into("<Q", header, 32, _HEADER)
        struct.pack_into("<H", header, 56, len(phdrs))
        file.seek(0)
        file.write(header + b"".join(_PHDR.pack(*phdr) for phdr in phdrs))


class _Small:
    """The small machine, and where its memory lies in the file."""

    def __init__(self, memory: Memory, phdrs: Sequence[tuple[int, ...]]) -> None:
        self.memory = memory
        self.phdrs = phdrs
        self._loads = [(phdr[4], phdr[2], phdr[5]) for phdr in phdrs if phdr[0] == _PT_LOAD]
        info = known(memory.dump.vmcoreinfo, {})
        symbols = {name: vmcoreinfo.symbol(info, name) for name in ("mem_section", "swapper_pg_dir")}
        self.roots, self.tables = symbols["mem_section"] or 0, symbols["swapper_pg_dir"] or 0
        # That of the kernel's image comes first; memory is mapped one after the other from a base on.
        self.direct = phdrs[-1][3] - phdrs[-1][4]
        self.first_root = memory.read_word(self.roots)
        with_map = (memory.read(self.first_root + 16 * section, 16) for section in range(_FIRST_SECTION))
        self.section = next(entry for entry in with_map if entry[0] & 1)
        self.vmemmap = int.from_bytes(self.section[:8], "little") & ~0xFF

    def offsets(self, physical: int) -> list[int]:
        """Bytes from the start of the file: memory of the kernel's image is in it twice."""
        return [at + physical - start for start, at, size in self._loads if start <= physical < start + size]

    def table_of(self, address: int, level: int) -> int:
        """Physical address of the page table of `level` (3: 1 GB an entry, 2: 2 MB) for a virtual address."""
        table = self.memory.translate(self.tables)
        for above in range(4, level, -1):
            index = address >> (12 + 9 * (above - 1)) & 511
            (entry,) = struct.unpack("<Q", self.memory.read_physical(table + 8 * index, 8))
            if not entry & 1 or entry & 0x80:
                raise ValueError(f"{address:#x}: no page table, where a random address has put it")
            table = entry & _FRAME
        return table


def _phdrs(file: BinaryIO, header: bytes | bytearray) -> list[tuple[int, ...]]:
    (at,), (count,) = struct.unpack_from("<Q", header, 32), struct.unpack_from("<H", header, 56)
    file.seek(at)
    data = file.read(count * _PHDR.size)
    return list(_PHDR.iter_unpack(data))


def _append(file: BinaryIO, data: bytes | memoryview) -> int:
    at = -(-file.seek(0, 2) // PAGE) * PAGE
    file.seek(at)
    file.write(data)
    return at


def _section(small: _Small, uses: Mapping[PageKind, int], zero_share: float) -> tuple[bytes, NDArray[np.uint8]]:
    """The content of one section, and its struct pages."""
    chance = np.random.default_rng(1)
    dump = small.memory.dump
    count = max(segment.physical + segment.size for segment in dump.segments()) // PAGE
    kinds = kinds_of(small.memory, count)
    used = np.flatnonzero(pages_in(dump, count) & np.isin(kinds, (PageKind.KEPT, PageKind.CACHE, PageKind.USER)))
    pages = np.empty((len(used), PAGE), np.uint8)
    assert open_pages(dump).read_pages(used, pages).all()
    pages = pages[pages.any(axis=1)]
    content = pages[chance.integers(0, len(pages), _SECTION_PAGES)]
    content[chance.random(_SECTION_PAGES) < zero_share] = 0
    blocks = np.repeat(list(uses), list(uses.values()))
    assert len(blocks) * _PAGES_OF_A_USE == _SECTION_PAGES
    chance.shuffle(blocks)
    patterns = {kind: _pattern(small, kinds, kind) for kind in uses}
    return content.tobytes(), np.concatenate([patterns[kind] for kind in blocks.tolist()])


def _pattern(small: _Small, kinds: NDArray[np.uint8], kind: PageKind) -> NDArray[np.uint8]:
    """The struct pages of a block of one use, after one that the small machine has."""
    info = known(small.memory.dump.vmcoreinfo, {})
    at = {
        name: vmcoreinfo.offset(info, f"page.{name}") or 0
        for name in ("flags", "compound_head", "_mapcount", "private")
    }
    for pfn in np.flatnonzero(kinds == kind).tolist():
        data = bytearray(small.memory.read(small.vmemmap + pfn * _STRUCT, _STRUCT))
        flags, head = (int.from_bytes(data[at[name] : at[name] + 8], "little") for name in ("flags", "compound_head"))
        typed = data[at["_mapcount"] : at["_mapcount"] + 4] != b"\xff" * 4
        if flags & 1 << 16 or head & 1 or (kind == PageKind.FREE and not typed):  # PG_head
            continue
        block = np.tile(np.frombuffer(data, np.uint8), (_PAGES_OF_A_USE, 1))
        if kind == PageKind.FREE:
            block[0, at["private"]] = _FREE_ORDER
            block[1:, at["_mapcount"] : at["_mapcount"] + 4] = 0xFF
        return block
    raise ValueError(f"the small machine has no page of the kind {kind.name}")


def _extra(small: _Small, structs: NDArray[np.uint8]) -> bytes:
    """What is added at _EXTRA: the struct pages of every section, a table that maps them everywhere, their sections."""
    table = struct.pack("<Q", _EXTRA | _LARGE_PAGE) * 512
    return structs.tobytes() + table + small.section * (PAGE // 16)


def _patches(small: _Small, sections: range) -> Iterator[tuple[int, bytes]]:
    """(physical address, data) of what changes in the memory of the small machine."""
    table, root = _EXTRA + _SECTION_PAGES * _STRUCT, _EXTRA + _SECTION_PAGES * _STRUCT + PAGE
    huge = small.table_of(small.direct + _EXTRA, 3)
    yield huge + 8 * ((small.direct + _EXTRA) >> 30 & 511), struct.pack("<Q", _EXTRA | _LARGE_PAGE)
    start, end = (small.vmemmap + section * _SECTION_PAGES * _STRUCT for section in (sections.start, sections.stop))
    for address in range(start, end, 2 << 20):
        if address >> 30 == small.vmemmap >> 30:
            yield small.table_of(address, 2) + 8 * (address >> 21 & 511), struct.pack("<Q", _EXTRA | _LARGE_PAGE)
        elif not address % (1 << 30):
            if address >> 39 != small.vmemmap >> 39:
                raise ValueError("vmemmap crosses a border of 512 GB, where a random address has put it")
            yield small.table_of(address, 3) + 8 * (address >> 30 & 511), struct.pack("<Q", table | _TABLE)
    entries = PAGE // 16
    first_root = small.memory.translate(small.first_root)
    yield first_root + 16 * sections.start, small.section * (min(sections.stop, entries) - sections.start)
    for number in range(1, -(-sections.stop // entries)):
        yield small.memory.translate(small.roots + 8 * number), struct.pack("<Q", small.direct + root)
