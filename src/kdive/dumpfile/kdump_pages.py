"""Pages of a kdump-compressed dump: pfn → descriptor → data, unpacked."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from kdive.dumpfile.bitmap import Bitmap
from kdive.dumpfile.codecs import Decompress, decompressor
from kdive.dumpfile.source import ByteSource
from kdive.errors import DumpDamagedError, PageAbsentError, PageExcludedError
from kdive.formats.kdump_compressed import CODEC_MASK, CODECS, PageDescriptor
from kdive.formats.record import ByteOrder

DESCRIPTORS_PER_READ = 64
_TABLES_KEPT = 256
_CACHE_BYTES = 4 << 20

Row = tuple[int, int, int, int]  # of PageDescriptor


@dataclass(frozen=True)
class PagePart:
    """The pages first_pfn <= pfn < end_pfn, counted from the bitmaps' first bit, in one file."""

    source: ByteSource
    dumped: Bitmap  # of the whole machine
    descriptors_offset: int
    first_pfn: int
    end_pfn: int

    @property
    def first_rank(self) -> int:
        return self.dumped.rank(self.first_pfn)

    @property
    def page_count(self) -> int:
        return self.dumped.rank(self.end_pfn) - self.first_rank


class PageReader:
    """Reads pages by pfn; keeps the last few megabytes of them. `first_pfn` is that of the bitmaps' first bit."""

    def __init__(
        self,
        parts: Sequence[PagePart],
        present: Bitmap,
        first_pfn: int,
        page_size: int,
        order: ByteOrder,
        dump_level: int | None,
    ) -> None:
        self._parts = parts
        self._first_ranks: dict[int, int] = {}
        self._present = present
        self._first_pfn = first_pfn
        self._page_size = page_size
        self._order = order
        self._dump_level = dump_level
        self._pages: OrderedDict[int, bytes] = OrderedDict()
        self._pages_limit = max(16, _CACHE_BYTES // page_size)
        self._tables: dict[tuple[int, int], list[Row]] = {}
        self._decompress: dict[int, Decompress] = {}

    def page(self, pfn: int) -> bytes:
        """The page. Raises PageExcludedError, PageAbsentError or DumpDamagedError."""
        page = self._pages.get(pfn)
        if page is not None:
            self._pages.move_to_end(pfn)
            return page
        page = self._unpack(pfn, *self._locate(pfn))
        self._pages[pfn] = page
        if len(self._pages) > self._pages_limit:
            self._pages.popitem(last=False)
        return page

    def _locate(self, pfn: int) -> tuple[PagePart, Row]:
        """The part that should hold the page, and the page's descriptor there."""
        bit = pfn - self._first_pfn
        if not self._parts[0].dumped.test(bit):
            if not self._present.test(bit):
                raise PageAbsentError(f"page {pfn:#x} is not memory of the machine")
            level = "" if self._dump_level is None else f" at dump level {self._dump_level}"
            raise PageExcludedError(f"page {pfn:#x} was excluded{level}")
        for index, part in enumerate(self._parts):
            if part.first_pfn <= bit < part.end_pfn:
                if index not in self._first_ranks:
                    self._first_ranks[index] = part.first_rank
                return part, self.descriptor(index, part.dumped.rank(bit) - self._first_ranks[index])
        raise DumpDamagedError(
            f"page {pfn:#x} is in a part of the split dump that was not found",
            hint="put all parts into one folder, or name them all",
        )

    def descriptor(self, part: int, position: int) -> Row:
        """Row `position` of the descriptor table of `part`. Raises DumpDamagedError past the end of the file."""
        block, row = divmod(position, DESCRIPTORS_PER_READ)
        table = self.descriptors(part, block)
        if row >= len(table):
            raise DumpDamagedError(
                "the table of pages is cut short", hint="the copy is incomplete; compare its size with the original"
            )
        return table[row]

    def descriptors(self, part: int, block: int) -> list[Row]:
        """DESCRIPTORS_PER_READ rows of a table, fewer where the file ends."""
        table = self._tables.get((part, block))
        if table is None:
            if len(self._tables) >= _TABLES_KEPT:
                self._tables.clear()
            source = self._parts[part].source
            size = PageDescriptor.size() * DESCRIPTORS_PER_READ
            data = source.read_up_to(self._parts[part].descriptors_offset + block * size, size)
            table = self._tables[part, block] = PageDescriptor.rows(data, self._order)
        return table

    def _unpack(self, pfn: int, part: PagePart, descriptor: Row) -> bytes:
        offset, size, flags, _ = descriptor
        if offset == 0:
            raise DumpDamagedError(f"page {pfn:#x} was never written: the dump is incomplete")
        codec_flag = flags & CODEC_MASK
        if size > 2 * self._page_size or (codec_flag == 0 and size != self._page_size):
            raise DumpDamagedError(f"page {pfn:#x} claims {size} bytes in the file: its descriptor is damaged")
        try:
            data = part.source.read(offset, size)
            return self._decompressor(codec_flag)(data, self._page_size) if codec_flag else data
        except DumpDamagedError as error:
            raise DumpDamagedError(f"page {pfn:#x}: {error.message}", hint=error.hint) from error

    def _decompressor(self, codec_flag: int) -> Decompress:
        decompress = self._decompress.get(codec_flag)
        if decompress is None:
            if codec_flag not in CODECS:
                raise DumpDamagedError(f"unknown compression {codec_flag:#x}")
            decompress = self._decompress[codec_flag] = decompressor(CODECS[codec_flag])
        return decompress
