"""The kdump-compressed format: headers 1 to 6, for 64-bit and 32-bit machines of both byte orders.

    block 0                  disk_dump_header: DumpStart, a timeval, DumpCounts
    block 1 … sub_hdr_size   kdump_sub_header, then the ELF notes
    bitmap_blocks            bitmap 1: pages the machine had; bitmap 2: pages in the file
    page descriptors         one per set bit of bitmap 2, in pfn order
    page data

Source: makedumpfile, IMPLEMENTATION and diskdump_mod.h; QEMU, include/system/dump.h.
"""

from __future__ import annotations

from dataclasses import dataclass

from kdive.errors import DumpDamagedError, DumpError
from kdive.formats.record import S32, S64, U32, U64, ByteOrder, Bytes8, Bytes65, Hole4, Record

SIGNATURE = b"KDUMP   "
DISKDUMP_SIGNATURE = b"DISKDUMP"
NEWEST_VERSION = 6

STATUS_INCOMPLETE = 0x8
CODECS = {0x1: "zlib", 0x2: "lzo", 0x4: "snappy", 0x20: "zstd"}  # of `status` and of a page's `flags`
CODEC_MASK = 0x27


class DumpStart(Record, source="makedumpfile, struct disk_dump_header"):
    signature: Bytes8
    header_version: S32
    sysname: Bytes65
    nodename: Bytes65
    release: Bytes65
    version: Bytes65
    machine: Bytes65
    domainname: Bytes65


class Timeval64(Record, source="makedumpfile, struct disk_dump_header: timestamp"):
    tv_sec: S64
    tv_usec: S64


class Timeval32(Record, source="makedumpfile, struct disk_dump_header: timestamp"):
    tv_sec: U32
    tv_usec: U32


class DumpCounts(Record, source="makedumpfile, struct disk_dump_header"):
    status: U32
    block_size: S32  # bytes, the page size
    sub_hdr_size: S32  # blocks
    bitmap_blocks: U32  # of both bitmaps
    max_mapnr: U32  # cut to 32 bits; the sub header has it whole since version 6
    total_ram_blocks: U32
    device_blocks: U32
    written_blocks: U32
    current_cpu: U32
    nr_cpus: S32


class SubHeader64(Record, source="makedumpfile, struct kdump_sub_header on 64-bit machines"):
    phys_base: U64
    dump_level: S32  # version 1
    split: S32  # version 2, as start_pfn and end_pfn
    start_pfn: U64
    end_pfn: U64
    offset_vmcoreinfo: U64  # version 3, bytes from the start of the file
    size_vmcoreinfo: U64
    offset_note: U64  # version 4
    size_note: U64
    offset_eraseinfo: U64  # version 5
    size_eraseinfo: U64
    start_pfn_64: U64  # version 6
    end_pfn_64: U64
    max_mapnr_64: U64


class SubHeaderPacked32(Record, source="makedumpfile, struct kdump_sub_header on i386; QEMU, KdumpSubHeader32"):
    phys_base: U32
    dump_level: S32
    split: S32
    start_pfn: U32
    end_pfn: U32
    offset_vmcoreinfo: U64
    size_vmcoreinfo: U32
    offset_note: U64
    size_note: U32
    offset_eraseinfo: U64
    size_eraseinfo: U32
    start_pfn_64: U64
    end_pfn_64: U64
    max_mapnr_64: U64


class SubHeaderAligned32(Record, source="makedumpfile, struct kdump_sub_header on ARM: 64-bit members are aligned"):
    phys_base: U32
    dump_level: S32
    split: S32
    start_pfn: U32
    end_pfn: U32
    hole_before_vmcoreinfo: Hole4
    offset_vmcoreinfo: U64
    size_vmcoreinfo: U32
    hole_before_note: Hole4
    offset_note: U64
    size_note: U32
    hole_before_eraseinfo: Hole4
    offset_eraseinfo: U64
    size_eraseinfo: U32
    hole_before_pfns: Hole4
    start_pfn_64: U64
    end_pfn_64: U64
    max_mapnr_64: U64


class PageDescriptor(Record, source="makedumpfile, struct page_desc"):
    offset: S64  # bytes from the start of the file; 0: never written
    data_size: U32  # `size` in the C structure; bytes in the file
    flags: U32  # codec, 0: stored as it is
    page_flags: U64


SubHeader = SubHeader64 | SubHeaderPacked32 | SubHeaderAligned32


@dataclass(frozen=True)
class Header:
    """The main header, with the layout in which it was found."""

    order: ByteOrder
    word_size: int  # bytes
    start: DumpStart
    timestamp_s: int
    counts: DumpCounts

    @property
    def bitmap_offset(self) -> int:
        """Bytes from the start of the file to bitmap 1."""
        return (1 + self.counts.sub_hdr_size) * self.counts.block_size

    @property
    def descriptors_offset(self) -> int:
        """Bytes from the start of the file to the first page descriptor."""
        return self.bitmap_offset + self.counts.bitmap_blocks * self.counts.block_size


def header_bytes(word_size: int) -> int:
    """Bytes of the main header without its list of tasks."""
    return _timestamp_offset(word_size) + 2 * word_size + DumpCounts.size()


def read_header(data: bytes) -> Header:
    """The header at the start of `data`; word size and byte order are those that make sense of it.

    Raises DumpError when none does.
    """
    orders: tuple[ByteOrder, ByteOrder] = ("<", ">")
    for word_size in (8, 4):
        for order in orders:
            if len(data) >= header_bytes(word_size):
                header = _header_as(data, order, word_size)
                if _makes_sense(header):
                    return header
    raise DumpError(
        "the header of the kdump-compressed dump is damaged or cut short",
        hint="compare size and checksum with the original file",
    )


def read_sub_header(data: bytes, header: Header, *, aligned: bool) -> SubHeader:
    """The sub header at the start of `data`; fields newer than `header_version` hold whatever follows it.

    `aligned` picks the layout with holes (ARM) on 32-bit machines. Raises DumpError when `data` is too short.
    """
    kind = SubHeader64 if header.word_size == 8 else SubHeaderAligned32 if aligned else SubHeaderPacked32
    try:
        return kind.read(data, 0, header.order)
    except DumpDamagedError as error:
        raise DumpError("the dump is cut short within its header", hint="the copy is incomplete") from error


def text(field: bytes) -> str:
    """A utsname field up to its NUL."""
    return field.split(b"\0", 1)[0].decode("utf-8", "replace")


def _timestamp_offset(word_size: int) -> int:
    return -(-DumpStart.size() // word_size) * word_size


def _header_as(data: bytes, order: ByteOrder, word_size: int) -> Header:
    start = DumpStart.read(data, 0, order)
    offset = _timestamp_offset(word_size)
    times = (Timeval64 if word_size == 8 else Timeval32).read(data, offset, order)
    counts = DumpCounts.read(data, offset + 2 * word_size, order)
    return Header(order, word_size, start, times.tv_sec, counts)


def _makes_sense(header: Header) -> bool:
    counts = header.counts
    return (
        0 <= header.start.header_version <= 32
        and 512 <= counts.block_size <= 1 << 20
        and counts.block_size & (counts.block_size - 1) == 0
        and 0 < counts.sub_hdr_size < 1 << 20
        and counts.bitmap_blocks > 0
        and counts.status < 1 << 12
    )
