"""Writes kdump-compressed dumps, version 6.

The first pass writes both bitmaps into the file, the second reads the one of them back and writes the pages: those of
the log and the kernel's image before all others, wherever they are in memory. From its first byte on the file says that
it is incomplete, and stops saying so when all of it has reached the disk. In between, each batch is followed by its
descriptors, and all of it is sent to the disk now and then: what was written stays there if the machine stops.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kdive.engine.batches import Batch, packed
from kdive.engine.bitmaps import BitmapReader, BitmapWriter, Spool
from kdive.engine.chosen import Bitmaps, Window, select
from kdive.engine.descriptors import descriptor_dtype
from kdive.engine.kdump_layout import KdumpLayout
from kdive.engine.machine import Machine
from kdive.engine.output import FileOutput, Output
from kdive.engine.page_reader import PageReader
from kdive.engine.page_sets import among, page_set
from kdive.engine.tally import Tally
from kdive.engine.writing import OutputError, OutputFullError, Progress, Report, WriteOptions
from kdive.units import ByteCount


class KdumpFile:
    """One file on its way; its pages come in batches, with their places among all of its pages."""

    def __init__(self, output: Output, layout: KdumpLayout, sync_bytes: int | None = None) -> None:
        self.output = output
        self.layout = layout
        self._dtype = descriptor_dtype(layout.machine.order)
        self._sync_bytes = sync_bytes  # of data that may be lost if the machine stops
        self._synced = 0
        self._position = 0  # of the next page's data
        self._zero = np.zeros(1, self._dtype)[0]

    def begin(self) -> None:
        """Headers that say it is incomplete, and room for the bitmaps."""
        self.output.write(0, self.layout.main_header(incomplete=True) + self.layout.sub_header())
        self.output.reserve(self.layout.descriptors_offset)

    def begin_pages(self, count: int) -> None:
        """Room for the descriptors of `count` pages; and the page that all pages of zeros share, whatever the level.

        Without the level's bit for them they belong to the pages kept; nobody asks for a page of zeros each.
        """
        self._position = self.layout.descriptors_offset + count * self._dtype.itemsize
        self.output.reserve(self._position)
        page_size = self.layout.machine.page_size
        self._zero["offset"], self._zero["data_size"] = self._position, page_size
        self.output.write(self._position, bytes(page_size))
        self._position += page_size
        self._synced = self._position

    def write(self, batch: Batch, places: NDArray[np.int64]) -> None:
        """Data first: a descriptor that is there points to a page that is."""
        table = np.zeros(len(batch.pfns), self._dtype)
        kept = batch.good & ~batch.zero
        table["offset"][kept] = self._position + np.cumsum(batch.sizes) - batch.sizes
        table["data_size"][kept] = batch.sizes
        table["flags"][kept] = batch.flags
        table[batch.zero] = self._zero
        self.output.write(self._position, batch.data)
        breaks = (np.flatnonzero(np.diff(places) != 1) + 1).tolist()
        for first, end in pairwise([0, *breaks, len(places)]):
            start = self.layout.descriptors_offset + int(places[first]) * self._dtype.itemsize
            self.output.write(start, table[first:end].tobytes())
        self._position += len(batch.data)
        if self._sync_bytes is not None and self._position - self._synced >= self._sync_bytes:
            self.output.sync()
            self._synced = self._position

    def finish(self, eraseinfo: bytes, *, incomplete: bool, sync: bool) -> None:
        """Takes the mark off, unless the dump stays `incomplete`."""
        output, layout = self.output, self.layout
        if eraseinfo:
            output.write(self._position, eraseinfo)
            output.write(layout.machine.page_size, layout.sub_header((self._position, len(eraseinfo))))
        if sync:
            output.sync()
        if not incomplete:
            output.write(0, layout.main_header(incomplete=False))
            if sync:
                output.sync()
        output.finish()


def write_kdump(
    machine: Machine,
    reader: PageReader,
    windows: Iterable[Window],
    output: Output,
    options: WriteOptions,
    report: Report,
    first: Sequence[NDArray[np.int64]] = (),
) -> Tally:
    """The whole dump, the pages of `first` before the others. What no longer fits is missing; the tally says why."""
    tally = Tally()
    layout = KdumpLayout(machine, options.compression, options.level | machine.dump_level)
    file = KdumpFile(output, layout, options.sync_bytes if options.sync else None)
    try:
        file.begin()
        with Spool() as spool:
            dumped = first_pass(file, spool, reader, windows, options, tally, report)
            _write_pages(file, dumped, reader, options, tally, report, first)
    except (OutputFullError, OutputError) as error:
        if not file.output.size:
            raise
        tally.stopped(error)
    _finish(file, options, tally)
    tally.written = output.size
    return tally


def first_pass(
    file: KdumpFile,
    spool: Spool,
    reader: PageReader,
    windows: Iterable[Window],
    options: WriteOptions,
    tally: Tally,
    report: Report,
) -> BitmapReader:
    """Both bitmaps into the file; gives the second to read, from the file or, where that cannot be read, the spool."""
    layout, output = file.layout, file.output
    end_pfn = layout.machine.end_pfn
    keep = not isinstance(output, FileOutput)

    def write_present(offset: int, data: bytes) -> None:
        output.write(layout.bitmap_offset + offset, data)

    def write_dumped(offset: int, data: bytes) -> None:
        output.write(layout.dumped_offset + offset, data)
        if keep:
            spool.write(offset, data)

    bitmaps = Bitmaps(BitmapWriter(write_present, end_pfn), BitmapWriter(write_dumped, end_pfn))
    tally.selected = select(layout.machine, reader, windows, options.level, bitmaps, report)
    if isinstance(output, FileOutput):
        return BitmapReader(lambda offset, size: output.read(layout.dumped_offset + offset, size), end_pfn)
    return BitmapReader(spool.read, end_pfn)


def _write_pages(
    file: KdumpFile,
    dumped: BitmapReader,
    reader: PageReader,
    options: WriteOptions,
    tally: Tally,
    report: Report,
    first: Sequence[NDArray[np.int64]],
) -> None:
    file.begin_pages(tally.selected.dumped)
    early, places_of_early = _placed(dumped, first)

    def write(pieces: Iterable[NDArray[np.int64]], is_early: bool) -> None:
        done = 0
        for batch in packed(reader, pieces, options.compression, options.jobs):
            before = np.searchsorted(early, batch.pfns)
            others = np.arange(done, done + len(batch.pfns))
            file.write(batch, places_of_early[before] if is_early else others + before)
            done += len(batch.pfns)
            tally.add(batch)
            report(Progress("writing", tally.done, tally.selected.dumped, ByteCount(file.output.size)))

    for pfns in first:
        write([pfns[among(pfns, early)]], is_early=True)
    write(_without(dumped, early), is_early=False)


def _placed(dumped: BitmapReader, groups: Sequence[NDArray[np.int64]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Those pages of all `groups` that are dumped, ascending, and their places among all that are."""
    wanted = page_set(*groups)
    found, places = [wanted[:0]], [wanted[:0]]
    count = 0
    for piece in dumped.pieces(0, int(wanted[-1]) + 1) if len(wanted) else ():
        index = np.flatnonzero(among(piece, wanted))
        found.append(piece[index])
        places.append(index + count)
        count += len(piece)
    return np.concatenate(found), np.concatenate(places)


def _without(dumped: BitmapReader, early: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    for piece in dumped.pieces():
        first, end = np.searchsorted(early, (piece[0], piece[-1] + 1))
        yield piece if first == end else piece[~among(piece, early[first:end])]


def _finish(file: KdumpFile, options: WriteOptions, tally: Tally) -> None:
    try:
        file.finish(options.eraseinfo, incomplete=bool(tally.incomplete), sync=options.sync)
    except (OutputFullError, OutputError) as error:
        tally.stopped(error)
