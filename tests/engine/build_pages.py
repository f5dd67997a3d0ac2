"""Struct pages of every generation of kernels, written from what pages are used for.

    generation = GENERATIONS["v6.1"]
    structs = generation.structs([Use(0, "slab", 3), Use(8, "free", 3)], count=64)
    machine(generation, uses)                    # an ELF vmcore with these pages in its memory

Offsets and values are those of real x86-64 kernels, written down here apart from the rules under test.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from kdive.engine.kinds import PageKind
from tests.build_dump import build_elf

STRUCT_BYTES = 64
SECTION_PAGES = 1 << 15
DIRECT = 0xFFFF888000000000
LIST_HEAD = DIRECT + 0x123450
FREE_HUGE_PAGE = 0xFFFFFFFF811A2B30
TAIL_MAPPING = 0xDEAD000000000400
MINUS_ONE = (1 << 32) - 1


@dataclass(frozen=True)
class Use:
    """Pages first <= pfn < first + 2 ** order, in one block."""

    first: int
    what: str
    order: int = 0

    @property
    def pages(self) -> int:
        return 1 << self.order


@dataclass(frozen=True)
class Generation:
    """How one generation of kernels writes its struct pages, and what it names in VMCOREINFO."""

    name: str
    offsets: Mapping[str, int]  # of flags, mapping, mapcount, private, lru, head: in struct page
    bits: Mapping[str, int]  # of flags
    types: Mapping[str, int] = field(default_factory=dict)  # page type → value of _mapcount
    order: str = "none"  # how the struct page behind a head's says how large the compound page is
    hugetlb: str = "none"  # how it, or the head, says that it is a huge page
    named: tuple[str, ...] = ()  # lines of VMCOREINFO beyond offsets and bits
    unnamed: frozenset[str] = frozenset()  # offsets ("page.private") and bits ("private") that VMCOREINFO does not name
    head_name: str = "compound_head"
    not_recognised: frozenset[str] = frozenset()  # uses that must be kept here
    tail_mapping: int = TAIL_MAPPING

    def vmcoreinfo(self) -> str:
        """The part of VMCOREINFO that is about struct pages."""
        members = {"mapcount": "_mapcount", "head": self.head_name}
        lines = [f"SIZE(page)={STRUCT_BYTES}", "OFFSET(list_head.next)=0", "OFFSET(list_head.prev)=8"]
        for name, offset in self.offsets.items():
            if f"page.{name}" not in self.unnamed:
                lines.append(f"OFFSET(page.{members.get(name, name)})={offset}")
        for name, bit in self.bits.items():
            if name == "head":
                lines.append(f"NUMBER(PG_head_mask)={1 << bit}")
            elif name not in self.unnamed:
                lines.append(f"NUMBER(PG_{name})={bit}")
        for name, value in self.types.items():
            lines.append(f"NUMBER(PAGE_{name.upper()}_MAPCOUNT_VALUE)={value}")
        return "\n".join([*lines, "LENGTH(zone.free_area)=11", *self.named, ""])

    def structs(self, uses: Iterable[Use], count: int, first_pfn: int = 0) -> bytearray:
        """The struct pages of `count` pages; those without a use are the kernel's."""
        data = bytearray(count * STRUCT_BYTES)
        for index in range(count):
            self._put(data, index, "mapcount", MINUS_ONE)
        for use in uses:
            self._write(data, use.first - first_pfn, use)
        return data

    def kind(self, what: str) -> PageKind:
        """What a page that is used for `what` must be told to be."""
        return PageKind.KEPT if what in self.not_recognised else KINDS[what]

    def _write(self, data: bytearray, at: int, use: Use) -> None:
        what = use.what
        flags = set(FLAGS.get(what, ()))
        if what == "slab" and "slab" in self.bits and "slab" not in self.types:
            flags.add("slab")
        compound = use.order > 0 and what not in ("free", "unaccepted")
        if compound:
            self._write_tails(data, at, use)
            flags.add("head")
        self._put_flags(data, at, flags)
        if what in self.types:
            self._put(data, at, "mapcount", self.types[what] & MINUS_ONE)
        elif what == "slab" and "slab" in self.bits:
            self._put(data, at, "mapcount", self.types.get("buddy", -128) & MINUS_ONE)  # objects in use: any number
        if what == "free":
            if "buddy" in self.types:
                self._put(data, at, "mapcount", self.types["buddy"] & MINUS_ONE)
            self._put(data, at, "private", use.order)
        self._put(data, at, "mapping", MAPPINGS.get(what, 0))
        if what == "large_kmalloc" and "slab" in self.types:
            self._put(data, at, "mapcount", 0xF8000000)

    def _write_tails(self, data: bytearray, at: int, use: Use) -> None:
        for tail in range(1, use.pages):
            if "head" in self.offsets:
                self._put(data, at + tail, "head", DIRECT + at * STRUCT_BYTES | 1)
                self._put(data, at + tail, "mapping", self.tail_mapping)
        second = at + 1
        if self.order == "flags":
            self._put(data, second, "flags", use.order | 1 << 9)  # PG_large_rmappable, or whatever follows the order
            self._put(data, second, "mapping", MINUS_ONE)  # _entire_mapcount
        elif self.order == "word":
            self._put_at(data, second, self.offsets["lru"] + 8, 8, use.order)
        elif self.order != "none":
            offset, size = map(int, self.order.split(":"))
            self._put_at(data, second, offset + size, size, use.order)
            self._put_at(data, second, offset, size, 2 if use.what == "hugetlb" else 1)
        if use.what == "hugetlb":
            if self.hugetlb == "function":
                self._put_at(data, second, self.offsets["lru"], 8, FREE_HUGE_PAGE)
            elif self.hugetlb == "flag":
                self._put_at(data, second, 0, 8, use.order | 1 << 8)

    def _put(self, data: bytearray, index: int, name: str, value: int) -> None:
        if name in self.offsets:
            self._put_at(data, index, self.offsets[name], 4 if name == "mapcount" else 8, value)

    def _put_at(self, data: bytearray, index: int, offset: int, size: int, value: int) -> None:
        start = index * STRUCT_BYTES + offset
        data[start : start + size] = value.to_bytes(size, "little")

    def _put_flags(self, data: bytearray, index: int, names: Iterable[str]) -> None:
        node_and_zone = 1 << 62 | 1 << 55
        self._put(
            data, index, "flags", sum(1 << self.bits[name] for name in names if name in self.bits) | node_and_zone
        )


