"""Recorded layouts: what a kernel's types and names are, in a file that needs no dump.

One line for each type, so that two kernels can be compared with diff: its size, then members as `name:size` in bytes,
`name@offset:size` where they do not start at the end of the one before; bit fields as `name:3b`, `name@offset.bit:3b`.
Members of a structure without a name belong to the one around it; where a named member is of such a type, its members
follow as `a.b`. Enumerators are `name=value`, or `name` for one more than the one before. What a kernel has not got is
null; what nobody recorded raises LookupError, so that an old file is not taken for a kernel without it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from kdive.compat.variables import Layout
from kdive.errors import KdiveError
from kdive.formats import vmcoreinfo
from kdive.formats.record import ByteOrder

SCHEMA = "kdive-layout/1"
_MEMBER = re.compile(r"([\w.]+)(?:@(\d+)(?:\.(\d))?)?:(\d+)(b?)")
_ENUMERATOR = re.compile(r"(\w+)(?:=(-?\d+))?")
_BITS = 8  # in a byte


@dataclass(frozen=True)
class RecordedMember:
    """Offset and size in bits; `name` is "a.b" for member b of the structure without a name that a is of."""

    name: str
    bit_offset: int
    bit_size: int
    is_bit_field: bool = False

    @property
    def end(self) -> int:
        """The bit behind it."""
        return self.bit_offset + self.bit_size


@dataclass(frozen=True)
class RecordedType:
    """`size` in bytes; a structure, and a typedef of one, has members, an enum enumerators."""

    size: int
    members: tuple[RecordedMember, ...] = ()
    enumerators: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class RecordedLayout(Layout):
    """A kernel's layout. Questions about names that were not recorded raise LookupError."""

    release: str
    arch: str
    word_size: int
    order: ByteOrder
    types: Mapping[str, RecordedType | None] = field(repr=False)
    constants: Mapping[str, int | None] = field(repr=False)  # of enums without a name
    symbols: Mapping[str, bool] = field(repr=False)  # whether the kernel's own symbol table has them
    vmcoreinfo_lines: tuple[str, ...] = field(repr=False)

    def has_type(self, name: str) -> bool:
        return self.types[name] is not None

    def has_member(self, type_name: str, member: str) -> bool:
        return self.has_type(type_name) and member in self._members[type_name]

    def has_symbol(self, name: str) -> bool:
        return self.symbols[name]

    def offset(self, type_name: str, member: str) -> int:
        """In bytes; of a bit field, that of the byte in which it starts."""
        return self._members[type_name][member].bit_offset // _BITS

    def size(self, type_name: str, member: str = "") -> int:
        """In bytes, of the type or of one of its members."""
        if member:
            return self._members[type_name][member].bit_size // _BITS
        type_ = self.types[type_name]
        if type_ is None:
            raise LookupError(f"{self.release} has no {type_name}")
        return type_.size

    def constant(self, name: str) -> int:
        """The value of an enumerator. Raises LookupError where the kernel has none of that name, too."""
        value = self.constants[name] if name in self.constants else self._enumerators[name]
        if value is None:
            raise LookupError(f"{self.release} has no {name}")
        return value

    @cached_property
    def vmcoreinfo(self) -> dict[str, str]:
        return vmcoreinfo.parse("\n".join(self.vmcoreinfo_lines).encode())

    @cached_property
    def _members(self) -> dict[str, dict[str, RecordedMember]]:
        return {name: {member.name: member for member in type_.members} for name, type_ in self.types.items() if type_}

    @cached_property
    def _enumerators(self) -> dict[str, int]:
        return dict(pair for type_ in self.types.values() if type_ for pair in type_.enumerators)


