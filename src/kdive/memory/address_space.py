"""Virtual to physical: what every way of translating an address gives, and the simplest way, fixed offsets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from kdive.dumpfile.dump import Dump
from kdive.errors import DumpDamagedError, PageAbsentError, PageExcludedError, ReadError


@dataclass(frozen=True)
class Run:
    """Virtual addresses start <= address < end that lie at `physical` and onwards."""

    start: int
    end: int
    physical: int


class AddressSpace(ABC):
    """The kernel's view of memory."""

    @abstractmethod
    def find(self, address: int) -> Run:
        """The run that holds `address`.

        Raises PageAbsentError when nothing is mapped there, PageExcludedError or DumpDamagedError when the page table
        that says so is not in the dump.
        """

    def canonical(self, address: int) -> int:
        """`address` without bits that the hardware ignores or that authenticate it."""
        return address


class Linear(AddressSpace):
    """Mappings by a fixed offset; where they overlap, the first counts."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._runs = runs

    def __bool__(self) -> bool:
        return bool(self._runs)

    def find(self, address: int) -> Run:
        for run in self._runs:
            if run.start <= address < run.end:
                return run
        raise PageAbsentError(f"{address:#x} lies in none of the kernel's linear mappings")


class Segments(AddressSpace):
    """The mappings that the container itself tells: those of ELF vmcores. They are read when first asked for."""

    def __init__(self, dump: Dump) -> None:
        self._dump = dump

    @cached_property
    def _linear(self) -> Linear:
        return Linear(
            [
                Run(segment.virtual, segment.virtual + segment.size, segment.physical)
                for segment in self._dump.segments()
                if segment.virtual is not None
            ]
        )

    def __bool__(self) -> bool:
        return bool(self._linear)

    def find(self, address: int) -> Run:
        return self._linear.find(address)


class FirstReadable(AddressSpace):
    """The page tables; where they are not in the dump, the mappings that are known without them."""

    def __init__(self, tables: AddressSpace, linear: AddressSpace) -> None:
        self._tables = tables
        self._linear = linear

    def find(self, address: int) -> Run:
        try:
            return self._tables.find(address)
        except (PageExcludedError, DumpDamagedError):
            try:
                return self._linear.find(address)
            except PageAbsentError:
                pass
            raise

    def canonical(self, address: int) -> int:
        return self._tables.canonical(address)


class FirstMapped(AddressSpace):
    """Mappings that are known, then those that may be: page tables that are not to be believed, segments."""

    def __init__(self, first: AddressSpace, second: AddressSpace) -> None:
        self._first = first
        self._second = second

    def find(self, address: int) -> Run:
        try:
            return self._first.find(address)
        except PageAbsentError:
            return self._second.find(address)

    def canonical(self, address: int) -> int:
        return self._second.canonical(address)


class Unknown(AddressSpace):
    """Nothing is known of how addresses are translated; `reason` says why."""

    def __init__(self, reason: str, hint: str) -> None:
        self._reason = reason
        self._hint = hint

    def find(self, address: int) -> Run:
        raise ReadError(f"virtual address {address:#x} cannot be read: {self._reason}", hint=self._hint)
