"""Writes a kdump-compressed dump with the standard library alone, for a capture kernel without numpy.

All pages that the input holds are kept; those of zeros share one, the others are compressed with zlib. What is written
can be filtered later, on a machine that has everything.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterable, Iterator

from kdive.dumpfile.dump import Dump
from kdive.engine.kdump_layout import KdumpLayout
from kdive.engine.machine import Machine, machine_of
from kdive.engine.output import Output
from kdive.engine.writing import (
    ZERO_PAGES,
    OutputError,
    OutputFullError,
    Progress,
    Report,
    WriteOptions,
    WriteResult,
    no_report,
)
from kdive.errors import PageAbsentError, PageExcludedError, ReadError
from kdive.formats import kdump_compressed as kdump
from kdive.memory.memory import Memory
from kdive.units import ByteCount, Pfn

_ZLIB = next(flag for flag, name in kdump.CODECS.items() if name == "zlib")
_PIECE_BITS = 1 << 18
_READ_BYTES = 1 << 20
_ERRORS_NAMED = 64

Range = tuple[int, int]  # half-open, of pfns


def write_plain(memory: Memory, output: Output, options: WriteOptions, report: Report = no_report) -> WriteResult:
    """The whole dump, whatever the level says but for pages of zeros. Errors as for `write_dump`."""
    started = time.monotonic()
    machine = machine_of(memory)
    layout = KdumpLayout(machine, "zlib", options.level & ZERO_PAGES | machine.dump_level)
    output.write(0, layout.main_header(incomplete=True) + layout.sub_header())
    writer = _Writer(memory.dump, machine, layout, output, report)
    stopped = ""
    try:
        writer.write()
        if memory.dump.eraseinfo:
            output.write(writer.end, memory.dump.eraseinfo)
            output.write(machine.page_size, layout.sub_header((writer.end, len(memory.dump.eraseinfo))))
    except (OutputFullError, OutputError) as error:
        stopped = error.message
    if not stopped and writer.errors:
        stopped = f"{writer.failed} pages could not be read"
    try:
        if options.sync:
            output.sync()
        if not stopped:
            output.write(0, layout.main_header(incomplete=False))
            if options.sync:
                output.sync()
        output.finish()
    except (OutputFullError, OutputError) as error:
        stopped = stopped or error.message
    return WriteResult(
        pages=writer.pages,
        pages_of_kind={},
        excluded_of_kind={},
        unavailable=writer.pages - writer.total,
        zero=writer.zero,
        kept=writer.kept,
        lost=writer.total - writer.zero - writer.kept,
        read_errors=tuple(map(Pfn, writer.errors)),
        written=ByteCount(output.size),
        seconds=time.monotonic() - started,
        incomplete=stopped,
        paths=(output.name,),
        end_pfn=machine.end_pfn,
    )


class _Writer:
    def __init__(self, dump: Dump, machine: Machine, layout: KdumpLayout, output: Output, report: Report) -> None:
        self._dump = dump
        self._machine = machine
        self._layout = layout
        self._output = output
        self._report = report
        self.pages = self.total = self.zero = self.kept = self.failed = 0
        self.errors: list[int] = []
        self.end = 0  # of the data

    def write(self) -> None:
        """Bitmaps, then pages and their descriptors."""
        layout, output, page_size = self._layout, self._output, self._machine.page_size
        output.reserve(layout.descriptors_offset)
        segments = [(int(segment.physical), int(segment.size)) for segment in self._dump.segments()]
        self.pages = self._write_bitmap(layout.bitmap_offset, _pages(segments, page_size))
        self.total = self._write_bitmap(layout.dumped_offset, self._kept())
        position = layout.descriptors_offset + self.total * kdump.PageDescriptor.size()
        output.reserve(position)
        zero_page = bytes(page_size)
        zero = kdump.PageDescriptor(position, page_size, 0, 0).pack(self._machine.order)
        output.write(position, zero_page)
        position = self.end = position + page_size
        descriptors_at = layout.descriptors_offset
        for pages in self._batches():
            table, data = [], []
            end = position
            for page in pages:
                if page is None or page == zero_page:
                    table.append(bytes(len(zero)) if page is None else zero)
                    self.zero += page is not None
                    continue
                packed = zlib.compress(page, 1)
                flags = _ZLIB if len(packed) < page_size else 0
                data.append(packed if flags else page)
                table.append(kdump.PageDescriptor(end, len(data[-1]), flags, 0).pack(self._machine.order))
                end += len(data[-1])
            output.write(position, b"".join(data))
            output.write(descriptors_at, b"".join(table))
            position = self.end = end
            descriptors_at += len(table) * len(zero)
            self.kept += len(data)
            done = self.zero + self.kept + self.failed
            self._report(Progress("writing", done, self.total, ByteCount(output.size)))

    def _kept(self) -> Iterator[Range]:
        return _pages(self._dump.kept_ranges(), self._machine.page_size)

    def _write_bitmap(self, offset: int, ranges: Iterator[Range]) -> int:
        """Writes the bitmap that has `ranges` set; how many bits that are."""
        piece, first, count = 0, 0, 0
        for start, end in ranges:
            count += end - start
            while start < end:
                if start - start % _PIECE_BITS != first:
                    self._write_piece(offset, first, piece)
                    piece, first = 0, start - start % _PIECE_BITS
                stop = min(end, first + _PIECE_BITS)
                piece |= ((1 << stop - start) - 1) << start - first
                start = stop
        self._write_piece(offset, first, piece)
        return count

    def _write_piece(self, offset: int, first: int, piece: int) -> None:
        self._output.write(offset + first // 8, piece.to_bytes(-(-piece.bit_length() // 8), "little"))

    def _batches(self) -> Iterator[list[bytes | None]]:
        """Pages to write, in order; None for those that cannot be read."""
        step = max(1, _READ_BYTES // self._machine.page_size)
        for start, end in self._kept():
            for first in range(start, end, step):
                yield self._read(first, min(step, end - first))

    def _read(self, first_pfn: int, count: int) -> list[bytes | None]:
        size = self._machine.page_size
        try:
            data = self._dump.read_physical(first_pfn * size, count * size)
        except ReadError:
            if count > 1:
                return [page for pfn in range(first_pfn, first_pfn + count) for page in self._read(pfn, 1)]
            page = self._read_edge(first_pfn)
            if page is None:
                self.failed += 1
                self.errors += [first_pfn] if len(self.errors) < _ERRORS_NAMED else []
            return [page]
        return [data[at : at + size] for at in range(0, len(data), size)]

    def _read_edge(self, pfn: int) -> bytes | None:
        """A page of which only some is memory of the machine: the rest is zeros."""
        start = pfn * self._machine.page_size
        end = start + self._machine.page_size
        page = bytearray(end - start)
        found = False
        for at, size in self._dump.kept_ranges():
            first, last = max(at, start), min(at + size, end)
            if at >= end:
                break
            if first < last:
                try:
                    page[first - start : last - start] = self._dump.read_physical(first, last - first)
                    found = True
                except (PageAbsentError, PageExcludedError):
                    continue
                except ReadError:
                    return None
        return bytes(page) if found else None


def _pages(ranges: Iterable[tuple[int, int]], page_size: int) -> Iterator[Range]:
    """The pages of which the ranges (address, size) hold some, as ranges that do not touch."""
    first = end = 0
    for address, size in ranges:
        start, stop = address // page_size, -(-(address + size) // page_size)
        if start > end:
            if first < end:
                yield first, end
            first = start
        end = max(end, stop)
    if first < end:
        yield first, end
