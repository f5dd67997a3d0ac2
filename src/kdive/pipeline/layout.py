"""A dump's kernel as a recorded layout."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import drgn

from kdive.compat.recorded import RecordedLayout, RecordedMember, RecordedType
from kdive.compat.wanted import wanted
from kdive.errors import NoVerdictError
from kdive.facts.missing import known
from kdive.symbols.failures import FAILURES

if TYPE_CHECKING:
    from kdive.dumpfile.dump import Dump

_DEPTH_LIMIT = 16  # of structures without a name in one another


def record(path: Path, vmlinux: Path | None = None) -> RecordedLayout:
    """The layout of the kernel in the dump `path`, by what it carries itself, or by `vmlinux` where that is given.

    Raises KdiveError when the dump cannot be opened, NoVerdictError when there are no names and types.
    """
    from kdive.dumpfile.open import open_dump
    from kdive.memory.open import open_memory
    from kdive.symbols.find import SymbolOptions, find_symbols

    with open_dump(path) as dump:
        # What else lies on this machine must not decide what is recorded.
        options = SymbolOptions(vmlinux, none=vmlinux is None)
        symbols = find_symbols(open_memory(dump), options)
        if symbols.program is None:
            raise NoVerdictError(
                f"{path}: there are no names and types: {symbols.rung.why}",
                hint="pass the kernel's vmlinux with --vmlinux FILE",
            )
        return _record(dump, symbols.program)


def _record(dump: Dump, program: drgn.Program) -> RecordedLayout:
    names = wanted()
    release = known(dump.vmcoreinfo, {}).get("OSRELEASE", "")
    return RecordedLayout(
        release=release,
        arch=dump.arch,
        word_size=dump.word_size,
        order=dump.order,
        types={name: _type(program, name) for name in names.types},
        constants={name: _constant(program, name) for name in names.constants},
        symbols={name: _has_symbol(program, name) for name in names.symbols},
        vmcoreinfo_lines=tuple(dump.vmcoreinfo_text.decode("utf-8", "replace").rstrip("\0\n").splitlines()),
    )


def _type(program: drgn.Program, name: str) -> RecordedType | None:
    try:
        type_ = program.type(name)
        if not type_.is_complete():
            return None
        body = _unaliased(type_)
        members = tuple(_members(body, "", 0, 0)) if _has_members(body) else ()
        return RecordedType(drgn.sizeof(type_), members, _enumerators(body))
    except FAILURES:
        return None


def _members(type_: drgn.Type, prefix: str, base: int, depth: int) -> Iterator[RecordedMember]:
    """The members of `type_`, which lies `base` bits behind the start."""
    if depth > _DEPTH_LIMIT:
        return
    for member in type_.members or ():
        start = base + member.bit_offset
        if not member.name:
            yield from _members(member.type, prefix, start, depth + 1)
            continue
        name = prefix + member.name
        if member.bit_field_size:
            yield RecordedMember(name, start, member.bit_field_size, is_bit_field=True)
            continue
        yield RecordedMember(name, start, 8 * _size(member.type))
        element = _element(member.type)
        if _has_members(element) and element.tag is None:
            yield from _members(element, f"{name}.", start, depth + 1)


def _size(type_: drgn.Type) -> int:
    """In bytes; 0 for an array without a length."""
    return drgn.sizeof(type_) if type_.is_complete() else 0


def _element(type_: drgn.Type) -> drgn.Type:
    while type_.kind == drgn.TypeKind.ARRAY:
        type_ = type_.type
    return type_


def _unaliased(type_: drgn.Type) -> drgn.Type:
    while type_.kind == drgn.TypeKind.TYPEDEF:
        type_ = type_.type
    return type_


def _has_members(type_: drgn.Type) -> bool:
    return type_.kind in (drgn.TypeKind.STRUCT, drgn.TypeKind.UNION)


def _enumerators(type_: drgn.Type) -> tuple[tuple[str, int], ...]:
    if type_.kind != drgn.TypeKind.ENUM:
        return ()
    return tuple((one.name, one.value) for one in type_.enumerators or ())


def _constant(program: drgn.Program, name: str) -> int | None:
    try:
        return int(program.constant(name).value_())
    except FAILURES:
        return None


def _has_symbol(program: drgn.Program, name: str) -> bool:
    try:
        program.symbol(name)
    except FAILURES:
        return False
    return True
