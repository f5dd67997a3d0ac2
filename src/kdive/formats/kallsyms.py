"""kallsyms: the kernel's own symbol table, as it lies in its memory.

Names are compressed: each byte of a name stands for one of 256 tokens. Nothing is decompressed that is not asked for:
a name to look up is compressed instead, the way the kernel's build did it, and compared with the table.

Source: scripts/kallsyms.c (the writer), kernel/kallsyms.c (the reader).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass

from kdive.errors import DumpDamagedError

TOKENS = 256
NAMES_PER_MARKER = 256
SYMBOLS_LIMIT = 4_000_000  # the largest kernels have a few hundred thousand
_BIG_NAME = 0x80  # 73bbb94466fd "kallsyms: support "big" kernel symbols", v6.1: a second length byte follows
_TYPES = b"TDBRVAWtdbrvawUuGgSsCcNn"  # nm(1) letters, global ones first
_CHECKED_NAMES = 64
_ALIASES_LIMIT = 4096  # symbols at one address

AddressOf = Callable[[int], int]


@dataclass(frozen=True)
class Tokens:
    """What each byte of a compressed name stands for."""

    expansions: tuple[bytes, ...]  # 256

    @classmethod
    def read(cls, table: bytes, index: Sequence[int]) -> Tokens:
        """Raises DumpDamagedError when `index` does not point at strings in `table`."""
        if len(index) != TOKENS or index[0] != 0:
            raise DumpDamagedError("the kallsyms token index does not start at 0")
        expansions = []
        for start in index:
            end = table.find(b"\0", start)
            if end < 0 or (start and table[start - 1]):
                raise DumpDamagedError("the kallsyms token index does not fit its table")
            expansions.append(table[start:end])
        return cls(tuple(expansions))

    def expand(self, compressed: bytes) -> bytes:
        """Type letter and name."""
        return b"".join([self.expansions[code] for code in compressed])

    def merges(self) -> list[tuple[bytes, bytes]]:
        """The replacements that the compressor made, in its order: two codes → one.

        It fills the table from 255 down, so a token is made of literals and of tokens with higher codes.
        """
        merges: list[tuple[bytes, bytes]] = []
        for code in range(TOKENS - 1, -1, -1):
            if len(self.expansions[code]) > 1:
                merges.append((compress(self.expansions[code], merges), bytes([code])))
        return merges


def compress(text: bytes, merges: list[tuple[bytes, bytes]]) -> bytes:
    for pair, code in merges:
        if pair in text:
            text = text.replace(pair, code)
    return text


def split_names(data: bytes, count: int) -> tuple[list[bytes], int]:
    """The first `count` compressed names of `data`, and where the last one ends.

    Raises DumpDamagedError when they do not fit, or one is empty.
    """
    names: list[bytes] = []
    add = names.append
    position = 0
    limit = len(data) - 1
    for _ in range(count):
        if position >= limit:
            raise DumpDamagedError("the kallsyms names end too early")
        length = data[position]
        position += 1
        if length & _BIG_NAME:
            length = (length & ~_BIG_NAME) | data[position] << 7
            position += 1
        end = position + length
        if not length:
            raise DumpDamagedError("a kallsyms name is empty")
        add(data[position:end])
        position = end
    if position > len(data):
        raise DumpDamagedError("the kallsyms names end too early")
    return names, position


class AddressForms:
    """How the addresses of symbols are stored; newest first."""

    @staticmethod
    def place_relative(offsets: Sequence[int], table: int) -> AddressOf:
        # a081b5789255, v7.0: each entry counts from its own place
        return lambda index: table + 4 * index + offsets[index]

    @staticmethod
    def base_relative(offsets: Sequence[int], base: int) -> AddressOf:
        return lambda index: base + (offsets[index] & 0xFFFFFFFF)

    @staticmethod
    def absolute_percpu(offsets: Sequence[int], base: int) -> AddressOf:
        """KALLSYMS_ABSOLUTE_PERCPU, x86 up to 6.14: what is not negative is an address (or a per-CPU offset)."""

        def address(index: int) -> int:
            offset = offsets[index]
            return offset if offset >= 0 else base - 1 - offset

        return address

    @staticmethod
    def absolute(addresses: Sequence[int]) -> AddressOf:
        return addresses.__getitem__


class Kallsyms:
    """Names and addresses of one kernel image. Symbols are known by their index; addresses rise with it."""

    def __init__(self, tokens: Tokens, names: list[bytes], address_of: AddressOf) -> None:
        self._tokens = tokens
        self._names = names
        self.address = address_of
        self._merges = tokens.merges()
        self._by_name: dict[bytes, int] | None = None
        self._compressible = self._compression_is_understood()

    def __len__(self) -> int:
        return len(self._names)

    def with_addresses(self, address_of: AddressOf) -> Kallsyms:
        """The same names, with addresses in another form."""
        other = copy(self)
        other.address = address_of
        return other

    def name(self, index: int) -> str:
        return self._tokens.expand(self._names[index])[1:].decode("utf-8", "replace")

    def type(self, index: int) -> str:
        """The letter that nm(1) gives it; upper case is global."""
        return chr(self._tokens.expand(self._names[index])[0])

    def find(self, name: str) -> int | None:
        """The first symbol of that name, a global one before others."""
        if self._by_name is None:
            names = self._names if self._compressible else [self._tokens.expand(name) for name in self._names]
            self._by_name = dict(zip(reversed(names), range(len(names) - 1, -1, -1), strict=True))
        return next((index for key in self._keys(name) if (index := self._by_name.get(key)) is not None), None)

    def find_all(self, name: str) -> list[int]:
        """All symbols of that name, in order of address."""
        if self.find(name) is None:
            return []
        wanted = set(self._keys(name))
        if self._compressible:
            return [index for index, key in enumerate(self._names) if key in wanted]
        return [index for index, key in enumerate(self._names) if self._tokens.expand(key) in wanted]

    def at(self, address: int) -> int | None:
        """The last symbol at or below `address`; of several at one address the first, as the kernel itself does."""
        index = bisect_right(range(len(self._names)), address, key=self.address) - 1
        if index < 0:
            return None
        start = self.address(index)
        for alias in range(index - 1, max(-1, index - _ALIASES_LIMIT), -1):
            if self.address(alias) != start:
                break
            index = alias
        return index

    def end(self, index: int) -> int:
        """Where the next symbol starts; its own address for the last one."""
        start = self.address(index)
        for later in range(index + 1, min(len(self._names), index + _ALIASES_LIMIT)):
            address = self.address(later)
            if address != start:
                return max(address, start)
        return start

    def _keys(self, name: str) -> Iterator[bytes]:
        text = name.encode("utf-8", "replace")
        for letter in _TYPES:
            typed = bytes([letter]) + text
            yield compress(typed, self._merges) if self._compressible else typed

    def _compression_is_understood(self) -> bool:
        """Whether compressing gives what the table holds, tried on names from all over it."""
        step = max(1, len(self._names) // _CHECKED_NAMES)
        return all(len(pair) == 2 for pair, _ in self._merges) and all(
            compress(self._tokens.expand(name), self._merges) == name for name in self._names[::step]
        )
