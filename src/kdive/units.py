"""Numbers that say what they count. Renderers know these types and need nothing else."""

from __future__ import annotations

from typing import NewType

Address = NewType("Address", int)  # virtual unless the name says physical
Pfn = NewType("Pfn", int)  # page frame number: physical address / page size
ByteCount = NewType("ByteCount", int)
Nanoseconds = NewType("Nanoseconds", int)
UnixSeconds = NewType("UnixSeconds", int)  # seconds since 1970-01-01 UTC

_SIZE_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def size(text: str) -> ByteCount:
    """Bytes of "448M", "2G", "4096": units are powers of 1024. Raises ValueError for anything else."""
    number, unit = text.strip(), ""
    if number and not number[-1].isdigit():
        number, unit = number[:-1], number[-1].upper()
    if not (number.isascii() and number.isdigit()) or unit not in _SIZE_UNITS:
        raise ValueError(f"{text}: not a size")
    return ByteCount(int(number) * _SIZE_UNITS[unit])
