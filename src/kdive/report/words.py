"""Values in words: units, times, addresses, frames, and what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from kdive.facts.machine import Container
from kdive.facts.missing import Missing
from kdive.facts.stacks import Frame

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ERASED_NAMED = 24
_LAST_SECOND = 253402300799  # of the year 9999


def or_unknown(value: T | Missing, words: Callable[[T], str] = str) -> str:
    """`value` in words, else "(unknown: reason)"."""
    return f"(unknown: {value.reason})" if isinstance(value, Missing) else words(value)


def size(count: int) -> str:
    """`count` bytes as people say it: "384 MB", "1.5 GB". The units are binary, as crash's are."""
    if abs(count) < 1024:
        return f"{count} bytes"
    value, units = float(count), ["EB", "PB", "TB", "GB", "MB", "KB"]
    unit = "bytes"
    while units and abs(value) >= 999.95:
        value, unit = value / 1024, units.pop()
    return f"{value:.{0 if abs(value) >= 100 else 1}f}".removesuffix(".0") + f" {unit}"


def address(value: int) -> str:
    """An address as crash prints it: 16 digits, no 0x."""
    return f"{value & (1 << 64) - 1:016x}"


def date(seconds: int) -> str:
    """Seconds since 1970 as a date in UTC."""
    if not 0 <= seconds <= _LAST_SECOND:
        return f"{seconds} seconds since 1970"
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%a %b %e %H:%M:%S UTC %Y")


def duration(nanoseconds: int) -> str:
    """A time as crash prints it: "2 days, 03:04:05"."""
    days, rest = divmod(max(0, nanoseconds) // 1_000_000_000, 86400)
    clock = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    return f"{days} days, {clock}" if days > 1 else f"{days} day, {clock}" if days else clock


def timestamp(nanoseconds: int) -> str:
    """A time since boot as the kernel's log has it: "[    9.702604]"."""
    seconds, rest = divmod(max(0, nanoseconds), 1_000_000_000)
    return f"[{seconds:5d}.{rest // 1000:06d}]"


def place(function: str, module: str | None) -> str:
    """A function and where it lives: "zoo_bug_leaf [crashzoo]"."""
    return f"{function} [{module}]" if module else function


def frame(value: Frame) -> str:
    """One frame as the kernel's own traces print it, with the source line where debuginfo gives it."""
    name = value.function or (f"0x{value.pc:x}" if value.pc is not None else "(no name)")
    if value.function and value.offset is not None:
        name += f"+0x{value.offset:x}" + (f"/0x{value.size:x}" if value.size is not None else "")
    text = ("" if value.reliable else "? ") + place(name, value.module)
    return f"{text}  {value.source}" if value.source else text


def numbers(values: Iterable[int]) -> str:
    """Numbers with runs drawn together: "0-3,8"."""
    runs: list[list[int]] = []
    for value in sorted(values):
        if runs and value == runs[-1][-1] + 1:
            runs[-1][1:] = [value]
        else:
            runs.append([value])
    return ",".join("-".join(map(str, run)) for run in runs)


def erased(container: Container) -> str:
    """What was taken out of the dump when it was written."""
    structures = list(dict.fromkeys(name.partition(".")[0] for name in container.erased))
    more = len(structures) - _ERASED_NAMED
    return ", ".join(structures[:_ERASED_NAMED]) + (f" and {more} more" if more > 0 else "")


def format_of(container: Container) -> str:
    """The format of a file: "kdump-compressed version 6, zstd, dump level 31"."""
    parts = [container.format + (f" version {container.version}" if container.version is not None else "")]
    parts += [", ".join(container.codecs)] if container.codecs else []
    parts += [f"dump level {container.dump_level}"] if container.dump_level is not None else []
    return ", ".join(parts)


def count(number: int, noun: str) -> str:
    """ "1 doubt", "2 doubts"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
