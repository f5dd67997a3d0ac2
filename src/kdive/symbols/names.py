"""Symbols of the kernel image, found in its own kallsyms, as drgn and our readers ask for them."""

from __future__ import annotations

from collections.abc import Sequence

import drgn
from drgn import SymbolBinding, SymbolKind

from kdive.formats.kallsyms import Kallsyms

_FUNCTIONS = "tTwW"
_WEAK = "wWvV"


class KernelNames:
    """Names of the kernel image. Addresses outside of it, per-CPU offsets among them, have none."""

    def __init__(self, kallsyms: Kallsyms) -> None:
        self._kallsyms = kallsyms
        starts = [address for name in ("_text", "_stext") if (address := self.address(name)) is not None]
        self.start = min(starts, default=0)
        end = self.address("_end")
        # With CONFIG_KALLSYMS_ALL off the tables hold functions alone.
        self.has_variables = end is not None
        if end is None and len(kallsyms):
            end = kallsyms.address(len(kallsyms) - 1)
        self.end = end if end is not None and end > self.start else self.start
        # nm calls all of .data text ("T") where a linker gave it the flag of code, as in Debian's 7.2.
        self._data = range(self.address("_sdata") or 0, self.address("_edata") or 0)

    def address(self, name: str) -> int | None:
        """Of the symbol `name`; per-CPU variables have their offset."""
        index = self._kallsyms.find(name)
        return None if index is None else self._kallsyms.address(index)

    def variable(self, name: str) -> int | None:
        """Address of the one variable of that name; None where there is none, or two files have one of their own."""
        index = self._kallsyms.find(name)
        if index is None or self._is_function(index):
            return None
        if self._kallsyms.type(index).islower() and len(self._kallsyms.find_all(name)) > 1:
            return None
        return self._kallsyms.address(index)

    def symbol_at(self, address: int) -> drgn.Symbol | None:
        if not self.start <= address < self.end:
            return None
        index = self._kallsyms.at(address)
        return None if index is None else self._symbol(index)

    def find(self, program: drgn.Program, name: str | None, address: int | None, one: bool) -> Sequence[drgn.Symbol]:
        """A drgn symbol finder."""
        if address is not None:
            symbol = self.symbol_at(address)
            return [symbol] if symbol is not None and name in (None, symbol.name) else []
        if name is not None and one:
            index = self._kallsyms.find(name)
            return [] if index is None else [self._symbol(index)]
        indices = range(len(self._kallsyms)) if name is None else self._kallsyms.find_all(name)
        return [self._symbol(index) for index in indices]

    def _symbol(self, index: int) -> drgn.Symbol:
        letter = self._kallsyms.type(index)
        start = self._kallsyms.address(index)
        # The symbol after the last per-CPU one is the kernel's text, far away.
        size = self._kallsyms.end(index) - start if start >= self.start else 0
        binding = SymbolBinding.LOCAL
        if letter in _WEAK:
            binding = SymbolBinding.WEAK
        elif letter.isupper():
            binding = SymbolBinding.GLOBAL
        kind = SymbolKind.FUNC if self._is_function(index) else SymbolKind.OBJECT
        return drgn.Symbol(self._kallsyms.name(index), start, size, binding, kind)

    def _is_function(self, index: int) -> bool:
        return self._kallsyms.type(index) in _FUNCTIONS and self._kallsyms.address(index) not in self._data
