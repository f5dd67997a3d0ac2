"""Puts a split set together: pages are moved as they lie, without unpacking any."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from kdive.dumpfile.bitmap import Bitmap
from kdive.dumpfile.opened import Opened, close_all, open_layers
from kdive.dumpfile.split import Part, gaps, whole_set
from kdive.engine.descriptors import descriptor_dtype
from kdive.engine.output import Output
from kdive.errors import DumpDamagedError, DumpError
from kdive.formats import kdump_compressed as kdump

_COPY_BYTES = 4 << 20


def reassemble(paths: Sequence[Path], output: Output, *, sync: bool = True) -> str:
    """Writes the dump whose parts are `paths`; why it is incomplete, or "".

    Raises DumpError when the files are not one whole set, OutputError or OutputFullError when writing fails: what is
    written by then says that it is incomplete.
    """
    files: list[Opened] = []
    try:
        files.extend(map(open_layers, paths))
        parts = _checked(files)
        return _write(parts, output, sync=sync)
    finally:
        close_all(files)


def _checked(files: Sequence[Opened]) -> list[Part]:
    given = {file.path.resolve() for file in files}
    parts = whole_set(files)
    unnamed = [part.file for part in parts if part.file.path.resolve() not in given]
    close_all(unnamed)
    parts = [part for part in parts if part.file.path.resolve() in given]
    if not parts[0].header.split:
        raise DumpError(f"{parts[0].file.path}: not a part of a split dump", hint="name the files of --split")
    missing = gaps(parts)
    if missing:
        first, end = missing[0]
        raise DumpError(
            f"the parts given leave out the pages {first:#x} to {end:#x}",
            hint=f"another part: {unnamed[0].path}" if unnamed else "name all files of the set",
        )
    for one, other in pairwise(part for part in parts if part.header.first_pfn < part.header.end_pfn):
        if other.header.first_pfn < one.header.end_pfn:
            raise DumpError(
                f"{other.file.path}: holds pages that {one.file.path} holds too", hint="name each part once"
            )
    return parts


def _write(parts: Sequence[Part], output: Output, *, sync: bool) -> str:
    first = parts[0]
    page_size, descriptors_offset = first.header.page_size, first.header.main.descriptors_offset
    incomplete = "a part is incomplete" if any(part.header.incomplete for part in parts) else ""
    output.write(0, _main_header(first, incomplete=True))
    _copy(first, page_size, descriptors_offset - page_size, output, page_size)
    output.write(page_size, _sub_header(first, (0, 0)))
    dtype = descriptor_dtype(first.header.order)
    counts = [_page_count(part) for part in parts]
    table_position = descriptors_offset
    position = descriptors_offset + sum(counts) * dtype.itemsize
    output.reserve(position)
    for part, count in zip(parts, counts, strict=True):
        data_offset = descriptors_offset + count * dtype.itemsize
        size = max(0, part.file.source.size - data_offset)
        try:
            _copy(part, data_offset, size, output, position)
            _copy_descriptors(part, count, position - data_offset, output, table_position)
        except DumpDamagedError as error:
            incomplete = incomplete or error.message
        position += size
        table_position += count * dtype.itemsize
    eraseinfo = b"".join(part.file.source.read_up_to(*part.header.eraseinfo) for part in parts)
    if eraseinfo:
        output.write(position, eraseinfo)
        output.write(page_size, _sub_header(first, (position, len(eraseinfo))))
    if sync:
        output.sync()
    if not incomplete:
        output.write(0, _main_header(first, incomplete=False))
        if sync:
            output.sync()
    output.finish()
    return incomplete


def _page_count(part: Part) -> int:
    header = part.header
    half = header.main.counts.bitmap_blocks * header.page_size // 2
    dumped = Bitmap(part.file.source, header.main.bitmap_offset + half, min(header.max_mapnr, half * 8))
    return dumped.rank(header.end_pfn) - dumped.rank(header.first_pfn)


def _copy(part: Part, start: int, size: int, output: Output, position: int) -> None:
    for offset in range(0, size, _COPY_BYTES):
        output.write(position + offset, part.file.source.read(start + offset, min(_COPY_BYTES, size - offset)))


def _copy_descriptors(part: Part, count: int, moved: int, output: Output, position: int) -> None:
    """Descriptors with their pages' new offsets; those of pages that were never written stay 0."""
    header = part.header
    dtype = descriptor_dtype(header.order)
    step = _COPY_BYTES // dtype.itemsize
    for first in range(0, count, step):
        rows = min(step, count - first)
        start = header.main.descriptors_offset + first * dtype.itemsize
        table = np.frombuffer(part.file.source.read(start, rows * dtype.itemsize), dtype).copy()
        written = table["offset"] != 0
        table["offset"][written] += moved
        output.write(position + first * dtype.itemsize, table.tobytes())


def _main_header(part: Part, *, incomplete: bool) -> bytes:
    header = part.header
    status = header.main.counts.status & ~kdump.STATUS_INCOMPLETE
    if incomplete:
        status |= kdump.STATUS_INCOMPLETE
    counts = kdump.DumpCounts(**vars(header.main.counts) | {"status": status})
    return header.main_bytes[: -kdump.DumpCounts.size()] + counts.pack(header.order)


def _sub_header(part: Part, eraseinfo: tuple[int, int]) -> bytes:
    """The sub header of `part`, no longer that of a part."""
    changed = {"split": 0, "start_pfn": 0, "end_pfn": 0, "start_pfn_64": 0, "end_pfn_64": 0}
    changed |= {"offset_eraseinfo": eraseinfo[0], "size_eraseinfo": eraseinfo[1]}
    sub = part.header.sub
    version = part.header.version
    newer = {"offset_eraseinfo": 5, "size_eraseinfo": 5, "start_pfn_64": 6, "end_pfn_64": 6}
    # What a header's version does not know of are the first bytes of what follows it.
    known = {name: value for name, value in changed.items() if version >= newer.get(name, 2)}
    return type(sub)(**vars(sub) | known).pack(part.header.order)
