"""VMCOREINFO found in memory, for dumps that carry no note with it.

A hypervisor's dump has the note only where the guest was prepared for it; but the kernel keeps the text in a page of
its own from boot on, and a copy of it as a ready note.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from kdive.dumpfile.dump import Dump
from kdive.errors import DumpDamagedError, ReadError
from kdive.formats import vmcoreinfo
from kdive.units import Address, ByteCount

SCAN_LIMIT_BYTES = 8 << 30  # a few seconds; of a compressed dump an eighth of it
_WINDOW_BYTES = 4 << 20
_RANGES_LIMIT = 1 << 16
_TEXT_BYTES = 4096  # include/linux/crash_core.h, VMCOREINFO_BYTES
_START = b"OSRELEASE="
_TEXT = re.compile(rb"OSRELEASE=\S+\n(?:[\x20-\x7e]+\n)*?PAGESIZE=\d+\n(?:[\x20-\x7e]+\n)+")


def find_vmcoreinfo(dump: Dump) -> bytes:
    """The text of the first VMCOREINFO in the dump's memory, from the top down; b"" when there is none in reach.

    The kernel allocates the page while it boots, when memory is taken from the top.
    """
    budget = SCAN_LIMIT_BYTES >> (3 if dump.container.codecs else 0)
    for start, size in _windows(dump):
        if budget <= 0:
            break
        budget -= size
        try:
            data = dump.read_physical(start, size)
        except ReadError:
            continue
        position = data.find(_START)
        while position >= 0:
            match = _TEXT.match(data, position, position + _TEXT_BYTES)
            if match and match[0].count(b"SYMBOL(") >= 1:
                return match[0]
            position = data.find(_START, position + 1)
    return b""


def live_vmcoreinfo(dump: Dump, place: Path = Path("/sys/kernel/vmcoreinfo")) -> bytes:
    """The text of the running kernel's note, which `place` locates: /proc/kcore carries it since v4.19 only."""
    try:
        address, size = (int(word, 16) for word in place.read_text().split())
        data = dump.read_physical(address, min(size, vmcoreinfo.LIMIT_BYTES))
    except (OSError, ValueError, ReadError):
        return b""
    match = _TEXT.search(data)
    return match[0] if match else b""


def _windows(dump: Dump) -> Iterator[tuple[int, int]]:
    """Pieces of the kept memory, from the top down; each overlaps the next by the length of the text."""
    for start, size in reversed(_ranges(dump)):
        end = start + size
        window_end = end
        while window_end > start:
            first = max(start, window_end - _WINDOW_BYTES)
            yield first, min(window_end + _TEXT_BYTES, end) - first
            window_end = first


def _ranges(dump: Dump) -> list[tuple[Address, ByteCount]]:
    try:
        return list(islice(dump.kept_ranges(), _RANGES_LIMIT))
    except DumpDamagedError:
        return []
