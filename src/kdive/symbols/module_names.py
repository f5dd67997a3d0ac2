"""Symbols of loaded modules, out of the tables that the kernel keeps of them; each table is read when it is needed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

import drgn
from drgn import SymbolBinding, SymbolKind

from kdive.errors import ReadError
from kdive.formats.elf_symbols import SHN_UNDEF, symbol_record
from kdive.memory.memory import Memory
from kdive.symbols.modules import LoadedModule

_NAME_LIMIT = 512  # bytes; KSYM_NAME_LEN is 512 since v6.1
_STRINGS_LIMIT = 16 << 20  # bytes
_STB_GLOBAL, _STB_WEAK = 1, 2
_BINDINGS = {_STB_GLOBAL: SymbolBinding.GLOBAL, _STB_WEAK: SymbolBinding.WEAK}
_STT_FUNC = 2


class ModuleSymbol(NamedTuple):
    start: int
    position: int  # in the module's table
    name: str
    info: int  # st_info


class ModuleNames:
    def __init__(self, memory: Memory, modules: Sequence[LoadedModule]) -> None:
        self._memory = memory
        self.modules = modules
        self._tables: dict[int, list[ModuleSymbol]] = {}

    def module_at(self, address: int) -> LoadedModule | None:
        return next((module for module in self.modules if module.holds(address)), None)

    def symbol_at(self, address: int) -> drgn.Symbol | None:
        module = self.module_at(address)
        if module is None:
            return None
        table = self._table(module)
        index = bisect_right(table, address, key=lambda symbol: symbol.start) - 1
        start, end = next(range_ for range_ in module.ranges if range_[0] <= address < range_[1])
        if index < 0 or table[index].start < start:
            return None
        symbol_start = table[index].start
        while index > 0 and table[index - 1].start == symbol_start:
            index -= 1
        later = bisect_right(table, symbol_start, key=lambda symbol: symbol.start)
        ends = [end, *(text_end for text_end in module.text_ends if text_end > address)]
        if later < len(table):
            ends.append(table[later].start)
        return _symbol(table[index], min(ends) - symbol_start)

    def find(self, program: drgn.Program, name: str | None, address: int | None, one: bool) -> Sequence[drgn.Symbol]:
        """A drgn symbol finder."""
        if address is not None:
            symbol = self.symbol_at(address)
            return [symbol] if symbol is not None and name in (None, symbol.name) else []
        found: list[drgn.Symbol] = []
        for module in self.modules:
            matching = (entry for entry in self._table(module) if name is None or entry.name == name)
            found.extend(symbol for entry in matching if (symbol := self.symbol_at(entry.start)) is not None)
            if one and found:
                return found[:1]
        return found

    def _table(self, module: LoadedModule) -> list[ModuleSymbol]:
        """The symbols of `module` that lie in it, by address; none where the table cannot be read."""
        found = self._tables.get(module.symtab)
        if found is None:
            try:
                found = self._read_table(module)
            except ReadError:
                found = []
            self._tables[module.symtab] = found
        return found

    def _read_table(self, module: LoadedModule) -> list[ModuleSymbol]:
        memory = self._memory
        record = symbol_record(memory.dump.word_size)
        rows = record.rows(memory.read(module.symtab, module.num_symtab * record.size()), memory.dump.order)
        symbols = [record(*row) for row in rows]
        size = min(max((symbol.st_name for symbol in symbols), default=0) + _NAME_LIMIT, _STRINGS_LIMIT)
        strings = bytes(memory.read_with_holes(module.strtab, size)[0])
        found = []
        for position, symbol in enumerate(symbols):
            name = _string(strings, symbol.st_name)
            if name and symbol.st_shndx != SHN_UNDEF and module.holds(symbol.st_value):
                found.append(ModuleSymbol(symbol.st_value, position, name, symbol.st_info))
        return sorted(found)


def _string(strings: bytes, start: int) -> str:
    """The name at `start`; "" for the marks that assemblers leave ($x, .L…), which name nothing."""
    end = strings.find(b"\0", start, start + _NAME_LIMIT)
    name = strings[start:end].decode("utf-8", "replace") if end > start else ""
    return "" if name.startswith(("$", ".L", "L0\x01")) else name


def _symbol(entry: ModuleSymbol, size: int) -> drgn.Symbol:
    binding = _BINDINGS.get(entry.info >> 4, SymbolBinding.LOCAL)
    kind = SymbolKind.FUNC if entry.info & 15 == _STT_FUNC else SymbolKind.OBJECT
    return drgn.Symbol(entry.name, entry.start, size, binding, kind)