MAPPING = DIRECT + 0x4560
FLAGS = {
    "cache": ("lru", "uptodate"),
    "cache_private": ("lru", "private"),
    "anonymous": ("lru", "swapbacked"),
    "swapped": ("swapcache", "swapbacked"),
    "poisoned": ("hwpoison",),
    "owned": ("swapcache",),  # PG_owner_priv_1, since v4.10 the same bit
}
MAPPINGS = {
    "cache": MAPPING,
    "cache_private": MAPPING,
    "anonymous": MAPPING + 1,
    "ksm": MAPPING + 3,
    "movable": MAPPING + 2,
    "slab": MAPPING + 1,  # whatever the allocator keeps there, odd too
}
KINDS = {
    "kernel": PageKind.KEPT,
    "slab": PageKind.KEPT,
    "large_kmalloc": PageKind.KEPT,
    "movable": PageKind.KEPT,
    "owned": PageKind.KEPT,
    "cache": PageKind.CACHE,
    "cache_private": PageKind.CACHE_PRIVATE,
    "swapped": PageKind.CACHE,
    "anonymous": PageKind.USER,
    "ksm": PageKind.USER,
    "hugetlb": PageKind.USER,
    "free": PageKind.FREE,
    "poisoned": PageKind.HWPOISON,
    "offline": PageKind.OFFLINE,
    "unaccepted": PageKind.UNACCEPTED,
}

_OLD = {"flags": 0, "_count": 8, "mapcount": 12, "private": 16, "mapping": 24, "lru": 40}
_RHEL7 = {"flags": 0, "mapping": 8, "mapcount": 24, "_count": 28, "lru": 32, "private": 48}
_4_4 = {**_RHEL7, "head": 32}
_4_18 = {"flags": 0, "lru": 8, "head": 8, "mapping": 24, "private": 40, "mapcount": 48, "_refcount": 52}
_OLD_BITS = {"slab": 7, "lru": 5, "private": 11, "swapcache": 16, "swapbacked": 18, "head": 14}
_4_10_BITS = {"slab": 8, "lru": 5, "private": 12, "swapcache": 9, "swapbacked": 18, "head": 15, "hwpoison": 22}
_6_BITS = {"slab": 9, "lru": 4, "private": 13, "swapcache": 10, "swapbacked": 19, "head": 16, "hwpoison": 22}
_6_10_BITS = {"lru": 5, "private": 14, "swapcache": 10, "swapbacked": 17, "head": 6, "hwpoison": 21}
_BUDDY = {"buddy": -129}
_OFFLINE = {**_BUDDY, "offline": -257}
_6_10 = {"buddy": -129, "offline": -257, "hugetlb": -2049, "slab": -4097}
_6_12 = {"buddy": 0xF0 << 24, "offline": 0xF1 << 24, "hugetlb": 0xF4 << 24, "slab": 0xF5 << 24}
# Printed as a signed int by some kernels.
_6_16 = {name: value - (1 << 32) for name, value in {**_6_12, "unaccepted": 0xF7 << 24}.items()}
_NEVER = frozenset({"offline", "unaccepted"})

