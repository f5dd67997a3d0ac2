"""The ORC tables of kernel and modules in the dump, asked for single addresses."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from kdive.errors import ReadError
from kdive.formats.orc import ENTRY_SIZE, IP_SIZE, OrcEntry, OrcIp, Unwindable, unwindable
from kdive.memory.memory import Memory
from kdive.symbols.failures import FAILURES
from kdive.symbols.module_names import ModuleNames
from kdive.symbols.modules import LoadedModule
from kdive.symbols.names import KernelNames

_ENTRIES_LIMIT = 16_000_000


class _Table(NamedTuple):
    ips: int  # address of the first struct orc_ip
    entries: int  # address of the first struct orc_entry
    length: int


class OrcTables:
    def __init__(self, memory: Memory, names: KernelNames | None, modules: ModuleNames) -> None:
        self._memory = memory
        self._names = names
        self._modules = modules
        self._kernel = None if names is None else _kernel_table(names)
        self._tables: dict[int, _Table | None] = {}
        self._known: dict[int, Unwindable | None] = {}

    def unwindable(self, address: int) -> Unwindable | None:
        """What ORC says of the code at `address`; None where there is no ORC for it, or it cannot be read."""
        if address not in self._known:
            try:
                self._known[address] = self._look_up(address)
            except ReadError:
                self._known[address] = None
        return self._known[address]

    def _look_up(self, address: int) -> Unwindable | None:
        # By the range that holds the address, never by the nearest entry of all tables: a table ends with an entry
        # that looks undefined.
        module = self._modules.module_at(address)
        if module is not None:
            table = self._module_table(module)
        elif self._names is not None and self._names.start <= address < self._names.end:
            table = self._kernel
        else:
            return None
        if table is None:
            return None
        index = bisect_right(range(table.length), address, key=lambda index: self._ip(table, index)) - 1
        if index < 0:
            return None
        entry = self._memory.read(table.entries + index * ENTRY_SIZE, ENTRY_SIZE)
        return unwindable(OrcEntry.read(entry, 0, self._memory.dump.order))

    def _ip(self, table: _Table, index: int) -> int:
        place = table.ips + index * IP_SIZE
        return place + OrcIp.read(self._memory.read(place, IP_SIZE), 0, self._memory.dump.order).offset

    def _module_table(self, module: LoadedModule) -> _Table | None:
        key = module.object.value_()
        if key not in self._tables:
            self._tables[key] = _module_table(module)
        return self._tables[key]


def _kernel_table(names: KernelNames) -> _Table | None:
    ips, ips_end = names.address("__start_orc_unwind_ip"), names.address("__stop_orc_unwind_ip")
    entries = names.address("__start_orc_unwind")
    if ips is None or ips_end is None or entries is None:
        return None
    count = (ips_end - ips) // IP_SIZE
    return _Table(ips, entries, count) if 0 < count <= _ENTRIES_LIMIT else None


def _module_table(module: LoadedModule) -> _Table | None:
    try:
        arch = module.object.arch
        count = arch.num_orcs.value_()
        table = _Table(arch.orc_unwind_ip.value_(), arch.orc_unwind.value_(), count)
    except FAILURES:
        return None
    return table if 0 < count <= _ENTRIES_LIMIT else None