def to_text(layout: RecordedLayout) -> str:
    """JSON, each type, constant and line of VMCOREINFO in a line of its own; ends with a newline."""
    parts: dict[str, Any] = {
        "schema": SCHEMA,
        "kernel": {
            "release": layout.release,
            "arch": layout.arch,
            "word_size": layout.word_size,
            "order": layout.order,
        },
        "types": {name: None if type_ is None else _type_text(type_) for name, type_ in layout.types.items()},
        "constants": layout.constants,
        "symbols": _by_first_letter(layout.symbols, True),
        "no_symbols": _by_first_letter(layout.symbols, False),
        "vmcoreinfo": layout.vmcoreinfo_lines,
    }
    return "{\n" + ",\n".join(f"{json.dumps(name)}: {_spread(part)}" for name, part in parts.items()) + "\n}\n"


def load(path: Path) -> RecordedLayout:
    """The layout that `path` holds. Raises KdiveError where it holds none."""
    try:
        return _from_json(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise KdiveError(f"{path}: {error.strerror}") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise KdiveError(f"{path}: is no recorded layout: {error!r}", hint="`kdive lab layout` writes them") from error


def _from_json(data: dict[str, Any]) -> RecordedLayout:
    if data["schema"] != SCHEMA:
        raise ValueError(f"its schema is {data['schema']}, not {SCHEMA}")
    present, absent = (_joined(data[name]) for name in ("symbols", "no_symbols"))
    return RecordedLayout(
        **data["kernel"],
        types={name: None if text is None else _type(text) for name, text in data["types"].items()},
        constants=data["constants"],
        symbols=dict.fromkeys(present, True) | dict.fromkeys(absent, False),
        vmcoreinfo_lines=tuple(data["vmcoreinfo"]),
    )


def _type_text(type_: RecordedType) -> str:
    words, end, value = [f"{type_.size}:"], 0, -1
    for member in type_.members:
        offset, bit = divmod(member.bit_offset, _BITS)
        place = f"@{offset}.{bit}" if member.is_bit_field else f"@{offset}"
        size = f"{member.bit_size}b" if member.is_bit_field else f"{member.bit_size // _BITS}"
        words.append(f"{member.name}{'' if member.bit_offset == end else place}:{size}")
        end = member.end
    for name, number in type_.enumerators:
        words.append(name if number == value + 1 else f"{name}={number}")
        value = number
    return " ".join(words)


def _type(text: str) -> RecordedType:
    size, *words = text.split()
    members: list[RecordedMember] = []
    enumerators: list[tuple[str, int]] = []
    for word in words:
        if found := _MEMBER.fullmatch(word):
            name, offset, bit, length, in_bits = found.groups()
            before = members[-1].end if members else 0
            start = before if offset is None else int(offset) * _BITS + int(bit or 0)
            members.append(RecordedMember(name, start, int(length) * (1 if in_bits else _BITS), bool(in_bits)))
        elif found := _ENUMERATOR.fullmatch(word):
            following = enumerators[-1][1] + 1 if enumerators else 0
            enumerators.append((found[1], following if found[2] is None else int(found[2])))
        else:
            raise ValueError(f"{word} is neither a member nor an enumerator")
    return RecordedType(int(size.removesuffix(":")), tuple(members), tuple(enumerators))


def _by_first_letter(symbols: Mapping[str, bool], present: bool) -> dict[str, str]:
    """The names in one line for each letter that they begin with."""
    lines: dict[str, list[str]] = {}
    for name in sorted(name for name, is_there in symbols.items() if is_there == present):
        lines.setdefault(name.lstrip("_")[:1].lower(), []).append(name)
    return {letter: " ".join(names) for letter, names in sorted(lines.items())}


def _joined(lines: Mapping[str, str]) -> Iterator[str]:
    for names in lines.values():
        yield from names.split()


def _spread(part: Any) -> str:
    """`part` with each entry in a line of its own."""
    if isinstance(part, Mapping):
        return "{\n" + ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in part.items()) + "\n}"
    if isinstance(part, tuple | list):
        return "[\n" + ",\n".join(map(json.dumps, part)) + "\n]"
    return json.dumps(part)
