"""The kinds of a machine's pages are held against its own counters."""

from __future__ import annotations

from kdive.engine.kinds import PageKind
from kdive.kdump.live_pages import disagreements

GB = 1 << 30
MEMINFO = {"MemTotal": 8 * GB, "MemFree": 4 * GB, "AnonPages": 2 * GB, "Cached": GB, "Buffers": 0}
PAGES = {PageKind.FREE: 4 * GB >> 12, PageKind.USER: 2 * GB >> 12, PageKind.CACHE: GB >> 12, PageKind.KEPT: GB >> 12}


def test_counts_that_agree_are_no_trouble() -> None:
    assert disagreements(PAGES, 4096, MEMINFO) == []
    assert disagreements({**PAGES, PageKind.FREE: int(3.7 * GB) >> 12}, 4096, MEMINFO) == []


def test_free_pages_that_are_not_recognised_are_named() -> None:
    assert disagreements({**PAGES, PageKind.FREE: 0}, 4096, MEMINFO) == [
        "0 MB look free, the kernel counts 4096 MB",
    ]


def test_pages_of_the_kernel_that_would_be_thrown_away_are_named() -> None:
    mistaken = {**PAGES, PageKind.KEPT: 0, PageKind.CACHE: 2 * GB >> 12}
    assert disagreements(mistaken, 4096, MEMINFO) == ["2048 MB look cache, the kernel counts 1024 MB"]


def test_a_small_machine_may_be_off_by_what_its_cpus_keep() -> None:
    small = {"MemFree": 100 << 20, "AnonPages": 1 << 20, "Cached": 20 << 20}
    assert disagreements({PageKind.FREE: (60 << 20) >> 12}, 4096, small) == []


def test_what_the_kernel_does_not_count_is_not_compared() -> None:
    assert disagreements(PAGES, 4096, {}) == []
