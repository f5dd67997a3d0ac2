"""What the members of struct page say about a page, by what a kernel's VMCOREINFO names.

One rule for each question, the newest kernel first; releases are only told, never asked. What a kernel does not name is
None, and `PageRules.unknown` says which pages are kept for it.

Source: crash_save_vmcoreinfo_init(), kernel/vmcore_info.c; include/linux/page-flags.h, mm_types.h.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kdive.facts.missing import Missing
from kdive.formats import vmcoreinfo
from kdive.formats.record import ByteOrder

Info = Mapping[str, str]

_TYPE_SHIFT = 24  # of the page type in _mapcount
_FIRST_TYPE = 0xF0
_NO_TYPE = 0xFF
_STRUCT_LIMIT = 512  # bytes of a struct page; it has 64 wherever nothing is debugged
_FREE_AREAS_LIMIT = 32
_ORDER_SIZES = (1, 2, 4, 8)


@dataclass(frozen=True)
class Field:
    """An unsigned number in struct page."""

    offset: int  # bytes
    size: int  # bytes


@dataclass(frozen=True)
class PageType:
    """A value of _mapcount that says what a page is: it matches where `_mapcount & mask == value`, as 32 bits."""

    value: int
    mask: int


@dataclass(frozen=True)
class Hugetlb:
    """How the head of a huge page is told from other compound pages: one of these is not None."""

    page_type: PageType | None = None
    next_flag: int | None = None  # mask on the flags of the struct page behind the head's
    destructor: tuple[Field, int] | None = None  # of the struct page behind the head's, and its value


@dataclass(frozen=True)
class PageRules:
    """Where to look in a struct page and what to find there. Masks are on `flags`; 0 where a flag does not exist."""

    byte_order: ByteOrder
    size: int  # bytes of a struct page
    flags: Field
    mapping: Field | None
    mapcount: Field | None
    private: Field | None
    tail: Field | None  # bit 0 is set in the tails of compound pages
    order: Field | None  # log2 of a compound page's size, in the struct page behind the head's
    head: int
    lru: int
    private_data: int
    swapcache: int
    swapbacked: int
    hwpoison: int
    slab_flag: int
    slab: PageType | None
    buddy: PageType | None
    offline: PageType | None
    unaccepted: PageType | None
    typed: bool  # any type in the upper byte of _mapcount rules out that the page is of a process or a file
    free_areas: int | None  # orders of free blocks
    hugetlb: Hugetlb | None
    recognises_cache: bool
    recognises_user: bool
    unknown: tuple[str, ...]  # which pages are kept because they cannot be recognised, and why


def page_rules(info: Info, order: ByteOrder, word_size: int) -> PageRules | Missing:
    """The rules of the kernel that wrote `info`; Missing where not even the flags of a page can be found."""
    size = vmcoreinfo.size(info, "page")
    if size is None or not 4 * word_size <= size <= _STRUCT_LIMIT:
        return Missing("VMCOREINFO does not say how large a struct page is")
    fields = _Fields(info, size)
    flags = fields.get(word_size, "page.flags")
    if flags is None:
        return Missing("VMCOREINFO does not say where a struct page has its flags")
    bits = 8 * word_size
    mapping = fields.get(word_size, "page.mapping")
    mapcount = fields.get(4, "page._mapcount")
    private = fields.get(word_size, "page.private")
    tail = fields.get(word_size, "page.compound_info", "page.compound_head")
    old = tail is None and vmcoreinfo.offset(info, "page._count") is not None
    slab, slab_flag = _type(info, "SLAB"), _flag(info, "PG_slab", bits)
    if slab:
        slab_flag = 0  # the bit means something else by now
    buddy = _type(info, "BUDDY") if mapcount and private else None
    lru, swapcache, swapbacked, private_data = _cache_flags(info, bits)
    unknown = []
    why_user = _why_no_user(mapping, mapcount, tail, old, bool(slab or slab_flag), _type(info, "BUDDY"))
    why_cache = why_user or ("" if lru and private_data else "VMCOREINFO does not name PG_lru and PG_private")
    if why_cache:
        unknown.append(f"page cache is kept: {why_cache}")
    if why_user:
        unknown.append(f"memory of processes is kept: {why_user}")
    free_areas = vmcoreinfo.length(info, "zone.free_area")
    if free_areas is not None and not 0 < free_areas <= _FREE_AREAS_LIMIT:
        free_areas = None
    if not buddy or free_areas is None:
        buddy = None
        unknown.append(f"free pages are kept: {_why_no_buddy(info)}")
    order_field = _order_field(info, flags, size, word_size, order, old)
    head = vmcoreinfo.number(info, "PG_head_mask") or 0
    if not 0 < head < 1 << bits:
        head = 0
    if not head or not order_field:
        order_field = None
        unknown.append("of huge pages only the first page is recognised: VMCOREINFO does not say how large they are")
    return PageRules(
        byte_order=order,
        size=size,
        flags=flags,
        mapping=mapping,
        mapcount=mapcount,
        private=private,
        tail=tail,
        order=order_field,
        head=head,
        lru=lru,
        private_data=private_data,
        swapcache=swapcache,
        swapbacked=swapbacked,
        hwpoison=_flag(info, "PG_hwpoison", bits),
        slab_flag=slab_flag,
        slab=slab if mapcount else None,
        buddy=buddy,
        offline=_type(info, "OFFLINE") if mapcount else None,
        unaccepted=_type(info, "UNACCEPTED") if mapcount and free_areas else None,
        typed=bool(mapcount and slab and slab.mask != _MAPCOUNT_BITS),
        free_areas=free_areas,
        hugetlb=_hugetlb(info, size, word_size, bits, mapcount, old),
        recognises_cache=not why_cache,
        recognises_user=not why_user,
        unknown=tuple(unknown),
    )


_MAPCOUNT_BITS = (1 << 32) - 1


class _Fields:
    """Members of struct page that lie inside of it."""

    def __init__(self, info: Info, struct_size: int) -> None:
        self._info = info
        self._struct_size = struct_size

    def get(self, size: int, *names: str) -> Field | None:
        """The first of the members `names` that the kernel has."""
        for name in names:
            offset = vmcoreinfo.offset(self._info, name)
            if offset is not None and 0 <= offset <= self._struct_size - size:
                return Field(offset, size)
        return None


def _flag(info: Info, name: str, bits: int) -> int:
    bit = vmcoreinfo.number(info, name)
    return 1 << bit if bit is not None and 0 <= bit < bits else 0


def _type(info: Info, name: str) -> PageType | None:
    """The value of _mapcount of a page of type `name`.

    4ffca5a96678 "mm: support only one page_type per page", v6.12: the type is the upper byte, the rest is free for
    whoever has the page. Before that all 32 bits are compared. The kernel prints the same bits signed or unsigned.
    """
    number = vmcoreinfo.number(info, f"PAGE_{name}_MAPCOUNT_VALUE")
    if number is None:
        return None
    value = number & _MAPCOUNT_BITS
    upper = value >> _TYPE_SHIFT
    if _FIRST_TYPE <= upper < _NO_TYPE and value == upper << _TYPE_SHIFT:
        return PageType(value, _NO_TYPE << _TYPE_SHIFT)
    return PageType(value, _MAPCOUNT_BITS)


def _cache_flags(info: Info, bits: int) -> tuple[int, int, int, int]:
    """Masks of PG_lru, PG_swapcache, PG_swapbacked and PG_private.

    6326fec1122c "mm: Use owner_priv bit for PageSwapCache, valid when PageSwapBacked", v4.10: since then PG_swapcache
    lies below PG_private, and says nothing where PG_swapbacked is not known.
    """
    lru, private = _flag(info, "PG_lru", bits), _flag(info, "PG_private", bits)
    swapcache, swapbacked = _flag(info, "PG_swapcache", bits), _flag(info, "PG_swapbacked", bits)
    if not swapbacked and swapcache < private:
        swapcache = 0
    return lru, swapcache, swapbacked, private


def _why_no_user(
    mapping: Field | None,
    mapcount: Field | None,
    tail: Field | None,
    old: bool,
    slab: bool,
    buddy: PageType | None,
) -> str:
    """Why an odd `mapping` cannot be taken for anonymous memory; "" where it can.

    d50569612c29 "mm: rename the 'compound_head' field in the 'struct page' to 'compound_info'", v7.1: who does not
    know either name takes the second page of each compound page, slabs too, for memory of a process, since
    `_entire_mapcount` lies there. Before v4.4 tails have no mapping, and before v3.9 (which named _mapcount) slabs
    have none.
    """
    if mapping is None:
        return "VMCOREINFO does not say where a struct page has its mapping"
    if tail is None and not old:
        return "VMCOREINFO does not say how to tell the tails of compound pages"
    if not slab and (mapcount or buddy):
        return "VMCOREINFO does not say how to tell slabs"
    return ""


def _why_no_buddy(info: Info) -> str:
    # 8d67091ec68a "kexec: add the values related to buddy system for filtering free pages.", v3.9
    names = {
        "page._mapcount": vmcoreinfo.offset(info, "page._mapcount"),
        "page.private": vmcoreinfo.offset(info, "page.private"),
        "PAGE_BUDDY_MAPCOUNT_VALUE": vmcoreinfo.number(info, "PAGE_BUDDY_MAPCOUNT_VALUE"),
        "zone.free_area": vmcoreinfo.length(info, "zone.free_area"),
    }
    absent = [name for name, value in names.items() if value is None]
    return f"VMCOREINFO does not name {', '.join(absent)}" if absent else "VMCOREINFO contradicts itself"


def _order_field(info: Info, flags: Field, size: int, word_size: int, order: ByteOrder, old: bool) -> Field | None:
    """Where the struct page behind a compound page's head has the order.

    ebc1baf5c9b4 "mm: free up a word in the first tail page", v6.6: the low byte of its flags. 1c5509be58f6 "mm: remove
    'First tail page' members from struct page", v6.3: in struct folio. Until v4.15 it had 4 bytes (2 on 32 bits), then
    1: as many as lie between it and the destructor's id before it. Before v4.4 it was a word, in place of lru.prev.
    """
    named = (vmcoreinfo.number(info, name) for name in ("PAGE_HUGETLB_MAPCOUNT_VALUE", "PG_hugetlb"))
    if any(number is not None for number in named) or _type(info, "SLAB"):
        return Field(flags.offset + (0 if order == "<" else word_size - 1), 1)
    destructor = _destructor_field(info, size)
    if destructor is not None:
        return _inside(destructor.offset + destructor.size, destructor.size, size)
    lru = vmcoreinfo.offset(info, "page.lru")
    if old and lru is not None:
        return _inside(lru + (vmcoreinfo.offset(info, "list_head.prev") or word_size), word_size, size)
    return None


def _destructor_field(info: Info, size: int) -> Field | None:
    """The id of a compound page's destructor, in the struct page behind the head's: v4.4 to v6.5."""
    for members, base in ((("folio._folio_dtor", "folio._folio_order"), size), (_COMPOUND_MEMBERS, 0)):
        destructor, order = (vmcoreinfo.offset(info, member) for member in members)
        if destructor is not None and order is not None:
            return _inside(destructor - base, order - destructor, size) if order - destructor in _ORDER_SIZES else None
    return None


_COMPOUND_MEMBERS = ("page.compound_dtor", "page.compound_order")


def _inside(offset: int, field_size: int, size: int) -> Field | None:
    return Field(offset, field_size) if 0 <= offset <= size - field_size else None


def _hugetlb(info: Info, size: int, word_size: int, bits: int, mapcount: Field | None, old: bool) -> Hugetlb | None:
    """d99e3140a4d3 "mm: turn folio_test_hugetlb into a PageType", v6.9: before, a flag (v6.6), an id, a function."""
    page_type = _type(info, "HUGETLB")
    if page_type is not None and mapcount:
        return Hugetlb(page_type=page_type)
    flag = _flag(info, "PG_hugetlb", bits)
    if flag:
        return Hugetlb(next_flag=flag)
    destructor, identifier = _destructor_field(info, size), vmcoreinfo.number(info, "HUGETLB_PAGE_DTOR")
    if destructor is not None and identifier is not None:
        return Hugetlb(destructor=(destructor, identifier))
    lru, function = vmcoreinfo.offset(info, "page.lru"), vmcoreinfo.symbol(info, "free_huge_page")
    if old and lru is not None and function is not None:
        field = _inside(lru + (vmcoreinfo.offset(info, "list_head.next") or 0), word_size, size)
        return None if field is None else Hugetlb(destructor=(field, function))
    return None
