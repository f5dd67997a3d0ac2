"""What every opened dump can do, whatever file it came from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from kdive.facts.machine import Container
from kdive.facts.missing import Missing
from kdive.formats import vmcoreinfo
from kdive.formats.record import ByteOrder
from kdive.units import Address, ByteCount, UnixSeconds


@dataclass(frozen=True)
class Note:
    """One ELF note: `name` without its NUL, `type` as in elf(5), `data` the descriptor."""

    name: str
    type: int
    data: bytes


@dataclass(frozen=True)
class Segment:
    """A run of physical memory that the machine had: start <= address < start + size.

    `virtual` is where the kernel mapped it, None where the container does not say.
    """

    physical: Address
    size: ByteCount
    virtual: Address | None = None


@dataclass(frozen=True)
class Identity:
    """What the container's own header says of the machine, before VMCOREINFO; "" or None where it says nothing."""

    arch: str = ""  # "x86_64", "aarch64" … as uname -m prints it
    nodename: str = ""
    release: str = ""
    version: str = ""
    crash_time: UnixSeconds | None = None
    cpus: int | None = None


class Dump(ABC):
    """A dump that is open. Reads are of physical memory; virtual addresses are the business of `kdive.memory`."""

    path: Path
    paths: Sequence[Path]  # all files of a split set, else [path]
    container: Container
    identity: Identity
    arch: str
    order: ByteOrder
    word_size: int  # bytes: 4 or 8
    page_size: int  # bytes
    vmcoreinfo: Mapping[str, str] | Missing  # key → value, e.g. "SYMBOL(prb)" → "ffffffff8c8597e0"
    vmcoreinfo_text: bytes  # the note as it is; b"" when missing
    notes: Sequence[Note]
    physical_base: Address | None  # phys_base as the header gives it, where it does
    eraseinfo: bytes = b""  # lines that say what was erased when it was written
    native: bool  # drgn opens this very file by itself

    @abstractmethod
    def segments(self) -> Sequence[Segment]:
        """Physical memory of the machine, ascending, not overlapping."""

    @abstractmethod
    def kept_ranges(self) -> Iterator[tuple[Address, ByteCount]]:
        """Start and size of the runs of physical memory whose content is in the file, ascending.

        Raises DumpDamagedError where the file ends before it has told them all.
        """

    @abstractmethod
    def read_physical(self, address: int, size: int) -> bytes:
        """`size` bytes from physical `address`.

        Raises PageExcludedError, PageAbsentError or DumpDamagedError for the first page that cannot be had.
        """

    def read_physical_into(self, address: int, buffer: memoryview) -> None:
        """Fills `buffer` from physical `address` on; raises as `read_physical` does, with anything in the buffer."""
        buffer[:] = self.read_physical(address, len(buffer))

    def adopt_vmcoreinfo(self, text: bytes) -> None:
        """Takes `text` for the dump's VMCOREINFO; where it is b"", the dump has none."""
        self.vmcoreinfo_text = text
        self.vmcoreinfo = vmcoreinfo.parse(text) if text else Missing("the dump carries no VMCOREINFO")

    @abstractmethod
    def close(self) -> None:
        """Closes the files."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
