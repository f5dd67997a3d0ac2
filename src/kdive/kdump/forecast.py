"""How large a dump of this machine would get, by what /proc/meminfo says of its memory now."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kdive.facts.missing import Missing
from kdive.units import ByteCount

DEFAULT_LEVEL = 31
# Bits of a dump level.
_CACHE, _PRIVATE_CACHE, _USER, _FREE = 2, 4, 8, 16
_PAGE_STRUCTS = 64  # a page's struct takes 64 bytes of 4096, and is itself in the dump
_COMPRESSED_TO = 4  # of what level 31 keeps, which is tables and text; measured: a fourth to a seventh


@dataclass(frozen=True)
class Forecast:
    """What a dump would take."""

    pages: ByteCount  # of the pages kept: no dump gets larger
    likely: ByteCount  # compressed


def parse_meminfo(text: str) -> dict[str, int]:
    """Bytes by name."""
    return {name: int(kb) << 10 for name, kb in re.findall(r"^([\w()]+):\s+(\d{1,15}) kB$", text, re.MULTILINE)}


def level_of(core_collector: str) -> int:
    """The first dump level that the collector is told to try; for makedumpfile and kdive it is behind -d."""
    found = re.search(r"(?:^|\s)-d\s*(\d{1,2})\b", core_collector)
    if found:
        return int(found.group(1))
    return 0  # makedumpfile and cp without a level keep everything


def forecast(meminfo: Mapping[str, int], level: int, compressed: bool = True) -> Forecast | Missing:
    """The dump at `level`, of memory as it is used now: a machine that crashes out of memory leaves more."""
    total = meminfo.get("MemTotal")
    if not total:
        return Missing("/proc/meminfo does not say how much memory there is")
    kept = total
    file_pages = max(0, meminfo.get("Cached", 0) + meminfo.get("Buffers", 0) - meminfo.get("Shmem", 0))
    if level & _CACHE or level & _PRIVATE_CACHE:
        kept -= file_pages
    if level & _USER:
        kept -= meminfo.get("AnonPages", 0)
    if level & _FREE:
        kept -= meminfo.get("MemFree", 0)
    pages = max(kept, 0) + total // _PAGE_STRUCTS
    return Forecast(ByteCount(pages), ByteCount(pages // _COMPRESSED_TO if compressed else pages))
