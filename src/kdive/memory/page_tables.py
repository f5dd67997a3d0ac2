"""The walk down a kernel's page tables, the same on all architectures that have a tree of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kdive.dumpfile.dump import Dump
from kdive.errors import PageAbsentError, ReadError
from kdive.memory.address_space import AddressSpace, Run

_ENTRY_BYTES = 8
_CACHE_RUNS = 4096


@dataclass(frozen=True)
class Level:
    """One level of the tree: an entry covers 1 << shift bytes, a table has 1 << bits of them."""

    shift: int
    bits: int


@dataclass(frozen=True)
class Entry:
    """A valid entry: a page of the level's size (`leaf`), or the next table."""

    physical: int
    leaf: bool


class PageTables(AddressSpace):
    """Page tables in a dump, from the table at physical address `root`; `levels` from the top down.

    `decode(entry, level)` gives None for an entry that maps nothing, `start` is the lowest address of the kernel's
    half, and `canonical` gives the address as the hardware sees it.
    """

    def __init__(
        self,
        dump: Dump,
        root: int,
        levels: Sequence[Level],
        decode: Callable[[int, Level], Entry | None],
        start: int,
        canonical: Callable[[int], int] | None = None,
    ) -> None:
        self._dump = dump
        self._root = root
        self._levels = levels
        self._decode = decode
        self._canonical = canonical
        self._start = start
        self._runs: dict[tuple[int, int], Run] = {}

    def canonical(self, address: int) -> int:
        return self._canonical(address) if self._canonical else address

    def find(self, address: int) -> Run:
        for level in self._levels:
            run = self._runs.get((level.shift, address >> level.shift))
            if run:
                return run
        return self._walk(address)

    def maps(self, address: int, physical: int) -> bool:
        """Whether `address` is mapped to `physical`."""
        try:
            run = self.find(self.canonical(address))
        except ReadError:
            return False
        return run.physical + self.canonical(address) - run.start == physical

    def _walk(self, address: int) -> Run:
        if address < self._start:
            raise PageAbsentError(f"{address:#x} is no address of the kernel")
        table = self._root
        for level in self._levels:
            index = address >> level.shift & (1 << level.bits) - 1
            entry = self._decode(self._read_entry(table + index * _ENTRY_BYTES, address), level)
            if entry is None:
                break
            if entry.leaf:
                return self._remember(address, level.shift, entry.physical)
            table = entry.physical
        raise PageAbsentError(f"{address:#x} is not mapped")

    def _read_entry(self, physical: int, address: int) -> int:
        try:
            data = self._dump.read_physical(physical, _ENTRY_BYTES)
        except ReadError as error:
            raise type(error)(f"page table for {address:#x}: {error.message}", hint=error.hint) from error
        return int.from_bytes(data, "little" if self._dump.order == "<" else "big")

    def _remember(self, address: int, shift: int, physical: int) -> Run:
        start = address >> shift << shift
        if len(self._runs) >= _CACHE_RUNS:
            self._runs.clear()
        run = self._runs[shift, address >> shift] = Run(start, start + (1 << shift), physical)
        return run
