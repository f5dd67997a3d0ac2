"""BTF: the types of one kernel, or of one of its modules (split BTF), as the kernel carries them.

The type section is walked once for where each type starts; everything else is decoded when it is asked for.

Source: Documentation/bpf/btf.rst; include/uapi/linux/btf.h.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator
from enum import IntEnum
from typing import NamedTuple

from kdive.errors import DumpDamagedError
from kdive.formats.integers import integers
from kdive.formats.record import U8, U16, U32, ByteOrder, Record

MAGIC = 0xEB9F
LIMIT_BYTES = 64 << 20  # vmlinux has 4 to 8 MiB
_NAME_LIMIT = 1024  # bytes
_KIND_BITS = 5
_INT_SIGNED, _INT_BOOL = 1, 4


class Header(Record, source="include/uapi/linux/btf.h, struct btf_header"):
    magic: U16
    version: U8
    flags: U8
    hdr_len: U32
    type_off: U32  # bytes, from the end of this header
    type_len: U32
    str_off: U32
    str_len: U32


class Kind(IntEnum):
    VOID = 0
    INT = 1
    PTR = 2
    ARRAY = 3
    STRUCT = 4
    UNION = 5
    ENUM = 6
    FWD = 7
    TYPEDEF = 8
    VOLATILE = 9
    CONST = 10
    RESTRICT = 11
    FUNC = 12
    FUNC_PROTO = 13
    VAR = 14
    DATASEC = 15
    FLOAT = 16  # v5.13
    DECL_TAG = 17  # v5.16
    TYPE_TAG = 18  # v5.17
    ENUM64 = 19  # v6.0


# What follows the three words of struct btf_type, in words: once, and for each of vlen.
_ONCE = [0] * 32
_EACH = [0] * 32
_ONCE[Kind.INT] = _ONCE[Kind.VAR] = _ONCE[Kind.DECL_TAG] = 1
_ONCE[Kind.ARRAY] = 3
_EACH[Kind.STRUCT] = _EACH[Kind.UNION] = _EACH[Kind.DATASEC] = _EACH[Kind.ENUM64] = 3
_EACH[Kind.ENUM] = _EACH[Kind.FUNC_PROTO] = 2


_ENUM_WIDTHS: dict[int, int] = {Kind.ENUM: 2, Kind.ENUM64: 3}  # words of each enumerator
# kind_flag says that an enum is signed since v6.0 only. Before, values tell: error numbers, not bit masks.
_LIKELY_NEGATIVE = range(-(1 << 16), 0)
# Functions are most of all types, and nobody looks them up here: kallsyms has them.
_FOUND_BY_NAME = frozenset(
    map(int, (Kind.INT, Kind.STRUCT, Kind.UNION, Kind.ENUM, Kind.FWD, Kind.TYPEDEF, Kind.VAR, Kind.FLOAT, Kind.ENUM64))
)


class Member(NamedTuple):
    name: str  # "" for an anonymous struct or union
    type_id: int
    bit_offset: int
    bit_size: int  # of a bit field; 0 for other members


class Integer(NamedTuple):
    signed: bool
    boolean: bool
    bit_offset: int
    bit_size: int


class Btf:
    """One BTF blob. Types are known by their id; a split one numbers on from its base."""

    def __init__(self, data: bytes, order: ByteOrder, base: Btf | None = None) -> None:
        """Raises DumpDamagedError when the blob does not hold together."""
        types, self._strings = _sections(data, order)
        self._words = integers("I", types, order)
        self._base = base
        self.first_id: int = base.end_id if base else 1
        self._offsets: dict[str, int | None] = {}  # of names that were asked for
        self._first_string = base.end_string if base else 0
        self._index = _walk(self._words)
        self._starts = self._index.starts
        self._enumerators: dict[int, int] | None = None
        self._sections: dict[str, dict[int, int]] = {}  # offsets of variables, of sections that were asked for
        self.end_id: int = self.first_id + len(self._starts)
        self.end_string: int = self._first_string + len(self._strings)

    def find(self, name: str, kinds: Collection[Kind]) -> int | None:
        """The first type of that name and of one of `kinds`; of a split BTF's own types only."""
        offset = self._string_offset(name)
        if offset is None:
            return None
        numbers = (self._index.by_name.get(offset << _KIND_BITS | kind) for kind in kinds)
        return next((self.first_id + number for number in numbers if number is not None), None)

    def kind(self, type_id: int) -> Kind:
        if type_id == 0:
            return Kind.VOID
        home, start = self._locate(type_id)
        return Kind(home._words[start + 1] >> 24 & 31)

    def name(self, type_id: int) -> str:
        """ "" for what has none."""
        if type_id == 0:
            return "void"
        home, start = self._locate(type_id)
        return self.string(home._words[start])

    def size(self, type_id: int) -> int:
        """Bytes; of a type that has a size."""
        return self._third_word(type_id)

    def target(self, type_id: int) -> int:
        """The type that a pointer, typedef, qualifier, function, variable … refers to."""
        return self._third_word(type_id)

    def flag(self, type_id: int) -> bool:
        """kind_flag: bit fields in a struct, a union behind a forward declaration, a signed enum."""
        home, start = self._locate(type_id)
        return bool(home._words[start + 1] >> 31)

    def integer(self, type_id: int) -> Integer:
        home, start = self._locate(type_id)
        word = home._words[start + 3]
        encoding = word >> 24 & 15
        return Integer(bool(encoding & _INT_SIGNED), bool(encoding & _INT_BOOL), word >> 16 & 255, word & 255)

    def array(self, type_id: int) -> tuple[int, int]:
        """Type of the elements, and how many."""
        home, start = self._locate(type_id)
        return home._words[start + 3], home._words[start + 5]

    def members(self, type_id: int) -> Iterator[Member]:
        """Of a struct or union, in order."""
        home, start = self._locate(type_id)
        flag = home._words[start + 1] >> 31
        for name, member_type, offset in home._triples(start):
            if flag:
                yield Member(self.string(name), member_type, offset & 0xFFFFFF, offset >> 24)
            else:
                yield Member(self.string(name), member_type, offset, 0)

    def enumerators(self, type_id: int) -> list[tuple[str, int]]:
        """Names and values, in order."""
        home, start = self._locate(type_id)
        signed = bool(home._words[start + 1] >> 31)
        if self.kind(type_id) == Kind.ENUM64:
            wide = [(name, high << 32 | low) for name, low, high in home._triples(start)]
            return [(self.string(name), _signed(value, 64) if signed else value) for name, value in wide]
        pairs = list(home._pairs(start))
        if not home._index.enums_tell_signs:
            signed = any(_signed(value, 32) in _LIKELY_NEGATIVE for _, value in pairs)
        return [(self.string(name), _signed(value, 32) if signed else value) for name, value in pairs]

    def parameters(self, type_id: int) -> list[tuple[str, int]]:
        """Names and types of a FUNC_PROTO; the last type is 0 where it takes "…"."""
        home, start = self._locate(type_id)
        return [(self.string(name), parameter_type) for name, parameter_type in home._pairs(start)]

    def constant(self, name: str) -> tuple[int, int] | None:
        """The enum that declares `name`, and its value."""
        if self._enumerators is None:
            self._enumerators = self._index_enumerators()
        offset = self._string_offset(name)
        number = None if offset is None else self._enumerators.get(offset)
        if number is None:
            return None
        type_id = self.first_id + number
        return next((type_id, value) for enumerator, value in self.enumerators(type_id) if enumerator == name)

    def variable_offset(self, section: str, type_id: int) -> int | None:
        """Bytes from the start of the section (DATASEC) named `section` to the variable of that id."""
        if section not in self._sections:
            name = self._string_offset(section)
            starts = (start for start in self._starts if self._words[start + 1] >> 24 & 31 == Kind.DATASEC)
            start = next((start for start in starts if self._words[start] == name), None)
            rows = () if start is None else self._triples(start)
            self._sections[section] = {variable: offset for variable, offset, _ in rows}
        return self._sections[section].get(type_id)

    def _index_enumerators(self) -> dict[int, int]:
        """Number of the first enum in which each name stands, by the name's offset."""
        words = self._words
        found: dict[int, int] = {}
        for number in reversed(self._index.enums):
            start = self._starts[number]
            info = words[start + 1]
            width = _ENUM_WIDTHS[info >> 24 & 31]
            names = words[start + 3 : start + 3 + width * (info & 0xFFFF) : width]
            found.update(dict.fromkeys(names, number))
        return found

    def string(self, offset: int) -> str:
        """Raises DumpDamagedError for an offset outside of the strings."""
        if self._base and offset < self._first_string:
            return self._base.string(offset)
        offset -= self._first_string
        end = self._strings.find(b"\0", offset, offset + _NAME_LIMIT) if offset >= 0 else -1
        if end < 0:
            raise DumpDamagedError("a name in the BTF lies outside of its strings")
        return self._strings[offset:end].decode("utf-8", "replace")

    def _string_offset(self, name: str) -> int | None:
        """Where `name` stands; it stands once, in a BTF that was deduplicated as those of kernels are."""
        if name not in self._offsets:
            found = self._strings.find(b"\0" + name.encode("utf-8", "replace") + b"\0")
            if found >= 0:
                self._offsets[name] = self._first_string + found + 1
            else:
                self._offsets[name] = self._base._string_offset(name) if self._base else None
        return self._offsets[name]

    def _locate(self, type_id: int) -> tuple[Btf, int]:
        """The blob that holds the type, and the word at which it starts."""
        if self._base and type_id < self.first_id:
            return self._base._locate(type_id)
        if not self.first_id <= type_id < self.end_id:
            raise DumpDamagedError(f"the BTF refers to type {type_id}, which it does not have")
        return self, self._starts[type_id - self.first_id]

    def _third_word(self, type_id: int) -> int:
        home, start = self._locate(type_id)
        return home._words[start + 2]

    def _triples(self, start: int) -> Iterator[tuple[int, int, int]]:
        words = self._words[start + 3 : start + 3 + 3 * (self._words[start + 1] & 0xFFFF)]
        return zip(words[::3], words[1::3], words[2::3], strict=True)

    def _pairs(self, start: int) -> Iterator[tuple[int, int]]:
        words = self._words[start + 3 : start + 3 + 2 * (self._words[start + 1] & 0xFFFF)]
        return zip(words[::2], words[1::2], strict=True)


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


