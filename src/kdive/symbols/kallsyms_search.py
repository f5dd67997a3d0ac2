"""The kallsyms tables of a kernel whose VMCOREINFO does not name them (before 6.0), found by their shape.

The kernel image is searched for the token table; what lies around it is told by what it must hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain, pairwise
from typing import NamedTuple

from kdive.errors import DumpDamagedError, ReadError
from kdive.formats import vmcoreinfo
from kdive.formats.integers import integers
from kdive.formats.kallsyms import (
    NAMES_PER_MARKER,
    SYMBOLS_LIMIT,
    TOKENS,
    AddressOf,
    Kallsyms,
    Tokens,
    split_names,
)
from kdive.memory.memory import Memory
from kdive.symbols.kallsyms_parts import (
    NAMES_LIMIT,
    TOKEN_TABLE_LIMIT,
    address_forms,
    agreeing,
    read_up_to,
    token_index,
)

_IMAGE_LIMIT = 1 << 30  # bytes; KERNEL_IMAGE_SIZE with KASLR
_SEARCH_LIMIT = 64 << 20  # bytes
_CHUNK = 1 << 20
_CANDIDATES_LIMIT = 64  # strings of digits; a kernel has one
_LAST_GROUP_LIMIT = 64 << 10  # bytes that 256 compressed names can take
_SEQUENCE_LIMIT = 2 << 20  # bytes: 600,000 names
# Digits stand for themselves in the token table, one after the other: names of every kernel hold all of them.
_DIGITS = b"0\x001\x002\x003\x004\x005\x006\x007\x008\x009\x00"


def search_kallsyms(memory: Memory, info: Mapping[str, str], stext: int) -> Kallsyms | None:
    """The first tables in the kernel image that agree with VMCOREINFO about _stext."""
    found = (_read_around(memory, tokens, table, stext) for tokens, table in _token_tables(memory, info, stext))
    return next((kallsyms for kallsyms in found if kallsyms is not None), None)


def _token_tables(memory: Memory, info: Mapping[str, str], stext: int) -> Iterator[tuple[Tokens, int]]:
    """Token tables in the kernel image, and their addresses.

    They lie in rodata, right below the lowest data that VMCOREINFO names; then the rest of the image is searched.
    """
    symbols = [vmcoreinfo.symbol(info, key[7:-1]) for key in info if key.startswith("SYMBOL(")]
    variables = [address for address in symbols if address is not None and stext < address < stext + _IMAGE_LIMIT]
    start = min(variables, default=stext + _SEARCH_LIMIT) & -_CHUNK
    downwards = range(start, max(stext, start - _SEARCH_LIMIT) - _CHUNK, -_CHUNK)
    upwards = range(start + _CHUNK, start + _SEARCH_LIMIT, _CHUNK) if variables else range(0)
    candidates = 0
    for chunk in (*downwards, *upwards):
        data = read_up_to(memory, chunk, _CHUNK + len(_DIGITS))
        at = data.find(_DIGITS)
        while at >= 0 and candidates < _CANDIDATES_LIMIT:
            candidates += 1
            with suppress(ReadError):
                yield _token_table(memory, chunk + at)
            at = data.find(_DIGITS, at + 1)


def _token_table(memory: Memory, digits: int) -> tuple[Tokens, int]:
    """The token table in which the token of "0" is at `digits`; the index follows it."""
    word = memory.dump.word_size
    tail = read_up_to(memory, digits, TOKEN_TABLE_LIMIT)
    end = 0
    for _ in range(ord("0"), TOKENS):
        end = tail.find(b"\0", end) + 1
        if end <= 0:
            raise DumpDamagedError("no token table")
    address = (digits + end + word - 1) & -word
    index = token_index(memory, address)
    start = digits - index[ord("0")]
    return Tokens.read(memory.read(start, digits + end - start), index), start


def _read_around(memory: Memory, tokens: Tokens, table: int, stext: int) -> Kallsyms | None:
    """The tables around the token `table`, in all orders that kernels have had."""
    for markers in chain(_markers_before(memory, table), _markers_before_sequence(memory, table)):
        count_at = _find_count(memory, markers)
        if count_at is None:
            continue
        names_at = count_at + memory.dump.word_size
        try:
            count = memory.read_u32(count_at)
            names, end = split_names(memory.read(names_at, markers.address - names_at), count)
            forms = _forms_around(memory, count_at, count, table, tokens)
            if markers.fit(names) and 0 <= markers.address - (names_at + end) < memory.dump.word_size:
                return agreeing(tokens, names, forms, stext)
        except ReadError:
            continue
    return None


def _forms_around(memory: Memory, count_at: int, count: int, table: int, tokens: Tokens) -> Iterator[AddressOf]:
    word = memory.dump.word_size
    size = _aligned(4 * count, word)
    base = count_at - word
    # 404bad70fcf7 "kallsyms: change the output order", v6.4
    after = _aligned(table + sum(len(expansion) + 1 for expansion in tokens.expansions), word) + 2 * TOKENS
    for offsets, base_at, addresses in (
        (base - size, base, None),
        (None, None, count_at - word * count),
        (after, after + size, None),
    ):
        with suppress(ReadError):
            yield from address_forms(memory, count, offsets, base_at, addresses)


def _aligned(size: int, step: int) -> int:
    return (size + step - 1) & -step


class _Markers(NamedTuple):
    """Where each 256th name starts."""

    address: int
    starts: Sequence[int]

    def fit(self, names: list[bytes]) -> bool:
        """Whether the first names are as long as the second marker says."""
        if len(self.starts) < 2:
            return True
        return sum(len(name) + 1 + (len(name) > 127) for name in names[:NAMES_PER_MARKER]) == self.starts[1]


def _markers_before(memory: Memory, end: int) -> Iterator[_Markers]:
    """What may be a table of markers that ends at `end`: 32-bit entries, or unsigned long before 80ffbaa5b1bd, v5.0."""
    size = 8 * (SYMBOLS_LIMIT // NAMES_PER_MARKER)
    data = read_up_to(memory, end - size, size)
    for code, width in (("I", 4), ("Q", 8)):
        words = integers("I" if code == "I" else "Q", data, memory.dump.order)
        for padding in range(memory.dump.word_size // width):
            last = len(words) - padding - 1
            first = last
            while first > 0 and 0 < words[first] < NAMES_LIMIT and words[first - 1] < words[first]:
                first -= 1
            if words[first] == 0 and first <= last:
                yield _Markers(end - size + width * first, words[first : last + 1])


def _markers_before_sequence(memory: Memory, end: int) -> Iterator[_Markers]:
    """What may be a table of markers with kallsyms_seqs_of_names, 3 bytes for each name, between it and `end`.

    60443c88f3a8 "kallsyms: Improve the performance of kallsyms_lookup_name()", v6.2, and in stable kernels before it;
    v6.4 moved it behind.
    """
    start = end - _SEQUENCE_LIMIT
    words = integers("I", read_up_to(memory, start, _SEQUENCE_LIMIT), memory.dump.order)
    for first in range(0, len(words) - 2, 2):
        if words[first] or not 2 * NAMES_PER_MARKER <= words[first + 1] <= _LAST_GROUP_LIMIT:
            continue
        # `count` names take 4 bytes per 256 and 3 bytes each; both tables are padded to a word.
        count = (end - start - 4 * first) * NAMES_PER_MARKER // (4 + 3 * NAMES_PER_MARKER)
        for groups in {-(-(count - slack) // NAMES_PER_MARKER) for slack in (0, 8)}:
            starts = words[first : first + groups]
            if 0 < len(starts) == groups and all(a < b for a, b in pairwise(starts)) and starts[-1] < NAMES_LIMIT:
                yield _Markers(start + 4 * first, starts)


def _find_count(memory: Memory, markers: _Markers) -> int | None:
    """Address of num_syms: before the names, which begin that many bytes before the markers."""
    word = memory.dump.word_size
    groups = len(markers.starts)
    highest = (markers.address - markers.starts[-1]) & -word
    lowest = highest - _LAST_GROUP_LIMIT
    words = integers("I", read_up_to(memory, lowest, _LAST_GROUP_LIMIT), memory.dump.order)
    for at in range(len(words) - word // 4, -1, -(word // 4)):
        # The count takes a whole word, or its first half where the rest is padding.
        if (groups - 1) * NAMES_PER_MARKER < words[at] <= groups * NAMES_PER_MARKER and not any(
            words[at + 1 : at + word // 4]
        ):
            return lowest + 4 * at
    return None