_ALL = (
    Generation(
        "v2.6.38",
        _OLD,
        _OLD_BITS,
        unnamed=frozenset({"page.mapcount", "page.private", "slab", "swapbacked"}),
        not_recognised=_NEVER | {"free", "poisoned", "hugetlb", "slab"},
    ),
    Generation(
        "v3.9",
        _RHEL7,
        {**_OLD_BITS, "hwpoison": 23},
        {"buddy": -128},
        unnamed=frozenset({"swapbacked"}),
        not_recognised=_NEVER | {"hugetlb"},
    ),
    Generation(
        "v3.17",
        _RHEL7,
        {**_OLD_BITS, "hwpoison": 23},
        {"buddy": -128},
        order="word",
        hugetlb="function",
        named=(f"SYMBOL(free_huge_page)={FREE_HUGE_PAGE:x}",),
        unnamed=frozenset({"swapbacked"}),
        not_recognised=_NEVER,
    ),
    Generation(
        "v4.4",
        _4_4,
        {**_OLD_BITS, "hwpoison": 23},
        {"buddy": -128},
        order="40:4",
        named=("NUMBER(HUGETLB_PAGE_DTOR)=2", "OFFSET(page.compound_dtor)=40", "OFFSET(page.compound_order)=44"),
        unnamed=frozenset({"swapbacked"}),
        not_recognised=_NEVER,
    ),
    Generation(
        "v4.18",
        _4_18,
        _4_10_BITS,
        _BUDDY,
        order="16:1",
        named=("NUMBER(HUGETLB_PAGE_DTOR)=2", "OFFSET(page.compound_dtor)=16", "OFFSET(page.compound_order)=17"),
        not_recognised=_NEVER,
    ),
    Generation(
        "v6.1",
        _4_18,
        _6_BITS,
        _OFFLINE,
        order="16:1",
        named=("NUMBER(HUGETLB_PAGE_DTOR)=2", "OFFSET(page.compound_dtor)=16", "OFFSET(page.compound_order)=17"),
        not_recognised=frozenset({"unaccepted"}),
    ),
    Generation(
        "v6.3",
        _4_18,
        _6_BITS,
        _OFFLINE,
        order="16:1",
        named=("NUMBER(HUGETLB_PAGE_DTOR)=2", "OFFSET(folio._folio_dtor)=80", "OFFSET(folio._folio_order)=81"),
        not_recognised=frozenset({"unaccepted"}),
    ),
    Generation(
        "v6.6",
        _4_18,
        _6_BITS,
        _OFFLINE,
        order="flags",
        hugetlb="flag",
        named=("NUMBER(PG_hugetlb)=8",),
        not_recognised=frozenset({"unaccepted"}),
    ),
    Generation(
        "v6.9",
        _4_18,
        _6_BITS,
        {**_OFFLINE, "hugetlb": -2049},
        order="flags",
        not_recognised=frozenset({"unaccepted"}),
    ),
    Generation("v6.10", _4_18, _6_10_BITS, _6_10, order="flags", not_recognised=frozenset({"unaccepted"})),
    Generation("v6.12", _4_18, _6_10_BITS, _6_12, order="flags", not_recognised=frozenset({"unaccepted"})),
    Generation("v6.16", _4_18, _6_10_BITS, _6_16, order="flags"),
    Generation("v7.1", _4_18, _6_10_BITS, _6_16, order="flags", head_name="compound_info"),
)
GENERATIONS = {generation.name: generation for generation in _ALL}


def without(generation: Generation, *names: str) -> Generation:
    """The same kernel, whose VMCOREINFO does not name these offsets and bits."""
    return replace(generation, unnamed=generation.unnamed | set(names))


# Where `machine` puts things, in pages: struct pages of section 0, then the tables, then the pages that are used.
STRUCTS_PFN = 0
TABLE_PFN = SECTION_PAGES * STRUCT_BYTES // 4096
ROOT_PFN = TABLE_PFN + 4
NODE_PFN = TABLE_PFN + 2
FIRST_PFN = 1024
_ZONE = (
    "OFFSET(pglist_data.node_zones)=0",
    "OFFSET(pglist_data.nr_zones)=16",
    "SIZE(zone)=16",
    "OFFSET(zone.vm_stat)=8",
    "NUMBER(NR_FREE_PAGES)=0",
)
_PRESENT_AND_MAPPED = 0x2F  # of section_mem_map: also online, early, and initialised beforehand
SECTIONS = {"extreme", "pointer", "static", "flat", "nodes", "vmemmap"}