def _sections(data: bytes, order: ByteOrder) -> tuple[memoryview, bytes]:
    """The type section and the string section."""
    header = Header.read(data, 0, order)
    if header.magic != MAGIC or header.version != 1:
        raise DumpDamagedError("the BTF does not start with its magic number")
    if header.hdr_len < Header.size():
        raise DumpDamagedError("the header of the BTF is too short")
    types = header.hdr_len + header.type_off
    strings = header.hdr_len + header.str_off
    if max(types + header.type_len, strings + header.str_len) > len(data) or header.type_len % 4:
        raise DumpDamagedError("the sections of the BTF reach past its end")
    text = data[strings : strings + header.str_len]
    if text[-1:] not in (b"", b"\0"):
        raise DumpDamagedError("the strings of the BTF do not end")
    return memoryview(data)[types : types + header.type_len], text


class _Index(NamedTuple):
    starts: array[int]  # where each type starts, in words
    by_name: dict[int, int]  # number of the first type of each name and kind
    enums: list[int]  # numbers
    enums_tell_signs: bool  # whether any enum has the flag that says it is signed


def _walk(words: array[int]) -> _Index:
    starts: list[int] = []
    add = starts.append
    lengths: dict[int, int] = {}  # by the second word, which few types do not share with another
    position, end = 0, len(words) - 2
    while position < end:
        add(position)
        info = words[position + 1]
        try:
            position += lengths[info]
        except KeyError:
            kind = info >> 24 & 31
            if not 0 < kind <= Kind.ENUM64:
                raise DumpDamagedError(f"the BTF holds a type of unknown kind {kind}") from None
            lengths[info] = 3 + _ONCE[kind] + _EACH[kind] * (info & 0xFFFF)
            position += lengths[info]
    if position != len(words):
        raise DumpDamagedError("the types of the BTF do not end where their section does")
    wanted = {info: kind for info in lengths if (kind := info >> 24 & 31) in _FOUND_BY_NAME}
    by_name: dict[int, int] = {}
    enums = []
    for number, start in enumerate(starts):
        info = words[start + 1]
        if info in wanted:
            kind = wanted[info]
            by_name.setdefault(words[start] << _KIND_BITS | kind, number)
            if kind in _ENUM_WIDTHS:
                enums.append(number)
    flagged = any(info >> 31 and kind in _ENUM_WIDTHS for info, kind in wanted.items())
    return _Index(array("I", starts), by_name, enums, flagged)
