"""What pages are used for, from their struct pages: arrays of them at a time, no Python for each page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kdive.compat.pages import Field, PageRules, PageType
from kdive.engine.kinds import PageKind

WINDOW_PAGES = 1 << 15  # a section of 128 MiB, whose struct pages are 2 MiB: one huge page, and about a cache

Kinds = NDArray[np.uint8]
Mask = NDArray[np.bool_]
_Numbers = NDArray[np.unsignedinteger]


@dataclass
class Doubts:
    """Pages that say what cannot be, and are kept for it."""

    bad_order: int = 0  # free blocks of an order that does not exist, or that do not lie where they could
    uninitialised: int = 0  # struct pages


class Classifier:
    """Tells the kinds of pages, window after window, ascending. Ranges that cross windows are carried over."""

    def __init__(self, rules: PageRules) -> None:
        self.doubts = Doubts()
        self._rules = rules
        self._carried: list[tuple[int, PageKind]] = []  # end pfn

    def classify(self, structs: NDArray[np.uint8], readable: Mask | None, first_pfn: int) -> Kinds:
        """The kinds of pages from `first_pfn` on, a multiple of WINDOW_PAGES.

        `structs` are the bytes of WINDOW_PAGES struct pages, `readable` is false where they could not be read.
        """
        return _Window(self._rules, structs, readable, first_pfn, self.doubts, self._carried).kinds()


class _Window:
    """The struct pages of one window, a member at a time."""

    def __init__(
        self,
        rules: PageRules,
        structs: NDArray[np.uint8],
        readable: Mask | None,
        first_pfn: int,
        doubts: Doubts,
        carried: list[tuple[int, PageKind]],
    ) -> None:
        self._rules = rules
        self._structs = structs
        self._count = len(structs) // rules.size
        self._readable = readable
        self._first_pfn = first_pfn
        self._doubts = doubts
        self._carried = carried
        self._flags = np.ascontiguousarray(self._member(rules.flags))
        self._mapcount = None if rules.mapcount is None else np.ascontiguousarray(self._member(rules.mapcount))
        self._slab = self._slabs()

    def kinds(self) -> Kinds:
        """The kinds of all pages."""
        rules = self._rules
        kinds = np.zeros(self._count, np.uint8)
        tails = None if rules.tail is None else self._odd(rules.tail)
        # From the last to be asked for to the first, as later ones overwrite.
        self._mark_type(kinds, rules.offline, PageKind.OFFLINE)
        self._mark_processes_and_files(kinds)
        self._mark_type(kinds, rules.unaccepted, PageKind.UNACCEPTED)
        free = self._of_type(rules.buddy)
        if free is not None:
            kinds[free] = PageKind.FREE
        if tails is not None:
            kinds[tails] = PageKind.KEPT
        poisoned = self._poisoned()
        if poisoned is not None:
            kinds[poisoned] = PageKind.HWPOISON
        self._mark_unknown(kinds)
        self._paint(kinds)
        self._paint_carried(kinds)
        if poisoned is not None:
            kinds[poisoned] = PageKind.HWPOISON  # even within a range of another kind
        return kinds

    def _member(self, field: Field) -> _Numbers:
        """The member of all struct pages, where it lies."""
        return np.ndarray(
            (self._count,),
            np.dtype(f"{self._rules.byte_order}u{field.size}"),
            self._structs.data,
            field.offset,
            (self._rules.size,),
        )

    def _odd(self, field: Field) -> Mask:
        """Whether bit 0 of the member is set."""
        low = field.offset if self._rules.byte_order == "<" else field.offset + field.size - 1
        return (self._member(Field(low, 1)) & 1).astype(np.bool_)

    def _of_type(self, page_type: PageType | None) -> Mask | None:
        """The pages of a type; None when there are none."""
        if page_type is None or self._mapcount is None:
            return None
        found: Mask = self._mapcount & page_type.mask == page_type.value
        if self._slab is not None:
            found &= ~self._slab
        return found if found.any() else None

    def _slabs(self) -> Mask | None:
        rules = self._rules
        if rules.slab is not None and self._mapcount is not None:
            slab: Mask = self._mapcount & rules.slab.mask == rules.slab.value
            return slab
        return self._flags & rules.slab_flag != 0 if rules.slab_flag else None

    def _mark_type(self, kinds: Kinds, page_type: PageType | None, kind: PageKind) -> None:
        found = self._of_type(page_type)
        if found is not None:
            kinds[found] = kind

    def _mark_processes_and_files(self, kinds: Kinds) -> None:
        rules = self._rules
        if not rules.recognises_user or rules.mapping is None:
            return
        anonymous = self._odd(rules.mapping)
        cached = self._flags & rules.lru != 0
        if rules.swapcache:
            both = rules.swapcache | rules.swapbacked
            cached |= self._flags & both == both
        cached &= ~anonymous
        if rules.typed:
            untyped = ~self._typed()
            anonymous &= untyped
            cached &= untyped
        elif self._slab is not None:
            anonymous &= ~self._slab
        kinds[anonymous] = PageKind.USER
        self._mark_hugetlb(kinds)
        if rules.recognises_cache:
            kinds[cached] = PageKind.CACHE
            kinds[cached & (self._flags & rules.private_data != 0)] = PageKind.CACHE_PRIVATE

    def _typed(self) -> Mask:
        """Pages with any type: 0xf0 to 0xfe in the upper byte of _mapcount."""
        assert self._mapcount is not None
        return (self._mapcount >= 0xF0000000) & (self._mapcount < 0xFF000000)

    @cached_property
    def _heads(self) -> NDArray[np.intp]:
        """The heads of compound pages that have a struct page behind them."""
        heads = np.flatnonzero(self._flags & self._rules.head) if self._rules.head else np.empty(0, np.intp)
        return heads[heads < self._count - 1]

    def _mark_hugetlb(self, kinds: Kinds) -> None:
        rule = self._rules.hugetlb
        if rule is None:
            return
        heads = self._heads
        if rule.page_type is not None and self._mapcount is not None:
            found = self._mapcount[heads] & rule.page_type.mask == rule.page_type.value
        elif rule.next_flag is not None:
            found = self._flags[heads + 1] & rule.next_flag != 0
        elif rule.destructor is not None:
            found = self._member(rule.destructor[0])[heads + 1] == rule.destructor[1]
        else:
            return
        kinds[heads[found]] = PageKind.USER

    def _poisoned(self) -> Mask | None:
        """The pages that the hardware found broken; None when there are none."""
        if not self._rules.hwpoison:
            return None
        poisoned: Mask = (self._flags & self._rules.hwpoison != 0) & ~self._uninitialised() & self._known()
        return poisoned if poisoned.any() else None

    def _uninitialised(self) -> Mask:
        """Struct pages full of ones, as debugging kernels leave those that they have not come to."""
        uninitialised: Mask = self._flags == np.iinfo(self._flags.dtype).max
        return uninitialised

    def _mark_unknown(self, kinds: Kinds) -> None:
        uninitialised = self._uninitialised()
        if uninitialised.any():
            self._doubts.uninitialised += int(np.count_nonzero(uninitialised & self._known()))
            kinds[uninitialised] = PageKind.UNKNOWN
        if self._readable is not None:
            kinds[~self._readable] = PageKind.UNKNOWN

    def _known(self) -> Mask:
        return np.ones(self._count, np.bool_) if self._readable is None else self._readable

    def _paint(self, kinds: Kinds) -> None:
        """Gives the pages of a free block and the tails of a compound page the kind of its first page.

        Larger ranges come last: as whoever walks the pages one by one, they skip what a range holds.
        """
        firsts, orders = self._ranges(kinds)
        of_first = kinds[firsts]
        for order in np.flatnonzero(np.bincount(orders)).tolist():
            chosen = orders == order
            if 1 << order >= self._count:
                end = self._first_pfn + (1 << order)
                self._carried.append((end, PageKind(int(of_first[chosen][0]))))
                continue
            blocks = kinds.reshape(-1, 1 << order)
            blocks[firsts[chosen] >> order] = of_first[chosen][:, None]

    def _ranges(self, kinds: Kinds) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """First pages, and orders, of all ranges that are not kept and longer than a page."""
        rules = self._rules
        firsts, orders = [], []
        if rules.order is not None:
            heads = self._heads
            heads = heads[(kinds[heads] != PageKind.KEPT) & (kinds[heads] != PageKind.UNKNOWN)]
            heads = heads[(kinds[heads] != PageKind.FREE) & (kinds[heads] != PageKind.UNACCEPTED)]
            if self._readable is not None:
                heads = heads[self._readable[heads + 1]]
            found = self._member(rules.order)[heads + 1]
            good = self._aligned(heads, found)
            firsts.append(heads[good])
            orders.append(found[good].astype(np.int64))
        if rules.buddy is not None and rules.private is not None and rules.free_areas is not None:
            blocks = np.flatnonzero(kinds == PageKind.FREE)
            found = self._member(rules.private)[blocks]
            good = (found < rules.free_areas) & self._aligned(blocks, found)
            self._doubts.bad_order += len(blocks) - int(np.count_nonzero(good))
            kinds[blocks[~good]] = PageKind.UNKNOWN
            firsts.append(blocks[good])
            orders.append(found[good].astype(np.int64))
        if rules.unaccepted is not None and rules.free_areas is not None:
            blocks = np.flatnonzero(kinds == PageKind.UNACCEPTED)
            found = np.full(len(blocks), rules.free_areas - 1, np.uint64)
            good = self._aligned(blocks, found)
            firsts.append(blocks[good])
            orders.append(found[good].astype(np.int64))
        if not firsts:
            return np.empty(0, np.intp), np.empty(0, np.int64)
        starts, all_orders = np.concatenate(firsts), np.concatenate(orders)
        longer = all_orders > 0
        return starts[longer], all_orders[longer]

    def _aligned(self, indices: NDArray[np.intp], orders: _Numbers) -> Mask:
        """Whether blocks of these orders may start at these pages."""
        small = np.minimum(orders, 63).astype(np.int64)
        good: Mask = (orders < 52) & ((self._first_pfn + indices) & ((np.int64(1) << small) - 1) == 0)
        return good

    def _paint_carried(self, kinds: Kinds) -> None:
        """Paints what ranges from windows before this one, or as large as it, say."""
        self._carried[:] = [(end, kind) for end, kind in self._carried if end > self._first_pfn]
        for end, kind in self._carried:
            kinds[: end - self._first_pfn] = kind
