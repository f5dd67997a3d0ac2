"""Where a kernel keeps the struct pages of its memory, by what its VMCOREINFO names.

Source: include/linux/mmzone.h, mm/sparse.c.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from kdive.errors import ReadError
from kdive.facts.missing import Missing
from kdive.formats import vmcoreinfo
from kdive.memory.memory import Memory
from kdive.memory.zones import nodes

_PRESENT = 1 << 0  # SECTION_MARKED_PRESENT
_HAS_MAP = 1 << 1  # SECTION_HAS_MEM_MAP
_FLAG_BITS = (1 << 8) - 1  # of section_mem_map: 6 are taken, and the map's address is aligned far better
# SECTION_SIZE_BITS and MAX_PHYSMEM_BITS are named since v5.13 and v5.9. arm64 had sections of 1 GiB until v5.12.
_SECTION_BITS = {"x86_64": (27,), "aarch64": (30, 27, 29)}
_PHYSICAL_BITS = {"x86_64": (46, 52), "aarch64": (48, 52)}
_ROOTS_LIMIT = 1 << 22
_PROBED_SECTIONS = 64


@dataclass(frozen=True)
class Span:
    """The struct pages of pages first_pfn <= pfn < end_pfn lie one after the other from virtual `address` on."""

    first_pfn: int
    end_pfn: int
    address: int


class PageStructs(ABC):
    """The map from pages to struct pages."""

    size: int  # bytes of a struct page

    @abstractmethod
    def spans(self, first_pfn: int, end_pfn: int) -> Iterator[Span]:
        """Where the struct pages of `first_pfn` to `end_pfn` lie, ascending; pages without one are left out."""


def find_page_structs(memory: Memory) -> PageStructs | Missing:
    """The struct pages of `memory`, or why they cannot be found."""
    info = memory.dump.vmcoreinfo
    if isinstance(info, Missing):
        return info
    size = vmcoreinfo.size(info, "page")
    if size is None or size <= 0:
        return Missing("VMCOREINFO does not say how large a struct page is")
    found: PageStructs | Missing = Missing("VMCOREINFO names neither mem_section nor mem_map")
    try:
        if vmcoreinfo.symbol(info, "mem_section") is not None:
            found = _find_sections(memory, info, size)
        elif vmcoreinfo.offset(info, "pglist_data.node_mem_map") is not None:
            found = _find_nodes(memory, info, size)
        elif vmcoreinfo.symbol(info, "mem_map") is not None:
            found = _flat(memory, info, size)
    except ReadError as error:
        found = Missing(f"the map of struct pages cannot be read: {error.message}")
    return _vmemmap(memory, info, size) or found if isinstance(found, Missing) else found


def _vmemmap(memory: Memory, info: Mapping[str, str], size: int) -> PageStructs | None:
    """The one array that all are mapped into, where it is named: since v6.10."""
    start = vmcoreinfo.symbol(info, "vmemmap")
    if start is None:
        return None
    page_size = memory.dump.page_size
    spans = []
    for segment in memory.dump.segments():
        first, end = segment.physical // page_size, -(-(segment.physical + segment.size) // page_size)
        spans.append(Span(first, end, start + first * size))
    return Spans(spans, size)


class Sections(PageStructs):
    """SPARSEMEM: struct mem_section for each section of memory, in an array, or in arrays of a page each (EXTREME)."""

    def __init__(self, memory: Memory, info: Mapping[str, str], size: int, table: int, shape: _Shape) -> None:
        self.size = size
        self._memory = memory
        self._table = table
        self._shape = shape
        self._map_offset = vmcoreinfo.offset(info, "mem_section.section_mem_map") or 0
        self.pages_per_section = (1 << shape.section_bits) // memory.dump.page_size
        self._root = -1
        self._entries = b""

    def spans(self, first_pfn: int, end_pfn: int) -> Iterator[Span]:
        for section in range(first_pfn // self.pages_per_section, -(-end_pfn // self.pages_per_section)):
            try:
                start = self.map_of(section)
            except ReadError:
                continue
            if start is None:
                continue
            first = max(first_pfn, section * self.pages_per_section)
            end = min(end_pfn, (section + 1) * self.pages_per_section)
            yield Span(first, end, start + first * self.size)

    def map_of(self, section: int) -> int | None:
        """Where the struct page of pfn 0 would lie if all were like the section's; None for a section without any."""
        root, index = divmod(section, self._shape.per_root)
        if root >= self._shape.roots:
            return None
        if root != self._root:
            self._entries = self._read_root(root)
            self._root = root
        if not self._entries:
            return None
        word = self._memory.dump.word_size
        at = index * self._shape.entry_size + self._map_offset
        value = int.from_bytes(self._entries[at : at + word], self._memory.byte_order)
        if not value & _PRESENT or not value & _HAS_MAP:
            return None
        return value & ~_FLAG_BITS

    def _read_root(self, root: int) -> bytes:
        size = self._shape.per_root * self._shape.entry_size
        if not self._shape.extreme:
            return self._memory.read(self._table + root * size, size)
        pointer = self._memory.read_word(self._table + root * self._memory.dump.word_size)
        return self._memory.read(pointer, size) if pointer else b""