def machine(
    generation: Generation,
    uses: Iterable[Use],
    end_pfn: int = 2048,
    model: str = "extreme",
    sections: int = 1,
    counted_free: int | None = None,
) -> bytes:
    """An ELF vmcore; its pages from FIRST_PFN to `end_pfn` are used as told, and their content is not in the file.

    `sections` of memory (EXTREME only) share the struct pages of the first. Of the machine's one zone the kernel says
    that `counted_free` pages are free.
    """
    structs = generation.structs(uses, SECTION_PAGES)
    pages = {STRUCTS_PFN + i: bytes(structs[i * 4096 : (i + 1) * 4096]) for i in range(TABLE_PFN - STRUCTS_PFN)}
    tables, lines = _sparse(model, sections) if model in ("extreme", "pointer", "static") else _flat(model, end_pfn)
    pages |= tables
    if counted_free is not None:
        pages[NODE_PFN] = _words(0, counted_free, 1)
        lines = [*lines, f"SYMBOL(contig_page_data)={DIRECT + NODE_PFN * 4096:x}", *_ZONE]
    pages |= {pfn: b"" for pfn in range(FIRST_PFN) if pfn not in pages}
    general = ["OSRELEASE=built", "PAGESIZE=4096", "NUMBER(phys_base)=0", *lines, ""]
    info = "\n".join(general) + generation.vmcoreinfo()
    return build_elf(pages, vmcoreinfo=info, excluded=range(FIRST_PFN, end_pfn), virtual=DIRECT)


_STRUCTS_AT = DIRECT + STRUCTS_PFN * 4096
_TABLE = DIRECT + TABLE_PFN * 4096
_ROOT = DIRECT + ROOT_PFN * 4096


def _sparse(model: str, sections: int) -> tuple[dict[int, bytes], list[str]]:
    """Pages with mem_section, and what VMCOREINFO says of it."""
    lines = ["SIZE(mem_section)=16", "OFFSET(mem_section.section_mem_map)=0", "NUMBER(SECTION_SIZE_BITS)=27"]
    maps = [_STRUCTS_AT - i * SECTION_PAGES * STRUCT_BYTES | _PRESENT_AND_MAPPED for i in range(sections)]
    entries = _words(*(word for value in maps for word in (value, 0)))
    if model == "static":
        lines += [f"SYMBOL(mem_section)={_TABLE:x}", "LENGTH(mem_section)=512", "NUMBER(MAX_PHYSMEM_BITS)=36"]
        return {TABLE_PFN: entries}, lines
    roots = [entries[i : i + 4096] for i in range(0, len(entries), 4096)]
    pages = {ROOT_PFN + i: page for i, page in enumerate(roots)}
    pages |= {TABLE_PFN: _words(*(_ROOT + i * 4096 for i in range(len(roots)))), TABLE_PFN + 1: _words(_TABLE)}
    symbol = _TABLE if model == "extreme" else _TABLE + 4096
    lines += [f"SYMBOL(mem_section)={symbol:x}", "LENGTH(mem_section)=2048", "NUMBER(MAX_PHYSMEM_BITS)=46"]
    return pages, lines


def _flat(model: str, end_pfn: int) -> tuple[dict[int, bytes], list[str]]:
    """Pages with what leads to the one array of struct pages, and what VMCOREINFO says of it."""
    if model == "vmemmap":
        return {}, [f"SYMBOL(vmemmap)={_STRUCTS_AT:x}"]
    if model == "flat":
        return {TABLE_PFN: _words(_STRUCTS_AT)}, [f"SYMBOL(mem_map)={_TABLE:x}"]
    members = ("node_mem_map", "node_start_pfn", "node_spanned_pages")
    lines = [f"OFFSET(pglist_data.{name})={8 * i}" for i, name in enumerate(members)]
    lines += [f"SYMBOL(node_data)={_TABLE:x}", "LENGTH(node_data)=4"]
    return {TABLE_PFN: _words(0, _ROOT), ROOT_PFN: _words(_STRUCTS_AT, 0, end_pfn)}, lines


def grown(data: bytes, end_pfn: int) -> bytes:
    """The dump that `machine` wrote, of a machine whose memory goes on to `end_pfn`."""
    memsz_at = 64 + 56 + 40  # the second program header is the first of memory
    return data[:memsz_at] + (end_pfn * 4096).to_bytes(8, "little") + data[memsz_at + 8 :]


def _words(*values: int) -> bytes:
    return b"".join(value.to_bytes(8, "little") for value in values)
