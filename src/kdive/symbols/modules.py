"""The modules that were loaded when the kernel crashed: where they lie, and drgn's module objects for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import drgn

from kdive.compat.modules import has_symbol_table_struct, parts
from kdive.symbols.failures import FAILURES
from kdive.symbols.layout import ProgramLayout
from kdive.symbols.names import KernelNames

_MODULES_LIMIT = 4096
_PART_LIMIT = 1 << 30  # bytes
_SYMBOLS_LIMIT = 1_000_000


@dataclass(frozen=True)
class LoadedModule:
    """A module in memory; `ranges` are half-open, code that runs once at its start included."""

    name: str
    object: drgn.Object  # struct module *
    ranges: tuple[tuple[int, int], ...]
    text_ends: tuple[int, ...]  # where code ends and other things follow in the same range
    symtab: int
    num_symtab: int
    strtab: int

    def holds(self, address: int) -> bool:
        return any(start <= address < end for start, end in self.ranges)


def loaded_modules(program: drgn.Program) -> list[LoadedModule]:
    """The kernel's list of modules, as far as it can be followed."""
    found = []
    layout = ProgramLayout(program)
    for module in _walk(program):
        try:
            found.append(_loaded(module, layout))
        except FAILURES:
            continue
    return found


def add_modules(program: drgn.Program, modules: list[LoadedModule], names: KernelNames | None) -> None:
    """Makes drgn's module objects, with all ranges: with them it unwinds through kernel and modules.

    drgn's own walk over the list has no bound, and up to 6.3 it leaves out the part that holds init code.
    """
    main = program.main_module("kernel", create=True)
    if not main.address_ranges and names is not None and names.end > names.start:
        main.address_range = (names.start, names.end)
    for module in modules:
        try:
            program.linux_kernel_loadable_module(module.object, create=True).address_ranges = module.ranges
        except FAILURES:
            continue


def _walk(program: drgn.Program) -> Iterator[drgn.Object]:
    try:
        head = program["modules"].address_of_()
        entry = head.next.read_()
        seen = {head.value_()}
        while entry.value_() not in seen and len(seen) <= _MODULES_LIMIT:
            seen.add(entry.value_())
            yield drgn.container_of(entry, "struct module", "list")
            entry = entry.next.read_()
    except FAILURES:
        return


def _loaded(module: drgn.Object, layout: ProgramLayout) -> LoadedModule:
    struct = module[0]
    memory_types = len(module.mem) if layout.has_member("struct module", "mem") else 0
    ranges, text_ends = [], []
    for part in parts(layout, memory_types):
        base, size = (struct.subobject_(member).value_() for member in (part.base, part.size))
        if base and 0 < size <= _PART_LIMIT:
            ranges.append((base, base + size))
            if part.text_size:
                text_ends.append(base + struct.subobject_(part.text_size).value_())
    table = module.kallsyms if has_symbol_table_struct(layout) else module
    symtab, num_symtab, strtab = (table.member_(name).value_() for name in ("symtab", "num_symtab", "strtab"))
    return LoadedModule(
        name=module.name.string_().decode("utf-8", "replace"),
        object=module,
        ranges=_without_overlaps(ranges),
        text_ends=tuple(text_ends),
        symtab=symtab,
        num_symtab=min(num_symtab, _SYMBOLS_LIMIT),
        strtab=strtab,
    )


def _without_overlaps(ranges: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    kept: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if not kept or start >= kept[-1][1]:
            kept.append((start, end))
    return tuple(kept)
