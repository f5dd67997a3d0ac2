"""What a page was used for, as far as a dump's level asks."""

from __future__ import annotations

from enum import IntEnum


class PageKind(IntEnum):
    """One byte a page. KEPT pages are in every dump: the kernel's own, and what no level excludes."""

    KEPT = 0
    CACHE = 1  # of files, clean: without private data of a file system
    CACHE_PRIVATE = 2
    USER = 3  # anonymous memory of processes, and huge pages
    FREE = 4
    HWPOISON = 5  # the hardware found it broken: reading it may stop the machine
    OFFLINE = 6  # given back to the hypervisor: what it holds is no longer this machine's
    UNACCEPTED = 7  # never used since boot by a confidential guest
    UNKNOWN = 8  # its struct page cannot be read or is not understood: kept
    HOLE = 9  # no memory


ALWAYS_EXCLUDED = frozenset({PageKind.HWPOISON, PageKind.OFFLINE, PageKind.HOLE})

_BY_BIT = {
    2: frozenset({PageKind.CACHE}),
    4: frozenset({PageKind.CACHE, PageKind.CACHE_PRIVATE}),
    8: frozenset({PageKind.USER}),
    16: frozenset({PageKind.FREE, PageKind.UNACCEPTED}),
}


def excluded_kinds(level: int) -> frozenset[PageKind]:
    """The kinds that a dump of `level` leaves out. Bit 1, pages of zeros, is for who copies them to see."""
    return ALWAYS_EXCLUDED.union(*(kinds for bit, kinds in _BY_BIT.items() if level & bit))
