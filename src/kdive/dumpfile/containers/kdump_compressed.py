"""kdump-compressed dumps, as makedumpfile and QEMU write them; also as split sets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from kdive.dumpfile import erased
from kdive.dumpfile.bitmap import Bitmap
from kdive.dumpfile.dump import Dump, Identity, Note, Segment
from kdive.dumpfile.kdump_header import KdumpHeader
from kdive.dumpfile.kdump_pages import DESCRIPTORS_PER_READ, PagePart, PageReader
from kdive.dumpfile.notes import read_notes, vmcoreinfo_text
from kdive.dumpfile.opened import Opened, close_all
from kdive.dumpfile.source import READ_LIMIT_BYTES, ByteSource
from kdive.dumpfile.split import Part, gaps, whole_set
from kdive.errors import DumpDamagedError
from kdive.facts.machine import Container
from kdive.formats import kdump_compressed as layout
from kdive.formats import machines, vmcoreinfo
from kdive.units import Address, ByteCount, UnixSeconds

_SEGMENTS_LIMIT = 4096  # a machine has a few dozen; a bitmap of noise has millions
_SAMPLED_BLOCKS = 5


def matches(head: bytes) -> bool:
    return head.startswith((layout.SIGNATURE, layout.DISKDUMP_SIGNATURE))


def open_container(files: Sequence[Opened]) -> Dump:
    """The dump in `files`, which are one file, or parts of a split set: those beside them are found.

    Raises DumpError when the headers cannot be made sense of.
    """
    parts = whole_set(files)
    try:
        return KdumpCompressedDump(parts)
    except BaseException:
        close_all([part.file for part in parts])
        raise


class KdumpCompressedDump(Dump):
    """One file, or the parts of a split set in the order of their pages."""

    def __init__(self, parts: Sequence[Part]) -> None:
        header = parts[0].header
        self._files = [part.file for part in parts]
        self._header = header
        self.path = self._files[0].path
        self.paths = [file.path for file in self._files]
        self.order = header.order
        self.word_size = header.word_size
        self.page_size = header.page_size
        # QEMU writes 0 where the guest did not tell it: it knows no release either.
        told = header.phys_base != 0 or bool(layout.text(header.main.start.release))
        self.physical_base = Address(header.phys_base) if told else None
        self._damage: list[str] = []
        self._read_notes()
        self._map_pages(parts)
        self.eraseinfo = erased.of_spans([(part.file.source, part.header.eraseinfo) for part in parts])
        self.arch = machines.of_utsname(header.machine, header.word_size)
        self.identity = _identity(header)
        flattened = any(file.flattened for file in self._files)
        self.native = header.version >= 3 and not header.split and not flattened and bool(self.vmcoreinfo)
        self.container = self._describe("kdump-compressed (flattened)" if flattened else "kdump-compressed")

    def _read_notes(self) -> None:
        header, source = self._header, self._files[0].source
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
        self.adopt_vmcoreinfo(text if b"OSRELEASE=" in text else vmcoreinfo_text(self.notes))

    def _map_pages(self, parts: Sequence[Part]) -> None:
        self._parts: list[PagePart] = []
        for part in parts:
            present, dumped = _bitmaps(part.header, part.file.source)
            if not self._parts:
                self._present = present
            descriptors_offset = part.header.main.descriptors_offset
            self._parts.append(
                PagePart(part.file.source, dumped, descriptors_offset, part.header.first_pfn, part.header.end_pfn)
            )
        self._bits = self._present.bits
        if self._bits < self._header.max_mapnr:
            self._damage.append("the bitmap of pages is shorter than the machine's memory")
        self._first_pfn = _first_pfn(self._header, self._present)
        self._pages = PageReader(
            self._parts, self._present, self._first_pfn, self.page_size, self.order, self._header.dump_level
        )
        self._gaps = gaps(parts) if self._header.split else []

    def segments(self) -> Sequence[Segment]:
        """Runs of pages that the machine had; one run over everything where the bitmap is noise."""
        try:
            runs = list(islice(self._present.runs(), _SEGMENTS_LIMIT + 1))
        except DumpDamagedError:
            runs = []
        if not 0 < len(runs) <= _SEGMENTS_LIMIT:
            runs = [(0, self._bits)]
        return [Segment(*self._range(first, end)) for first, end in runs]

    def kept_ranges(self) -> Iterator[tuple[Address, ByteCount]]:
        for first, end in self._parts[0].dumped.runs():
            yield self._range(first, end)

    def _range(self, first: int, end: int) -> tuple[Address, ByteCount]:
        """Physical address and size of the pages of a run of bits."""
        return Address((self._first_pfn + first) * self.page_size), ByteCount((end - first) * self.page_size)

    @property
    def page_parts(self) -> Sequence[PagePart]:
        """Where the pages are, in order: one for each file."""
        return self._parts

    @property
    def first_pfn(self) -> int:
        """The page that the first bit of the bitmaps stands for."""
        return self._first_pfn

    @property
    def header(self) -> KdumpHeader:
        return self._header

    def read_physical(self, address: int, size: int) -> bytes:
        pfn, start = divmod(address, self.page_size)
        end = start + size
        if 0 < end <= self.page_size:
            return self._pages.page(pfn)[start:end]
        if size < 0 or size > READ_LIMIT_BYTES:
            raise DumpDamagedError(f"{size} bytes at physical address {address:#x} are no sensible read")
        pieces = []
        while end > 0:
            pieces.append(self._pages.page(pfn)[start : min(end, self.page_size)])
            pfn, start, end = pfn + 1, 0, end - self.page_size
        return b"".join(pieces)

    def close(self) -> None:
        close_all(self._files)

    def _describe(self, format_: str) -> Container:
        """Counts pages and looks at a few descriptors, which also tells whether the file ends too early."""
        total = self._count(self._present)
        kept = self._count(self._parts[0].dumped)
        flags, cut = self._sample_descriptors()
        if not flags & layout.CODEC_MASK and not kept:
            flags = self._header.main.counts.status
        incomplete = next((file.incomplete for file in self._files if file.incomplete), "")
        if self._header.incomplete:
            incomplete = "its header says so: the dump was not written to the end"
        lost = self._lost_in_gaps()
        return Container(
            path=str(self.path),
            format=format_,
            version=self._header.version,
            codecs=tuple(name for flag, name in layout.CODECS.items() if flags & flag),
            dump_level=self._header.dump_level,
            size=ByteCount(sum(file.size for file in self._files)),
            parts=len(self._parts),
            pages_total=total,
            pages_kept=None if kept is None else kept - lost,
            incomplete=incomplete or cut or ("parts of the split set are missing" if lost else ""),
            damage=tuple(dict.fromkeys(self._damage)),
            erased=erased.things(self.eraseinfo),
        )

    def _lost_in_gaps(self) -> int:
        """Pages that should be in parts which were not found; names them in the damage."""
        lost = 0
        dumped = self._parts[0].dumped
        for first, end in self._gaps:
            try:
                count = dumped.rank(end) - dumped.rank(first)
            except DumpDamagedError:
                continue
            if count:
                self._damage.append(f"the part with pages {first:#x} to {end:#x} was not found ({count} pages)")
                lost += count
        return lost

    def _count(self, bitmap: Bitmap) -> int | None:
        try:
            return bitmap.count()
        except DumpDamagedError as error:
            self._damage.append(f"the bitmap of pages is cut short: {error.message}")
            return None

    def _sample_descriptors(self) -> tuple[int, str]:
        """All flags seen in a few blocks of each table, and why the file is too short, or ""."""
        flags, cut = 0, ""
        for index, part in enumerate(self._parts):
            try:
                count = part.page_count
            except DumpDamagedError as error:
                return flags, f"the file is cut short: {error.message}"
            if count <= 0:
                continue
            last = (count - 1) // DESCRIPTORS_PER_READ
            for block in sorted({last * step // (_SAMPLED_BLOCKS - 1) for step in range(_SAMPLED_BLOCKS)}):
                expected = min(DESCRIPTORS_PER_READ, count - block * DESCRIPTORS_PER_READ)
                rows = self._pages.descriptors(index, block)[:expected]
                for offset, size, page_flags, _ in rows:
                    flags |= page_flags
                    if offset + size > part.source.size:
                        cut = "the file is cut short: it ends before its last pages"
                if len(rows) < expected:
                    cut = "the file is cut short: it ends within its table of pages"
        return flags, cut


def _bitmaps(header: KdumpHeader, source: ByteSource) -> tuple[Bitmap, Bitmap]:
    """Pages that the machine had, and pages in the dump; the oldest writers left out the second bitmap."""
    offset, length = header.main.bitmap_offset, header.main.counts.bitmap_blocks * header.page_size
    half = length // 2
    second = offset if half * 8 < header.max_mapnr <= length * 8 else offset + half
    bits = min(header.max_mapnr, (length if second == offset else half) * 8)
    return Bitmap(source, offset, bits), Bitmap(source, second, bits)


def _first_pfn(header: KdumpHeader, present: Bitmap) -> int:
    """The page frame number of the bitmaps' first bit: not 0 on 32-bit ARM, where memory starts at phys_base.

    makedumpfile counts from there and QEMU from 0, so that the first set bit tells who wrote the dump.
    """
    base = header.phys_base // header.page_size
    if base <= 0 or machines.of_utsname(header.machine) != "arm":
        return 0
    try:
        return base if present.rank(base) else 0
    except DumpDamagedError:
        return 0


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
