"""Segments and headers of an ELF vmcore."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from kdive.dumpfile.dump import Segment
from kdive.engine.machine import Machine
from kdive.formats import elf, machines
from kdive.formats.record import ByteOrder

_PF_RWX = 7
_PAGES_LIMIT = 1 << 16
_SEGMENTS_LIMIT = 1 << 18  # that readers take


class Fate(IntEnum):
    """What becomes of a page."""

    HOLE = 0  # not memory of the machine
    LOST = 1  # memory, but not to be had, or not to be read
    EXCLUDED = 2
    KEPT = 3


@dataclass(frozen=True)
class FileSegment:
    """Pages first_pfn <= pfn < first_pfn + memory_pages, of which the first `file_pages` are in the file."""

    first_pfn: int
    file_pages: int
    memory_pages: int


Run = tuple[int, int, int]  # Fate, first pfn, end pfn


def runs(pieces: Iterable[tuple[int, NDArray[np.uint8]]]) -> Iterator[Run]:
    """Runs of equal fate that are memory; `pieces` are the first pfn and the fates of pages, ascending."""
    last: Run = (Fate.HOLE, 0, 0)
    for first, fates in pieces:
        borders = np.flatnonzero(np.diff(fates)) + 1
        starts = [0, *borders.tolist()]
        ends = [*borders.tolist(), len(fates)]
        for fate, start, end in zip(fates[starts].tolist(), starts, ends, strict=True):
            if (fate, first + start) == (last[0], last[2]):
                last = (fate, last[1], first + end)
            else:
                if last[0] != Fate.HOLE:
                    yield last
                last = (fate, first + start, first + end)
    if last[0] != Fate.HOLE:
        yield last


def segments(found: Iterable[Run], dropped_run_pages: int) -> Iterator[FileSegment]:
    """One segment for each run of pages in the file, together with the pages behind it that are not.

    Excluded pages between two kept runs stay in the file when they are fewer than `dropped_run_pages`.
    """
    first = kept_end = end = 0
    gap_may_stay = False
    for fate, start, run_end in found:
        if fate == Fate.KEPT:
            joins = start == end and kept_end > first and gap_may_stay and start - kept_end < dropped_run_pages
            if not joins:
                if end > first:
                    yield FileSegment(first, kept_end - first, end - first)
                first = start
            kept_end = end = run_end
            gap_may_stay = True
            continue
        if start != end:
            if end > first:
                yield FileSegment(first, kept_end - first, end - first)
            first = kept_end = start
        gap_may_stay = gap_may_stay and fate == Fate.EXCLUDED and kept_end > first
        end = run_end
    if end > first:
        yield FileSegment(first, kept_end - first, end - first)


class SegmentTable:
    """The segments of a file, 24 bytes each."""

    def __init__(self, found: Iterable[FileSegment]) -> None:
        self._numbers = array("Q")
        for segment in found:
            self._numbers.extend((segment.first_pfn, segment.file_pages, segment.memory_pages))
            if len(self) > _SEGMENTS_LIMIT:
                break

    def __len__(self) -> int:
        return len(self._numbers) // 3

    def __iter__(self) -> Iterator[FileSegment]:
        for index in range(0, len(self._numbers), 3):
            yield FileSegment(*self._numbers[index : index + 3])

    def pages(self) -> Iterator[NDArray[np.int64]]:
        """The pages in the file, in order, in arrays of limited length."""
        for segment in self:
            end = segment.first_pfn + segment.file_pages
            for first in range(segment.first_pfn, end, _PAGES_LIMIT):
                yield np.arange(first, min(end, first + _PAGES_LIMIT))

    @property
    def file_pages(self) -> int:
        """Pages in the file."""
        return sum(self._numbers[1::3])

    @property
    def too_many(self) -> bool:
        """Whether the dump falls into more pieces than readers of ELF take."""
        return len(self) > _SEGMENTS_LIMIT


@dataclass(frozen=True)
class ElfLayout:
    """The headers of a file with `table` in it. Offsets in bytes."""

    machine: Machine
    mapped: Sequence[Segment]  # physical → virtual
    table: SegmentTable

    @property
    def data_offset(self) -> int:
        """Of the first page."""
        end = self._notes_offset + len(self.notes)
        return -(-end // self.machine.page_size) * self.machine.page_size

    @property
    def notes(self) -> bytes:
        return self.machine.notes

    def headers(self, *, incomplete: bool) -> bytes:
        """All that lies before the first page."""
        ident, order = self._identification, self.machine.order
        count = len(self.table) + 1
        many = count >= elf.PN_XNUM
        flags = elf.MAKEDUMPFILE_INCOMPLETE if incomplete else 0
        ehdr = ident.ehdr(
            e_ident=elf.MAGIC + bytes([2 if ident.word_size == 8 else 1, 1 if order == "<" else 2, 1]) + bytes(9),
            e_type=elf.ET_CORE,
            e_machine=machines.e_machine(self.machine.arch),
            e_version=1,
            e_entry=0,
            e_phoff=ident.ehdr.size(),
            e_shoff=self._sections_offset if many else 0,
            e_flags=flags,
            e_ehsize=ident.ehdr.size(),
            e_phentsize=ident.phdr.size(),
            e_phnum=elf.PN_XNUM if many else count,
            e_shentsize=ident.shdr.size() if many else 0,
            e_shnum=int(many),
            e_shstrndx=0,
        )
        section = ident.shdr(0, 0, 0, 0, 0, 0, 0, count, 0, 0).pack(order) if many else b""
        table = b"".join(self._phdrs())
        return (ehdr.pack(order) + table + section + self.notes).ljust(self.data_offset, b"\0")

    def _phdrs(self) -> Iterator[bytes]:
        order, page_size = self.machine.order, self.machine.page_size
        yield self._phdr(elf.PT_NOTE, self._notes_offset, 0, 0, len(self.notes), len(self.notes)).pack(order)
        position = self.data_offset
        for segment in self.table:
            start, size = segment.first_pfn * page_size, segment.file_pages * page_size
            virtual = self._virtual(start)
            yield self._phdr(elf.PT_LOAD, position, virtual, start, size, segment.memory_pages * page_size).pack(order)
            position += size

    def _phdr(self, p_type: int, offset: int, virtual: int, physical: int, in_file: int, in_memory: int) -> elf.Phdr:
        return self._identification.phdr(
            p_type=p_type,
            p_flags=_PF_RWX if p_type == elf.PT_LOAD else 0,
            p_offset=offset,
            p_vaddr=virtual,
            p_paddr=physical,
            p_filesz=in_file,
            p_memsz=in_memory,
            p_align=0,
        )

    def _virtual(self, physical: int) -> int:
        """Where the kernel mapped it, 0 where that is not known."""
        index = bisect_right(self.mapped, physical, key=lambda segment: segment.physical) - 1
        segment = self.mapped[index] if index >= 0 else None
        if segment is None or segment.virtual is None or physical >= segment.physical + segment.size:
            return 0
        return segment.virtual + physical - segment.physical

    @property
    def _identification(self) -> elf.Identification:
        order: ByteOrder = self.machine.order
        return elf.Identification(self.machine.word_size, order)

    @property
    def _sections_offset(self) -> int:
        ident = self._identification
        return ident.ehdr.size() + (len(self.table) + 1) * ident.phdr.size()

    @property
    def _notes_offset(self) -> int:
        many = len(self.table) + 1 >= elf.PN_XNUM
        return self._sections_offset + (self._identification.shdr.size() if many else 0)
