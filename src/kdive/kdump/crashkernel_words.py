"""crashkernel=: what its words reserve on a machine, read as the kernel reads them.

Source: kernel/crash_reserve.c, parse_crashkernel(); Documentation/admin-guide/kdump/kdump.rst. A list of ranges goes by
the machine's memory, rounded up to 128 MB. Of words without a suffix the last one counts; it shuts out those with
",high" and ",low". ",cma" is added to the others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kdive.units import Address, ByteCount

_NUMBER = re.compile(r"(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)([kKmMgGtTpPeE]?)")  # octal with a leading zero
_SHIFTS = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40, "p": 50, "e": 60}
_ROUND_BYTES = 128 << 20
_MOST = 1 << 64
_SUFFIXES = ("high", "low", "cma")
# Low memory that the kernel adds to ",high" where ",low" does not say: for devices that reach no further.
_LOW_DEFAULT = {"x86_64": ByteCount(256 << 20), "aarch64": ByteCount(128 << 20)}


@dataclass(frozen=True)
class Part:
    """Memory of one range: `start <= RAM < end`, `end` None for no end."""

    start: ByteCount
    end: ByteCount | None
    size: ByteCount


@dataclass(frozen=True)
class Word:
    """One crashkernel=VALUE. `problem` says why the kernel makes nothing of it."""

    value: str
    suffix: str = ""  # "high", "low", "cma"
    parts: tuple[Part, ...] = ()
    offset: Address | None = None
    problem: str = ""

    def size(self, ram: int) -> int:
        """Bytes that it asks for on a machine with `ram` bytes; 0 for none."""
        rounded = -(-ram // _ROUND_BYTES) * _ROUND_BYTES
        for part in self.parts:
            if part.start <= rounded and (part.end is None or rounded < part.end):
                return part.size
        return 0


@dataclass(frozen=True)
class Reservation:
    """What a command line comes to on one machine, in bytes, and why, in words."""

    size: ByteCount  # in one piece, where the kernel finds a place or at an address that was given
    low: ByteCount  # beside it, below 4 GB
    cma: ByteCount  # beside it, which the running system may use as well
    why: str


def read_word(value: str) -> Word:
    """What stands behind crashkernel=."""
    if value == "auto":
        return Word(value, problem="only kernels of RHEL up to 8 know auto")
    text, suffix = value, ""
    for name in _SUFFIXES:
        if value.endswith(f",{name}"):
            text, suffix = value.removesuffix(f",{name}"), name
    if suffix:
        size, rest = _number(text)
        if size is None or rest:
            return Word(value, suffix, problem=f"{text} is no size")
        return Word(value, suffix, (Part(ByteCount(0), None, ByteCount(size)),))
    body, at, where = text.partition("@")
    offset, rest = _number(where) if at else (None, "")
    if at and (offset is None or rest):
        return Word(value, problem=f"{where} is no address")
    parts = _parts(body)
    if isinstance(parts, str):
        return Word(value, problem=parts)
    return Word(value, "", parts, None if offset is None else Address(offset))


def reservation(values: Sequence[str], ram: int, arch: str) -> Reservation:
    """What the words crashkernel=VALUE of a command line, in their order, reserve on a machine with `ram` bytes."""
    words = [read_word(value) for value in values]
    plain = next((word for word in reversed(words) if not word.suffix), None)
    last = {word.suffix: word for word in words if word.suffix}
    cma = ByteCount(last["cma"].size(ram)) if "cma" in last else ByteCount(0)
    if plain is not None:
        size = ByteCount(plain.size(ram))
        return Reservation(size, ByteCount(0), cma, plain.problem or _because(plain, ram))
    high = last.get("high")
    if high is None or not high.size(ram):
        return Reservation(ByteCount(0), ByteCount(0), cma, high.problem if high else "no size is given")
    size = ByteCount(high.size(ram))
    if "low" in last and last["low"].problem:
        return Reservation(ByteCount(0), ByteCount(0), cma, f"{last['low'].value}: {last['low'].problem}")
    if "low" in last:
        low = ByteCount(last["low"].size(ram))
        return Reservation(size, low, cma, f"{_mb(size)} above 4 GB, and {_mb(low)} below as {last['low'].value} says")
    low = _LOW_DEFAULT.get(arch, ByteCount(0))
    return Reservation(size, low, cma, f"{_mb(size)} above 4 GB, and {_mb(low)} below that the kernel adds by itself")


def _because(word: Word, ram: int) -> str:
    """Why a word without suffix comes to its size."""
    where = f", at {word.offset:#x}" if word.offset is not None else ""
    if len(word.parts) == 1 and word.parts[0].start == 0 and word.parts[0].end is None:
        return f"{_mb(word.parts[0].size)}{where}, whatever the machine's memory"
    rounded = -(-ram // _ROUND_BYTES) * _ROUND_BYTES
    for part in word.parts:
        if part.start <= rounded and (part.end is None or rounded < part.end):
            span = f"{_mb(part.start)} or more" if part.end is None else f"{_mb(part.start)}-{_mb(part.end)}"
            return f"{_mb(part.size)}{where}, because {_mb(rounded)} lie in {span}"
    return f"nothing, because {_mb(rounded)} lie in none of its ranges"


def _parts(body: str) -> tuple[Part, ...] | str:
    """The ranges, or one that is without end for a plain size; words on what is wrong with it."""
    if ":" not in body:
        size, rest = _number(body)
        if size is None or rest:
            return f"{body} is no size"
        return (Part(ByteCount(0), None, ByteCount(size)),)
    parts = []
    for one in body.split(","):
        span, colon, size_text = one.partition(":")
        first, dash, last = span.partition("-")
        (start, rest), (end, end_rest), (size, size_rest) = _number(first), _number(last), _number(size_text)
        if not colon or not dash or start is None or size is None or rest or size_rest or (last and end_rest):
            return f"{one} is no range with a size, as 2G-4G:256M is"
        if last and (end is None or end <= start):
            return f"{one} ends before it begins"
        parts.append(Part(ByteCount(start), None if end is None else ByteCount(end), ByteCount(size)))
    return tuple(parts)


def _number(text: str) -> tuple[int | None, str]:
    """The number that `text` begins with, as memparse() reads it, and what follows."""
    found = _NUMBER.match(text)
    if found is None:
        return None, text
    digits, unit = found[1], found[2].lower()
    base = 16 if digits[:2].lower() == "0x" else 8 if digits[0] == "0" else 10
    value = int(digits[:24], base) << _SHIFTS[unit]
    return (value, text[found.end() :]) if value < _MOST else (None, text)


def _mb(size: int) -> str:
    """ "256 MB", "4 GB"."""
    return f"{size >> 30} GB" if size and size % (1 << 30) == 0 else f"{size >> 20} MB"
