"""The machine's memory, window by window, with what each page was used for.

selection = Selection(memory)
for window in selection.windows(): ...
selection.summary()
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kdive.compat.pages import PageRules, page_rules
from kdive.engine.classify import WINDOW_PAGES, Classifier
from kdive.engine.kinds import PageKind
from kdive.engine.summary import Summary as Summary
from kdive.errors import ReadError
from kdive.facts.missing import Missing
from kdive.memory.memory import Memory
from kdive.memory.page_structs import PageStructs, Span, find_page_structs
from kdive.memory.zones import count_free_pages

_FEW_PAGES = 4096


@dataclass(frozen=True)
class Window:
    """Pages from `first_pfn` on, a multiple of WINDOW_PAGES; at most as many."""

    first_pfn: int
    present: NDArray[np.bool_]  # whether the machine has the page
    kinds: NDArray[np.uint8]  # of PageKind


class Selection:
    """The pages of `memory` by kind."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        info = memory.dump.vmcoreinfo
        rules = info if isinstance(info, Missing) else page_rules(info, memory.dump.order, memory.dump.word_size)
        self._rules: PageRules | Missing = rules
        self._structs: PageStructs | Missing = rules if isinstance(rules, Missing) else find_page_structs(memory)
        self._counts = np.zeros(max(PageKind) + 1, np.int64)
        self._unreadable = 0
        self._classifier: Classifier | None = None
        self._buffer: NDArray[np.uint8] | None = None

    @property
    def knows(self) -> bool:
        """Whether it was found how pages say what they are used for."""
        return not isinstance(self._structs, Missing)

    def windows(self) -> Iterator[Window]:
        """All windows with memory in them, ascending. Starts to count anew."""
        self._counts[:] = 0
        self._unreadable = 0
        self._classifier = None if isinstance(self._rules, Missing) else Classifier(self._rules)
        segments = _Segments(self._memory)
        for first_pfn in segments.windows():
            present = segments.present(first_pfn)
            kinds = self._kinds(first_pfn, present)
            self._counts += np.bincount(kinds[present], minlength=len(self._counts))
            kinds[~present] = PageKind.HOLE
            yield Window(first_pfn, present, kinds)

    def summary(self) -> Summary:
        """What the windows that were given so far hold."""
        pages: dict[PageKind, int] = {kind: int(self._counts[kind]) for kind in PageKind if kind != PageKind.HOLE}
        if isinstance(self._rules, Missing) or isinstance(self._structs, Missing):
            why = self._rules or self._structs
            reason = f"all pages are kept: {why.reason}" if isinstance(why, Missing) else ""
            return Summary(pages, (f"no page was recognised: {reason}",), (reason,))
        warnings = _none_of(pages, self._rules) or _free_miscounted(pages, count_free_pages(self._memory))
        reasons = list(self._rules.unknown)
        doubts = self._classifier.doubts if self._classifier else None
        if doubts and doubts.bad_order:
            warnings.append(f"{doubts.bad_order} free blocks are of an impossible size: they are kept")
        if doubts and doubts.uninitialised:
            reasons.append(f"{doubts.uninitialised} pages are kept: their struct pages were never initialised")
        if self._unreadable:
            reasons.append(f"{self._unreadable} pages are kept: their struct pages cannot be read")
        return Summary(pages, tuple(warnings), tuple(reasons))

    def _kinds(self, first_pfn: int, present: NDArray[np.bool_]) -> NDArray[np.uint8]:
        if self._classifier is None or isinstance(self._structs, Missing):
            return np.full(WINDOW_PAGES, PageKind.UNKNOWN, np.uint8)
        structs, readable = self._read(self._structs, first_pfn)
        if readable is not None:
            self._unreadable += int(np.count_nonzero(present & ~readable))
        return self._classifier.classify(structs, readable, first_pfn)

    def _read(self, structs: PageStructs, first_pfn: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_] | None]:
        """The struct pages of a window, until the next one is read; the second array is None where all are good."""
        if self._buffer is None:
            self._buffer = np.zeros(WINDOW_PAGES * structs.size, np.uint8)
        rows = self._buffer.reshape(WINDOW_PAGES, structs.size)
        readable = np.zeros(WINDOW_PAGES, np.bool_)
        for span in structs.spans(first_pfn, first_pfn + WINDOW_PAGES):
            chosen = slice(span.first_pfn - first_pfn, span.end_pfn - first_pfn)
            readable[chosen] = self._read_span(span, rows[chosen])
        if readable.all():
            return self._buffer, None
        rows[~readable] = 0
        return self._buffer, readable

    def _read_span(self, span: Span, rows: NDArray[np.uint8]) -> NDArray[np.bool_] | bool:
        """Fills `rows`; false for struct pages that could not be read."""
        try:
            self._memory.read_into(span.address, memoryview(rows.reshape(-1)))  # type: ignore[arg-type]
            return True
        except ReadError:
            pass
        try:
            data, holes = self._memory.read_with_holes(span.address, rows.size)
        except ReadError:
            return False
        rows[:] = np.frombuffer(data, np.uint8).reshape(rows.shape)
        good = np.ones(len(rows), np.bool_)
        size = rows.shape[1]
        for start, end in holes:
            good[start // size : -(-end // size)] = False
        return good


def windows(memory: Memory) -> Iterator[Window]:
    """The windows of `memory`, for callers that need no summary."""
    return Selection(memory).windows()


class _Segments:
    """Which pages the machine has."""

    def __init__(self, memory: Memory) -> None:
        page_size = memory.dump.page_size
        self._ranges = [
            (segment.physical // page_size, -(-(segment.physical + segment.size) // page_size))
            for segment in memory.dump.segments()
        ]
        self._next = 0

    def windows(self) -> Iterator[int]:
        """First pages of the windows with memory in them."""
        end_before = 0
        for first, end in self._ranges:
            for window in range(max(first // WINDOW_PAGES, end_before), -(-end // WINDOW_PAGES)):
                yield window * WINDOW_PAGES
                end_before = window + 1

    def present(self, first_pfn: int) -> NDArray[np.bool_]:
        """The pages of one window; windows must be asked for in order."""
        present = np.zeros(WINDOW_PAGES, np.bool_)
        while self._next < len(self._ranges) and self._ranges[self._next][1] <= first_pfn:
            self._next += 1
        for first, end in self._ranges[self._next :]:
            if first >= first_pfn + WINDOW_PAGES:
                break
            present[max(first - first_pfn, 0) : end - first_pfn] = True
        return present


def _none_of(pages: Mapping[PageKind, int], rules: PageRules) -> list[str]:
    """A warning for each kind that every machine has pages of and that none was found of."""
    if not any(pages.values()):
        return []
    expected = (
        ("free pages", pages[PageKind.FREE], bool(rules.buddy)),
        ("pages of files", pages[PageKind.CACHE] + pages[PageKind.CACHE_PRIVATE], rules.recognises_cache),
        ("pages of processes", pages[PageKind.USER], rules.recognises_user),
    )
    why = {True: "this kernel may mark them in a way that is not known here", False: "VMCOREINFO does not say how"}
    return [f"{name} not recognised: {why[known]}" for name, count, known in expected if not count]


def _free_miscounted(pages: Mapping[PageKind, int], counted: int | Missing) -> list[str]:
    """A warning where the kernel's own count of free pages is far off ours.

    Each CPU keeps some pages, and some of the count, to itself, so that the two are never equal.
    """
    if isinstance(counted, Missing):
        return []
    found = pages[PageKind.FREE] + pages[PageKind.UNACCEPTED]
    if abs(found - counted) <= max(counted // 4, sum(pages.values()) // 64, _FEW_PAGES):
        return []
    return [f"{found} free pages recognised, but the kernel counted {counted}"]
