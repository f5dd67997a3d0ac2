"""Whether kdive understands this kernel's pages: what it takes them for, held against the kernel's own counters."""

from __future__ import annotations

from collections.abc import Mapping

from kdive.engine.kinds import PageKind

_SLACK = 0.1  # of what the kernel counts: memory goes on being used while it is looked at
_SLACK_BYTES = 64 << 20


def disagreements(pages: Mapping[PageKind, int], page_size: int, meminfo: Mapping[str, int]) -> list[str]:
    """Kinds whose number of pages is far from what /proc/meminfo says, in words.

    Free pages on lists of single CPUs are in MemFree but look used, and huge pages that nobody uses count as programs'.
    """
    counted = {
        "free": (pages.get(PageKind.FREE, 0), meminfo.get("MemFree")),
        "programs'": (pages.get(PageKind.USER, 0), meminfo.get("AnonPages")),
        "cache": (
            pages.get(PageKind.CACHE, 0) + pages.get(PageKind.CACHE_PRIVATE, 0),
            _file_pages(meminfo),
        ),
    }
    found = []
    for name, (count, wanted) in counted.items():
        if wanted is None:
            continue
        seen = count * page_size
        if abs(seen - wanted) > max(_SLACK * wanted, _SLACK_BYTES):
            found.append(f"{seen >> 20} MB look {name}, the kernel counts {wanted >> 20} MB")
    return found


def _file_pages(meminfo: Mapping[str, int]) -> int | None:
    """The page cache and what lies in shared memory, which has no file but is in it."""
    if "Cached" not in meminfo:
        return None
    return meminfo["Cached"] + meminfo.get("Buffers", 0) + meminfo.get("SwapCached", 0)
