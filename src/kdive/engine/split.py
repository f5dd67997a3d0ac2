"""Writes a dump as a split set: each file has all bitmaps and a share of the pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np

from kdive.engine.batches import packed
from kdive.engine.bitmaps import BitmapReader, Spool
from kdive.engine.chosen import Window
from kdive.engine.erase import erasing
from kdive.engine.kdump_layout import KdumpLayout
from kdive.engine.kdump_writer import KdumpFile, first_pass
from kdive.engine.machine import machine_of
from kdive.engine.output import FileOutput
from kdive.engine.page_reader import PageReader
from kdive.engine.tally import Tally
from kdive.engine.writing import (
    OutputError,
    OutputFullError,
    Progress,
    Report,
    WriteOptions,
    WriteResult,
    no_report,
)
from kdive.memory.memory import Memory
from kdive.units import ByteCount

_COPY_BYTES = 1 << 20


def write_split(
    memory: Memory,
    windows: Iterable[Window],
    paths: Sequence[Path],
    options: WriteOptions | None = None,
    report: Report = no_report,
    *,
    overwrite: bool = False,
) -> WriteResult:
    """Writes one file for each of `paths`, with about as many pages in each; errors as for `write_dump`.

    When one file cannot be finished, the others are still written; only kdump-compressed can be split.
    """
    options = options or WriteOptions()
    machine = machine_of(memory)
    reader, options = erasing(memory.dump, options)
    tally = Tally()
    layout = KdumpLayout(machine, options.compression, options.level | machine.dump_level, (0, machine.end_pfn))
    with ExitStack() as stack, Spool() as spool:
        outputs = [
            stack.enter_context(FileOutput(path, overwrite=overwrite, limit_bytes=options.limit_bytes))
            for path in paths
        ]
        first = KdumpFile(outputs[0], layout)
        first.begin()
        dumped = first_pass(first, spool, reader, windows, options, tally, report)
        parts = shares(dumped, tally.selected.dumped, len(paths))
        sync_bytes = options.sync_bytes if options.sync else None
        files = [
            KdumpFile(output, replace(layout, part=part), sync_bytes)
            for output, (part, _) in zip(outputs, parts, strict=True)
        ]
        stops = [_stopped(tally, file, outputs[0]) for file in files]
        for index, (file, (_, count)) in enumerate(zip(files, parts, strict=True)):
            try:
                if not stops[index]:
                    _write_part(file, count, dumped, reader, options, tally, report)
            except (OutputFullError, OutputError) as error:
                tally.stopped(error)
        for file in files:
            try:
                eraseinfo = options.eraseinfo if file is files[0] else b""
                file.finish(eraseinfo, incomplete=bool(tally.incomplete), sync=options.sync)
            except (OutputFullError, OutputError) as error:
                tally.stopped(error)
        tally.written = sum(output.size for output in outputs)
    return tally.result(tuple(map(str, paths)))


def shares(dumped: BitmapReader, total: int, files: int) -> list[tuple[tuple[int, int], int]]:
    """For each file its half-open range of pfns, and how many of the `total` pages to write lie in it."""
    ends: list[int] = []
    counted = 0
    for piece in dumped.pieces():
        while len(ends) < files - 1 and counted + len(piece) > (wanted := total * (len(ends) + 1) // files):
            ends.append(int(piece[wanted - counted]))
        counted += len(piece)
    ends += [dumped.bits] * (files - len(ends))
    starts = [0, *ends[:-1]]
    bounds = [total * index // files for index in range(files + 1)]
    return [
        ((start, end), bounds[index + 1] - bounds[index])
        for index, (start, end) in enumerate(zip(starts, ends, strict=True))
    ]


def _stopped(tally: Tally, file: KdumpFile, source: FileOutput) -> bool:
    """Starts a file with the bitmaps of the first one; whether that failed."""
    layout = file.layout
    try:
        file.begin()
        if file.output is not source:
            for offset in range(layout.bitmap_offset, layout.descriptors_offset, _COPY_BYTES):
                data = source.read(offset, min(_COPY_BYTES, layout.descriptors_offset - offset))
                if any(data):
                    file.output.write(offset, data)
    except (OutputFullError, OutputError) as error:
        tally.stopped(error)
        return True
    return False


def _write_part(
    file: KdumpFile,
    count: int,
    dumped: BitmapReader,
    reader: PageReader,
    options: WriteOptions,
    tally: Tally,
    report: Report,
) -> None:
    file.begin_pages(count)
    pieces = dumped.pieces(file.layout.first_pfn, file.layout.end_pfn)
    done = 0
    for batch in packed(reader, pieces, options.compression, options.jobs):
        file.write(batch, np.arange(done, done + len(batch.pfns)))
        done += len(batch.pfns)
        tally.add(batch)
        report(Progress("writing", tally.done, tally.selected.dumped, ByteCount(file.output.size)))
