"""The kallsyms tables of the crashed kernel: where VMCOREINFO says, or found by their shape.

Since 6.0 VMCOREINFO names them (5fd8fea935a1, f09bddbd8661). Before that the kernel image is searched for the token
table, and the tables before it are told by what they must hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from kdive.errors import DumpDamagedError, ReadError
from kdive.facts.missing import known
from kdive.formats import vmcoreinfo
from kdive.formats.integers import integers
from kdive.formats.kallsyms import (
    NAMES_PER_MARKER,
    SYMBOLS_LIMIT,
    TOKENS,
    AddressForms,
    AddressOf,
    Kallsyms,
    Tokens,
    split_names,
)
from kdive.memory.memory import Memory

_IMAGE_LIMIT = 1 << 30  # bytes; KERNEL_IMAGE_SIZE with KASLR
_SEARCH_LIMIT = 64 << 20  # bytes
_CHUNK = 1 << 20
_CANDIDATES_LIMIT = 64  # strings of digits; a kernel has one
_NAMES_LIMIT = 32 << 20  # bytes
_TABLE_LIMIT = 8192  # bytes; expanded tokens, in practice about 1000
_LAST_GROUP_LIMIT = 64 << 10  # bytes that 256 compressed names can take
# Digits stand for themselves in the token table, one after the other: names of every kernel hold all of them.
_DIGITS = b"0\x001\x002\x003\x004\x005\x006\x007\x008\x009\x00"


def read_kallsyms(memory: Memory) -> Kallsyms:
    """Raises ReadError subclasses: the tables cannot be read, not be found, or do not agree with VMCOREINFO."""
    info = known(memory.dump.vmcoreinfo, {})
    stext = vmcoreinfo.symbol(info, "_stext")
    if stext is None:
        raise ReadError("VMCOREINFO does not say where the kernel's text starts (_stext)")
    why = ReadError("VMCOREINFO does not name the kallsyms tables, and they were not found in the kernel image")
    if vmcoreinfo.symbol(info, "kallsyms_names") is not None:
        try:
            return _read_named(memory, info, stext)
        except ReadError as error:
            why = error
    for tokens, table in _token_tables(memory, info, stext):
        found = _read_around(memory, tokens, table, stext)
        if found is not None:
            return found
    raise why


def _read_named(memory: Memory, info: Mapping[str, str], stext: int) -> Kallsyms:
    parts = ("kallsyms_num_syms", "kallsyms_names", "kallsyms_token_table", "kallsyms_token_index")
    num_syms, names, table, index = (vmcoreinfo.symbol(info, part) for part in parts)
    if num_syms is None or names is None or table is None or index is None:
        raise ReadError("VMCOREINFO names only some of the kallsyms tables")
    count = memory.read_u32(num_syms)
    _check_count(count)
    tokens = Tokens.read(_read_up_to(memory, table, _TABLE_LIMIT), _index(memory, index))
    # The token table follows the names in every order seen so far; else a symbol's 24 bytes are ample.
    size = table - names if names < table <= names + _NAMES_LIMIT else min(count * 24, _NAMES_LIMIT)
    compressed, _ = split_names(_read_up_to(memory, names, size), count)
    offsets = vmcoreinfo.symbol(info, "kallsyms_offsets")
    base = vmcoreinfo.symbol(info, "kallsyms_relative_base")
    addresses = vmcoreinfo.symbol(info, "kallsyms_addresses")
    forms = _address_forms(memory, count, offsets, base, addresses)
    return _agreeing(tokens, compressed, forms, stext)


def _read_up_to(memory: Memory, address: int, size: int) -> bytes:
    """What follows `address`, with zeros for pages that are missing: tables may end right before one."""
    return bytes(memory.read_with_holes(address, size)[0])


def _check_count(count: int) -> None:
    if not 0 < count <= SYMBOLS_LIMIT:
        raise DumpDamagedError(f"kallsyms_num_syms is {count}")


def _index(memory: Memory, address: int) -> Sequence[int]:
    return integers("H", memory.read(address, 2 * TOKENS), memory.dump.order)


def _address_forms(
    memory: Memory, count: int, offsets: int | None, base: int | None, addresses: int | None
) -> Iterator[AddressOf]:
    order = memory.dump.order
    if offsets is not None:
        table = integers("i", memory.read(offsets, 4 * count), order)
        if base is None:
            yield AddressForms.place_relative(table, offsets)
        else:
            relative_base = memory.read_word(base)
            yield AddressForms.absolute_percpu(table, relative_base)
            yield AddressForms.base_relative(table, relative_base)
    if addresses is not None:
        word = memory.dump.word_size
        yield AddressForms.absolute(integers("Q" if word == 8 else "I", memory.read(addresses, word * count), order))


def _agreeing(tokens: Tokens, names: list[bytes], forms: Iterator[AddressOf], stext: int) -> Kallsyms:
    """The table in the address form under which _stext lies where VMCOREINFO says."""
    found = Kallsyms(tokens, names, lambda index: 0)
    index = found.find("_stext")
    for address_of in forms if index is not None else ():
        if index is not None and address_of(index) == stext:
            return found.with_addresses(address_of)
    raise DumpDamagedError("the kallsyms tables do not agree with VMCOREINFO about _stext")


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
        data = _read_up_to(memory, chunk, _CHUNK + len(_DIGITS))
        at = data.find(_DIGITS)
        while at >= 0 and candidates < _CANDIDATES_LIMIT:
            candidates += 1
            with suppress(ReadError):
                yield _token_table(memory, chunk + at)
            at = data.find(_DIGITS, at + 1)


def _token_table(memory: Memory, digits: int) -> tuple[Tokens, int]:
    """The token table in which the token of "0" is at `digits`; the index follows it."""
    word = memory.dump.word_size
    tail = _read_up_to(memory, digits, _TABLE_LIMIT)
    end = 0
    for _ in range(ord("0"), TOKENS):
        end = tail.find(b"\0", end) + 1
        if end <= 0:
            raise DumpDamagedError("no token table")
    address = (digits + end + word - 1) & -word
    index = _index(memory, address)
    start = digits - index[ord("0")]
    return Tokens.read(memory.read(start, digits + end - start), index), start


def _read_around(memory: Memory, tokens: Tokens, table: int, stext: int) -> Kallsyms | None:
    """The tables around the token `table`, in the orders of 4.x to 6.1 and of 6.4 and later."""
    for markers in _marker_tables(memory, table):
        count_at = _find_count(memory, markers)
        if count_at is None:
            continue
        word = memory.dump.word_size
        names_at = count_at + word
        count = memory.read_u32(count_at)
        try:
            names, end = split_names(memory.read(names_at, markers.address - names_at), count)
            forms = _forms_around(memory, count_at, count, table, tokens)
            if markers.fit(names) and 0 <= markers.address - (names_at + end) < word:
                return _agreeing(tokens, names, forms, stext)
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
            yield from _address_forms(memory, count, offsets, base_at, addresses)


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
        return sum(map(len, names[:NAMES_PER_MARKER])) + NAMES_PER_MARKER == self.starts[1]


def _marker_tables(memory: Memory, end: int) -> Iterator[_Markers]:
    """What may be a table of markers that ends at `end`: 32-bit entries, or unsigned long before 80ffbaa5b1bd, v5.0."""
    size = 8 * (SYMBOLS_LIMIT // NAMES_PER_MARKER)
    data = memory.read_with_holes(end - size, size)[0]
    for code, width in (("I", 4), ("Q", 8)):
        words = integers("I" if code == "I" else "Q", data, memory.dump.order)
        for padding in range(memory.dump.word_size // width):
            last = len(words) - padding - 1
            first = last
            while first > 0 and 0 < words[first] < _NAMES_LIMIT and words[first - 1] < words[first]:
                first -= 1
            if words[first] == 0 and first <= last:
                yield _Markers(end - size + width * first, words[first : last + 1])


def _find_count(memory: Memory, markers: _Markers) -> int | None:
    """Address of num_syms: before the names, which begin that many bytes before the markers."""
    word = memory.dump.word_size
    groups = len(markers.starts)
    highest = (markers.address - markers.starts[-1]) & -word
    lowest = highest - _LAST_GROUP_LIMIT
    words = integers("I", memory.read_with_holes(lowest, _LAST_GROUP_LIMIT)[0], memory.dump.order)
    for at in range(len(words) - word // 4, -1, -(word // 4)):
        # The count takes a whole word, or its first half where the rest is padding.
        if (groups - 1) * NAMES_PER_MARKER < words[at] <= groups * NAMES_PER_MARKER and not any(
            words[at + 1 : at + word // 4]
        ):
            return lowest + 4 * at
    return None
