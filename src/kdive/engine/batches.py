"""Pages on their way into the file: read, tested for zeros and compressed by the batch, in several threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kdive.engine.compress import FLAGS, compressor
from kdive.engine.kdump_pages import KdumpPages, PackedPages
from kdive.engine.page_reader import PageReader
from kdive.engine.writing import BATCH_BYTES, Compression
from kdive.errors import KdiveError

if TYPE_CHECKING:
    from concurrent.futures import Future

_ZEROS_SHRINK = 16  # all codecs make at least as much less out of a page of zeros


@dataclass(frozen=True)
class Batch:
    """Some pages, ascending, ready to be written: `data` are those that are good and not zero, one after the other."""

    pfns: NDArray[np.int64]
    good: NDArray[np.bool_]  # could be read
    zero: NDArray[np.bool_]  # full of zeros
    sizes: NDArray[np.int64]  # bytes in `data`, of each page in it
    flags: NDArray[np.uint32]  # how each of these is compressed
    data: bytes


def slices(pieces: Iterable[NDArray[np.int64]], pages: int) -> Iterator[NDArray[np.int64]]:
    """The pfns of `pieces` in arrays of `pages`, the last of them shorter."""
    waiting: list[NDArray[np.int64]] = []
    count = 0
    for piece in pieces:
        waiting.append(piece)
        count += len(piece)
        if count >= pages:
            together = np.concatenate(waiting)
            whole = count - count % pages
            for first in range(0, whole, pages):
                yield together[first : first + pages]
            waiting, count = [together[whole:]], count - whole
    if count:
        yield np.concatenate(waiting)


def zero_pages(pages: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """For each row whether it is all zeros."""
    zero: NDArray[np.bool_] = np.bitwise_or.reduce(pages.view(np.uint64), axis=1) == 0
    return zero


class Packer:
    """Turns pages into batches; for one thread."""

    def __init__(self, reader: PageReader, compression: Compression) -> None:
        self._reader = reader
        self._flag = FLAGS[compression]
        self._compress = compressor(compression) if compression else None
        self._buffer = np.empty((batch_pages(reader.page_size), reader.page_size), np.uint8)

    def pack(self, pfns: NDArray[np.int64]) -> Batch:
        """The batch of pages `pfns`."""
        if self._compress is not None and isinstance(self._reader, KdumpPages):
            packed = self._reader.packed_pages(pfns, self._flag)
            if packed.there.any():
                with suppress(KdiveError):
                    return self._copy(self._reader, pfns, packed)
        pages = self._buffer[: len(pfns)]
        good = self._reader.read_pages(pfns, pages)
        zero = zero_pages(pages) & good
        rows = np.flatnonzero(good & ~zero)
        sizes, flags, data = self._pack_rows(pages, rows)
        return Batch(pfns, good, zero, sizes, flags, b"".join(data))

    def _pack_rows(
        self, pages: NDArray[np.uint8], rows: NDArray[np.intp]
    ) -> tuple[NDArray[np.int64], NDArray[np.uint32], Sequence[Any]]:
        """Sizes, flags and buffers of these rows, compressed where that makes them smaller."""
        sizes = np.full(len(rows), self._reader.page_size, np.int64)
        flags = np.zeros(len(rows), np.uint32)
        if self._compress is None or not len(rows):
            return sizes, flags, [pages[rows].tobytes()]
        packed = self._compress(pages, rows)
        packed_sizes = np.fromiter(map(len, packed), np.int64, len(rows))
        smaller = packed_sizes < self._reader.page_size
        if not smaller.all():
            packed = list(packed)
            for index in np.flatnonzero(~smaller).tolist():
                packed[index] = pages[rows[index]]
        flags[smaller] = self._flag
        return np.where(smaller, packed_sizes, sizes), flags, packed

    def _copy(self, reader: KdumpPages, pfns: NDArray[np.int64], packed: PackedPages) -> Batch:
        """The same, with pages that are compressed alike taken as they are: one that is damaged stays damaged.

        Zeros compress so well that only what has become very small may be a page of them. Raises KdiveError where
        the pages cannot be read in large pieces.
        """
        there = packed.there
        suspects = np.flatnonzero(~there | (packed.sizes <= reader.page_size // _ZEROS_SHRINK))
        pages = self._buffer[: len(suspects)]
        read = reader.read_pages(pfns[suspects], pages)
        good = np.ones(len(pfns), np.bool_)
        good[suspects] = read
        zero = np.zeros(len(pfns), np.bool_)
        zero[suspects] = zero_pages(pages) & read
        there &= good & ~zero
        data: list[Any] = [b""] * len(pfns)
        sizes, flags = packed.sizes, np.full(len(pfns), self._flag, np.uint32)
        rows = np.flatnonzero(~there[suspects] & read & ~zero[suspects])
        new_sizes, new_flags, new_data = self._pack_rows(pages, rows)
        index = suspects[rows]
        sizes[index], flags[index] = new_sizes, new_flags
        for at, page in zip(index.tolist(), new_data, strict=False):
            data[at] = page
        for at, piece in reader.copy_packed(packed).items():
            data[at] = piece
        kept = good & ~zero
        return Batch(pfns, good, zero, sizes[kept], flags[kept], b"".join(data))


def batch_pages(page_size: int) -> int:
    """Pages in a batch."""
    return max(1, BATCH_BYTES // page_size)


def packed(
    reader: PageReader,
    pieces: Iterable[NDArray[np.int64]],
    compression: Compression,
    jobs: int,
) -> Iterator[Batch]:
    """The batches of all pages, in order."""
    wanted = slices(pieces, batch_pages(reader.page_size))
    packers = [Packer(reader, compression) for _ in range(max(1, jobs))]
    if len(packers) == 1:
        yield from map(packers[0].pack, wanted)
        return
    # A capture kernel has one CPU: what follows would only cost it the time of the imports.
    from concurrent.futures import ThreadPoolExecutor
    from queue import SimpleQueue

    free: SimpleQueue[Packer] = SimpleQueue()
    for packer in packers:
        free.put(packer)

    def pack(pfns: NDArray[np.int64]) -> Batch:
        packer = free.get()
        try:
            return packer.pack(pfns)
        finally:
            free.put(packer)

    with ThreadPoolExecutor(jobs) as threads:
        waiting: deque[Future[Batch]] = deque()
        try:
            for pfns in wanted:
                waiting.append(threads.submit(pack, pfns))
                if len(waiting) > jobs:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