@dataclass(frozen=True)
class _Shape:
    """How sections are numbered: `per_root` entries of `entry_size` bytes in each of `roots` arrays."""

    section_bits: int
    roots: int
    per_root: int
    entry_size: int
    extreme: bool


class Spans(PageStructs):
    """FLATMEM and DISCONTIGMEM: one array, or one for each node."""

    def __init__(self, spans: list[Span], size: int) -> None:
        self.size = size
        self._spans = sorted(spans, key=lambda span: span.first_pfn)

    def spans(self, first_pfn: int, end_pfn: int) -> Iterator[Span]:
        for span in self._spans:
            first, end = max(first_pfn, span.first_pfn), min(end_pfn, span.end_pfn)
            if first < end:
                yield Span(first, end, span.address + (first - span.first_pfn) * self.size)
                first_pfn = end


def _find_sections(memory: Memory, info: Mapping[str, str], size: int) -> PageStructs | Missing:
    """The sections whose table fits the machine's memory.

    mem_section is the array itself, or a pointer to it: 83e3c48729d9 "mm/sparsemem: Allocate mem_section at runtime
    for CONFIG_SPARSEMEM_EXTREME=y", v4.15. What is named since is sometimes the one and sometimes the other.
    """
    symbol = vmcoreinfo.symbol(info, "mem_section")
    entry_size, roots = vmcoreinfo.size(info, "mem_section"), vmcoreinfo.length(info, "mem_section")
    if symbol is None or not entry_size or not roots or not 8 <= entry_size <= 64 or roots > _ROOTS_LIMIT:
        return Missing("VMCOREINFO does not say how mem_section is built")
    tables = [symbol]
    with suppress(ReadError):
        tables.append(memory.read_word(symbol))
    for shape in _shapes(memory, info, entry_size, roots):
        for table in tables:
            sections = Sections(memory, info, size, table, shape)
            if table and _fits(memory, sections):
                return sections
    return Missing("mem_section does not fit the machine's memory")


def _shapes(memory: Memory, info: Mapping[str, str], entry_size: int, roots: int) -> Iterator[_Shape]:
    dump = memory.dump
    named = vmcoreinfo.number(info, "SECTION_SIZE_BITS")
    page_bits = dump.page_size.bit_length() - 1
    per_root = dump.page_size // entry_size
    for bits in _SECTION_BITS.get(dump.arch, ()) if named is None else (named,):
        if not page_bits < bits < 40:
            continue
        physical = vmcoreinfo.number(info, "MAX_PHYSMEM_BITS")
        for physical_bits in _PHYSICAL_BITS.get(dump.arch, ()) if physical is None else (physical,):
            if not bits < physical_bits <= 64:
                continue
            sections = 1 << physical_bits - bits
            if roots == -(-sections // per_root):
                yield _Shape(bits, roots, per_root, entry_size, extreme=True)
            if roots == sections:
                yield _Shape(bits, roots, 1, entry_size, extreme=False)


def _fits(memory: Memory, sections: Sections) -> bool:
    """Whether the sections of the machine's memory are there, and the struct page of one of them is mapped."""
    page_size = memory.dump.page_size
    mapped = False
    probed = 0
    for segment in memory.dump.segments():
        pfn = segment.physical // page_size
        try:
            start = sections.map_of(pfn // sections.pages_per_section)
            if start is None:
                continue
            memory.translate(start + pfn * sections.size)
            mapped = True
        except ReadError:
            pass
        probed += 1
        if mapped or probed >= _PROBED_SECTIONS:
            break
    return mapped


def _find_nodes(memory: Memory, info: Mapping[str, str], size: int) -> PageStructs | Missing:
    """pglist_data.node_mem_map of each node."""
    members = ("node_mem_map", "node_start_pfn", "node_spanned_pages")
    found = [vmcoreinfo.offset(info, f"pglist_data.{name}") for name in members]
    offsets = [offset for offset in found if offset is not None]
    if len(offsets) < len(members):
        return Missing("VMCOREINFO does not say which pages a node has")
    spans = []
    for node in nodes(memory, info):
        start, first_pfn, pages = (memory.read_word(node + offset) for offset in offsets)
        if start and pages:
            spans.append(Span(first_pfn, first_pfn + pages, start))
    return Spans(spans, size) if spans else Missing("no node of memory has a map of struct pages")


def _flat(memory: Memory, info: Mapping[str, str], size: int) -> PageStructs | Missing:
    """The array that mem_map points to, from the first page of memory on: ARCH_PFN_OFFSET."""
    symbol = vmcoreinfo.symbol(info, "mem_map")
    start = memory.read_word(symbol) if symbol is not None else 0
    if not start:
        return Missing("mem_map is NULL")
    page_size = memory.dump.page_size
    first_pfn = (vmcoreinfo.number(info, "PHYS_OFFSET") or 0) // page_size
    end = max(segment.physical + segment.size for segment in memory.dump.segments())
    return Spans([Span(first_pfn, -(-end // page_size), start)], size)
