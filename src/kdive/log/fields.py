"""What records of all generations share."""

from __future__ import annotations

from kdive.formats.record import ByteOrder

_ON_CPU = 0x80000000  # in caller_id: written outside of a task

NEWLINE, PREFIX, CONT = 2, 4, 8  # enum log_flags, include/linux/printk.h


def level_of(flags_level: int, order: ByteOrder) -> int:
    """The level in the byte that holds 5 bits of flags and 3 bits of level."""
    return flags_level >> 5 if order == "<" else flags_level & 7


def flags_of(flags_level: int, order: ByteOrder) -> int:
    """The flags in that byte."""
    return flags_level & 31 if order == "<" else flags_level >> 3


def caller_of(caller_id: int) -> str:
    """ "T123" for a thread, "C1" for a CPU."""
    return f"C{caller_id & ~_ON_CPU}" if caller_id & _ON_CPU else f"T{caller_id}"


def text_of(data: bytes | bytearray) -> str:
    """A record's text; bytes that are not UTF-8 become \\xNN."""
    return data.decode("utf-8", "backslashreplace")
