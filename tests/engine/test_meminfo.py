"""The pages recognised in a running kernel, beside its own counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdive.engine.kinds import PageKind
from kdive.engine.meminfo import self_check
from kdive.engine.save import measure
from kdive.engine.summary import Summary

MEMINFO = """MemTotal:        4031844 kB
MemFree:         3276800 kB
AnonPages:         81920 kB
HugePages_Total:      16
Hugepagesize:       2048 kB
Hugetlb:           32768 kB
"""


def summary(free_mb: int, user_mb: int) -> Summary:
    pages = {PageKind.FREE: free_mb << 8, PageKind.USER: user_mb << 8, PageKind.KEPT: 100 << 8}
    return Summary(pages, (), ())


def test_counts_that_are_near_agree() -> None:
    assert self_check(summary(3180, 110), 4096, MEMINFO) == (
        (
            "free pages: 3,180 MB recognised, /proc/meminfo says 3,200 MB (MemFree)",
            "pages of programs: 110 MB recognised, /proc/meminfo says 112 MB (AnonPages + Hugetlb)",
        ),
        (),
    )


def test_pages_that_are_not_recognised_are_noticed() -> None:
    agreeing, differing = self_check(summary(0, 110), 4096, MEMINFO)
    assert len(agreeing) == 1
    assert differing == ("free pages: 0 MB recognised, /proc/meminfo says 3,200 MB (MemFree)",)


def test_a_kernel_that_says_nothing_is_not_compared() -> None:
    assert self_check(summary(1, 1), 4096, "") == ((), ())
    assert self_check(summary(1, 1), 4096, "MemFree: many kB\nAnonPages:\n") == ((), ())


def test_the_running_kernel_agrees_with_itself() -> None:
    try:
        with open("/proc/kcore", "rb") as kcore:
            head = kcore.read(4)
    except OSError as error:
        pytest.skip(f"/proc/kcore cannot be read: {error.strerror}")
    if head != b"\x7fELF":
        pytest.skip("/proc/kcore is hidden from this container")
    usage = measure(Path("/proc/kcore"))
    assert len(usage.agreeing) == 2
    assert usage.summary.pages[PageKind.KEPT] > 0
