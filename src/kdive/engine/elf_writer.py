"""Writes ELF vmcores, not compressed: long runs of excluded pages are left out, short ones stay, as makedumpfile does.

The header says that the file is incomplete until all of it has reached the disk. Zero pages are excluded pages here,
which takes a pass over the memory of its own. Readers take no more than 2^18 segments.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kdive.engine.batches import batch_pages, slices, zero_pages
from kdive.engine.bitmaps import BitmapReader, BitmapWriter, Spool
from kdive.engine.chosen import Bitmaps, Window, select
from kdive.engine.direct_map import mapped_segments
from kdive.engine.elf_layout import ElfLayout, Fate, SegmentTable, runs, segments
from kdive.engine.erased_text import note
from kdive.engine.machine import Machine
from kdive.engine.output import Output
from kdive.engine.page_reader import PageReader
from kdive.engine.tally import Tally
from kdive.engine.writing import (
    ZERO_PAGES,
    OutputError,
    OutputFullError,
    Progress,
    Report,
    WriteOptions,
)
from kdive.errors import DumpError
from kdive.memory.memory import Memory
from kdive.units import ByteCount

_PIECE_PAGES = 1 << 18


def write_elf(
    memory: Memory,
    machine: Machine,
    reader: PageReader,
    windows: Iterable[Window],
    output: Output,
    options: WriteOptions,
    report: Report,
) -> Tally:
    """The whole dump. What no longer fits is missing; the tally says why."""
    tally = Tally()
    with Spool() as spool:
        plan = _Plan(spool, machine.end_pfn)
        tally.selected = select(machine, reader, windows, options.level, plan.bitmaps(), report)
        if options.level & ZERO_PAGES:
            tally.zero = plan.drop_zeros(reader)
        table = SegmentTable(segments(runs(plan.fates()), options.dropped_run_pages))
    if table.too_many:
        raise DumpError(
            "the pages to keep fall into more pieces than readers of ELF dumps take",
            hint="write kdump-compressed, or raise the number of pages that a gap must have",
        )
    notes = machine.notes + note(options.eraseinfo, machine.order)
    layout = ElfLayout(replace(machine, notes=notes), mapped_segments(memory), table)
    output.write(0, layout.headers(incomplete=True))
    try:
        _write_pages(layout, reader, output, tally, report)
    except (OutputFullError, OutputError) as error:
        tally.stopped(error)
    try:
        if options.sync:
            output.sync()
        if not tally.incomplete:
            output.write(0, layout.headers(incomplete=False)[:64])
            if options.sync:
                output.sync()
        output.finish()
    except (OutputFullError, OutputError) as error:
        tally.stopped(error)
    tally.written = output.size
    return tally


class _Plan:
    """Three bitmaps in a spool, one behind the other: present, to be kept, readable."""

    def __init__(self, spool: Spool, end_pfn: int) -> None:
        self._spool = spool
        self._end_pfn = end_pfn
        self._size = -(-end_pfn // (8 * _PIECE_PAGES)) * _PIECE_PAGES

    def bitmaps(self) -> Bitmaps:
        return Bitmaps(*(self._writer(number) for number in range(3)))

    def drop_zeros(self, reader: PageReader) -> int:
        """Takes pages full of zeros out of those to be kept; how many there were."""
        zeros = 0
        dumped = BitmapReader(lambda offset, size: self._read(1, offset, size), self._end_pfn)
        pages = np.empty((batch_pages(reader.page_size), reader.page_size), np.uint8)
        for piece in dumped.pieces():
            keep = np.ones(len(piece), np.bool_)
            done = 0
            for pfns in slices([piece], len(pages)):
                good = reader.read_pages(pfns, pages[: len(pfns)])
                zero = zero_pages(pages[: len(pfns)]) & good
                keep[done : done + len(pfns)] = ~zero
                done += len(pfns)
            zeros += len(piece) - int(np.count_nonzero(keep))
            first = int(piece[0]) - int(piece[0]) % _PIECE_PAGES
            bits = np.zeros(min(_PIECE_PAGES, self._end_pfn - first), np.bool_)
            bits[piece[keep] - first] = True
            self._spool.write(self._size + first // 8, np.packbits(bits, bitorder="little").tobytes())
        return zeros

    def fates(self) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """First pfn and Fate of all pages, a piece at a time; pieces without memory are left out."""
        for first in range(0, self._end_pfn, _PIECE_PAGES):
            count = min(_PIECE_PAGES, self._end_pfn - first)
            present, kept, readable = (self._bits(number, first, count) for number in range(3))
            if present.any():
                fates = np.where(present, Fate.LOST, Fate.HOLE).astype(np.uint8)
                fates[present & readable] = Fate.EXCLUDED
                fates[kept] = Fate.KEPT
                yield first, fates

    def _bits(self, number: int, first: int, count: int) -> NDArray[np.bool_]:
        packed = np.frombuffer(self._read(number, first // 8, -(-count // 8)), np.uint8)
        return np.unpackbits(packed, bitorder="little")[:count].astype(np.bool_)

    def _writer(self, number: int) -> BitmapWriter:
        return BitmapWriter(lambda offset, data: self._spool.write(number * self._size + offset, data), self._end_pfn)

    def _read(self, number: int, offset: int, size: int) -> bytes:
        return self._spool.read(number * self._size + offset, size)


def _write_pages(layout: ElfLayout, reader: PageReader, output: Output, tally: Tally, report: Report) -> None:
    pages = np.empty((batch_pages(reader.page_size), reader.page_size), np.uint8)
    position = layout.data_offset
    output.reserve(position)
    total = layout.table.file_pages
    for pfns in slices(layout.table.pages(), len(pages)):
        part = pages[: len(pfns)]
        good = reader.read_pages(pfns, part)
        output.write(position, part.reshape(-1))
        position += part.nbytes
        tally.add_plain(pfns, good)
        report(Progress("writing", tally.done, total, ByteCount(output.size)))
