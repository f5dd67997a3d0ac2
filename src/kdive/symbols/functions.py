"""Which function an address lies in."""

from __future__ import annotations

from dataclasses import dataclass

import drgn

from kdive.symbols.module_names import ModuleNames
from kdive.symbols.modules import LoadedModule
from kdive.symbols.names import KernelNames
from kdive.units import Address, ByteCount


@dataclass(frozen=True)
class Function:
    name: str
    start: Address
    size: ByteCount
    module: str = ""  # "" is the kernel itself


class Functions:
    """Functions of kernel and modules: as the kernel's own tables name them, else as debuginfo does.

    The kernel's tables come first on every rung, so that a name is the one that the kernel prints in its log.
    """

    def __init__(self, program: drgn.Program, names: KernelNames | None, modules: ModuleNames) -> None:
        self._program = program
        self._names = names
        self._modules = modules
        self._found: dict[int, Function | None] = {}

    def at(self, address: int, is_return_address: bool = False) -> Function | None:
        """The function that holds `address`; the one that made the call, where it is a return address.

        A call that never returns can be a function's last instruction: the return address is then in the next one.
        """
        address -= is_return_address
        if address not in self._found:
            self._found[address] = self._at(address)
        return self._found[address]

    def module_at(self, address: int) -> LoadedModule | None:
        """The module that holds `address`."""
        return self._modules.module_at(address)

    def is_code(self, address: int) -> bool:
        """Whether `address` lies in the kernel image or in a module."""
        if self._names is not None and self._names.start <= address < self._names.end:
            return True
        return self._modules.module_at(address) is not None or self._in_main_module(address)

    def _in_main_module(self, address: int) -> bool:
        try:
            ranges = self._program.main_module().address_ranges
        except LookupError:
            return False
        return any(start <= address < end for start, end in ranges or ())

    def _at(self, address: int) -> Function | None:
        module = self._modules.module_at(address)
        symbol = self._modules.symbol_at(address) if module else self._kernel_symbol(address)
        if symbol is None:
            return None
        return Function(symbol.name, Address(symbol.address), ByteCount(symbol.size), module.name if module else "")

    def _kernel_symbol(self, address: int) -> drgn.Symbol | None:
        if self._names is not None:
            return self._names.symbol_at(address)
        if not self._in_main_module(address):
            return None
        try:
            return self._program.symbol(address)
        except LookupError:
            return None
