"""kdump-compressed dumps, as makedumpfile and QEMU write them; also as split sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kdive.dumpfile.bitmap import Bitmap
from kdive.dumpfile.dump import Dump, Identity, Note, Segment
from kdive.dumpfile.kdump_header import KdumpHeader, read_kdump_header
from kdive.dumpfile.kdump_pages import PagePart, PageReader
from kdive.dumpfile.notes import read_notes, vmcoreinfo_text
from kdive.dumpfile.opened import Opened
from kdive.dumpfile.source import ByteSource
from kdive.errors import DumpDamagedError, PageAbsentError
from kdive.facts.machine import Container
from kdive.facts.missing import Missing
from kdive.formats import kdump_compressed as layout
from kdive.formats import machines, vmcoreinfo
from kdive.units import Address, ByteCount, UnixSeconds

_SEGMENTS_LIMIT = 4096  # a machine has a few dozen; a bitmap of noise has millions
_SAMPLED_TABLES = 5


def matches(head: bytes) -> bool:
    return head.startswith((layout.SIGNATURE, layout.DISKDUMP_SIGNATURE))


def open_container(opened: Opened) -> Dump:
    """The dump. Raises DumpError when its headers cannot be made sense of."""
    return KdumpCompressedDump(opened, [read_kdump_header(source) for source in opened.sources])


class KdumpCompressedDump(Dump):
    """One file, or the parts of a split set whose headers are `headers`."""

    def __init__(self, opened: Opened, headers: Sequence[KdumpHeader]) -> None:
        header = headers[0]
        self._opened = opened
        self._header = header
        self.path = opened.path
        self.paths = opened.paths
        self.order = header.order
        self.word_size = header.word_size
        self.page_size = header.page_size
        self.physical_base = Address(header.phys_base)
        self._damage = [*opened.damage, *opened.problems]
        self._read_notes()
        self._map_pages(headers)
        self.arch = machines.of_utsname(header.machine)
        self.identity = _identity(header)
        self.native = header.version >= 3 and not header.split and not opened.flattened and bool(self.vmcoreinfo)
        self.container = self._describe()

    def _read_notes(self) -> None:
        header, source = self._header, self._opened.source
        spans = [header.notes] if header.notes[1] else []
        found = read_notes(source, spans, header.order)
        self.notes: Sequence[Note] = found.notes
        self._damage += found.damage
        text = b""
        offset, size = header.vmcoreinfo
        if size:
            try:
                text = source.read(offset, min(size, vmcoreinfo.LIMIT_BYTES)).split(b"\0", 1)[0]
            except DumpDamagedError as error:
                self._damage.append(f"VMCOREINFO cannot be read: {error.message}")
        self.vmcoreinfo_text = text if b"OSRELEASE=" in text else vmcoreinfo_text(self.notes)
        self.vmcoreinfo: Mapping[str, str] | Missing = (
            vmcoreinfo.parse(self.vmcoreinfo_text)
            if self.vmcoreinfo_text
            else Missing("the dump carries no VMCOREINFO")
        )

    def _map_pages(self, headers: Sequence[KdumpHeader]) -> None:
        bitmaps = [_bitmaps(header, source) for header, source in zip(headers, self._opened.sources, strict=True)]
        self._present = bitmaps[0].present
        self._parts = [
            PagePart(source, pair.dumped, header.main.descriptors_offset, header.first_pfn, header.end_pfn)
            for header, source, pair in zip(headers, self._opened.sources, bitmaps, strict=True)
        ]
        self._bits = bitmaps[0].present.bits
        if self._bits < self._header.max_mapnr:
            self._damage.append("the bitmap of pages is shorter than the machine's memory")
        self._pages = PageReader(self._parts, self._present, self.page_size, self.order, self._header.dump_level)

    def segments(self) -> Sequence[Segment]:
        """Runs of pages that the machine had; one run over everything where the bitmap is noise."""
        try:
            runs = self._present.runs(_SEGMENTS_LIMIT)
        except DumpDamagedError:
            runs = None
        if runs is None:
            runs = [(0, self._bits)]
        page_size = self.page_size
        return [Segment(Address(first * page_size), ByteCount((end - first) * page_size)) for first, end in runs]

    def read_physical(self, address: int, size: int) -> bytes:
        pfn, start = divmod(address, self.page_size)
        end = start + size
        if end <= self.page_size and size >= 0 and pfn >= 0:
            return self._pages.page(pfn)[start:end]
        if address < 0 or size < 0 or pfn > self._bits:
            raise PageAbsentError(f"physical address {address:#x} is not memory of the machine")
        pieces = []
        while end > 0:
            pieces.append(self._pages.page(pfn)[start : min(end, self.page_size)])
            pfn, start, end = pfn + 1, 0, end - self.page_size
        return b"".join(pieces)

    def close(self) -> None:
        self._opened.close()

    def _describe(self) -> Container:
        """Counts pages and looks at a few descriptors, which also tells whether the file ends too early."""
        total = self._count(self._present)
        kept = self._count(self._parts[0].dumped)
        flags, cut = self._sample_descriptors()
        if not flags & layout.CODEC_MASK:
            flags = 0 if kept else self._header.main.counts.status
        incomplete = self._opened.incomplete
        if self._header.incomplete:
            incomplete = "its header says so: the dump was not written to the end"
        elif cut:
            incomplete = cut
        return Container(
            path=str(self.path),
            format="kdump-compressed (flattened)" if self._opened.flattened else "kdump-compressed",
            version=self._header.version,
            codecs=tuple(name for flag, name in layout.CODECS.items() if flags & flag),
            dump_level=self._header.dump_level,
            size=self._opened.size,
            parts=len(self._parts),
            pages_total=total,
            pages_kept=kept,
            incomplete=incomplete,
            damage=tuple(dict.fromkeys(self._damage)),
        )

    def _count(self, bitmap: Bitmap) -> int | None:
        try:
            return bitmap.count()
        except DumpDamagedError as error:
            self._damage.append(f"the bitmap of pages is cut short: {error.message}")
            return None

    def _sample_descriptors(self) -> tuple[int, str]:
        """All flags seen in a few places of each table, and why the file is too short, or ""."""
        flags, cut = 0, ""
        for index, part in enumerate(self._parts):
            try:
                count = part.page_count
                for step in range(_SAMPLED_TABLES):
                    position = (count - 1) * step // (_SAMPLED_TABLES - 1)
                    if count > 0:
                        offset, size, page_flags, _ = self._pages.descriptor(index, position)
                        flags |= page_flags
                        if offset + size > part.source.size:
                            cut = "the file is cut short: it ends before its last pages"
            except DumpDamagedError as error:
                cut = f"the file is cut short: {error.message}"
        return flags, cut


@dataclass(frozen=True)
class _Bitmaps:
    present: Bitmap
    dumped: Bitmap


def _bitmaps(header: KdumpHeader, source: ByteSource) -> _Bitmaps:
    """Both bitmaps; the oldest writers left out the second when it would have been equal."""
    offset, length = header.main.bitmap_offset, header.main.counts.bitmap_blocks * header.page_size
    half = length // 2
    second = offset if half * 8 < header.max_mapnr <= length * 8 else offset + half
    bits = min(header.max_mapnr, (length if second == offset else half) * 8)
    return _Bitmaps(Bitmap(source, offset, bits), Bitmap(source, second, bits))


def _identity(header: KdumpHeader) -> Identity:
    start = header.main.start
    seconds = header.main.timestamp_s
    return Identity(
        arch=layout.text(start.machine),
        nodename=layout.text(start.nodename),
        release=layout.text(start.release),
        version=layout.text(start.version),
        crash_time=UnixSeconds(seconds) if seconds > 0 else None,
        cpus=header.main.counts.nr_cpus if header.main.counts.nr_cpus > 0 else None,
    )
