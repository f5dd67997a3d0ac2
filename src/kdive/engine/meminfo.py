"""Do the pages that were recognised in a running kernel agree with what it counts itself?

Source: /proc/meminfo, proc_meminfo(5).
"""

from __future__ import annotations

import re

from kdive.engine.kinds import PageKind
from kdive.engine.summary import Summary

_LINE = re.compile(r"^(\w+):\s+(\d{1,16}) kB$", re.MULTILINE)


def self_check(summary: Summary, page_size: int, meminfo: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What agrees, and what does not, each in words: free pages with MemFree, those of programs with AnonPages.

    Counts are a moment apart, and each CPU keeps some free pages to itself, so that the two are never equal.
    """
    counted = {name: int(kilobytes) << 10 for name, kilobytes in _LINE.findall(meminfo)}
    pages = summary.pages
    free = pages.get(PageKind.FREE, 0) + pages.get(PageKind.UNACCEPTED, 0)
    # Huge pages are told with the memory of programs, whether one uses them or not.
    comparisons = (
        ("free pages", free, ("MemFree",)),
        ("pages of programs", pages.get(PageKind.USER, 0), ("AnonPages", "Hugetlb")),
    )
    agreeing: list[str] = []
    differing: list[str] = []
    for what, found, names in comparisons:
        if names[0] not in counted:
            continue
        theirs = sum(counted.get(name, 0) for name in names)
        ours = found * page_size
        words = f"{what}: {ours >> 20:,} MB recognised, /proc/meminfo says {theirs >> 20:,} MB ({' + '.join(names)})"
        near = abs(ours - theirs) <= max(theirs // 8, sum(pages.values()) * page_size // 64)
        (agreeing if near else differing).append(words)
    return tuple(agreeing), tuple(differing)
