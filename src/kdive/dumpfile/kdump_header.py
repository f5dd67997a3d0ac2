"""Both headers of a kdump-compressed file, brought to one form whatever their version and word size."""

from __future__ import annotations

from dataclasses import dataclass

from kdive.dumpfile.source import ByteSource
from kdive.formats import kdump_compressed as layout
from kdive.formats import machines
from kdive.formats.kdump_compressed import Header, SubHeader
from kdive.formats.record import ByteOrder

_SUB_HEADER_BYTES = 128  # more than any layout takes


@dataclass(frozen=True)
class KdumpHeader:
    """What the headers say; spans are (offset, size) in bytes, size 0 where the version has none."""

    main: Header
    sub: SubHeader
    main_bytes: bytes  # as in the file: equal in all parts of a split set
    version: int
    order: ByteOrder
    word_size: int  # bytes
    page_size: int  # bytes
    max_mapnr: int  # one more than the highest pfn
    phys_base: int
    dump_level: int | None
    split: bool
    first_pfn: int  # of this part of a split set
    end_pfn: int
    vmcoreinfo: tuple[int, int]
    notes: tuple[int, int]
    eraseinfo: tuple[int, int]

    @property
    def machine(self) -> str:
        return layout.text(self.main.start.machine)

    @property
    def incomplete(self) -> bool:
        return bool(self.main.counts.status & layout.STATUS_INCOMPLETE)


def read_kdump_header(source: ByteSource) -> KdumpHeader:
    """The headers at the start of `source`. Raises DumpError when they are damaged or cut short."""
    head = source.read_up_to(0, 512)
    main = layout.read_header(head)
    sub_bytes = source.read_up_to(main.counts.block_size, _SUB_HEADER_BYTES)
    aligned = main.word_size == 4 and _is_aligned(sub_bytes, main, source.size)
    sub = layout.read_sub_header(sub_bytes, main, aligned=aligned)
    # Before kdump there was diskdump: the same layout, but registers in place of the sub header.
    diskdump = main.start.signature == layout.DISKDUMP_SIGNATURE
    version = 0 if diskdump else main.start.header_version
    max_mapnr = sub.max_mapnr_64 if version >= 6 and sub.max_mapnr_64 else main.counts.max_mapnr
    split = version >= 2 and sub.split != 0
    first_pfn, end_pfn = 0, max_mapnr
    if split:
        first_pfn, end_pfn = (
            (sub.start_pfn_64, sub.end_pfn_64) if version >= 6 and sub.end_pfn_64 else (sub.start_pfn, sub.end_pfn)
        )
    return KdumpHeader(
        main=main,
        sub=sub,
        main_bytes=head[: layout.header_bytes(main.word_size)],
        version=main.start.header_version,
        order=main.order,
        word_size=main.word_size,
        page_size=main.counts.block_size,
        max_mapnr=max_mapnr,
        phys_base=0 if diskdump else _signed(sub.phys_base, main.word_size),
        dump_level=sub.dump_level if version >= 1 and 0 <= sub.dump_level <= 0x1FF else None,
        split=split,
        first_pfn=first_pfn,
        end_pfn=min(end_pfn, max_mapnr),
        vmcoreinfo=(sub.offset_vmcoreinfo, sub.size_vmcoreinfo) if version >= 3 else (0, 0),
        notes=(sub.offset_note, sub.size_note) if version >= 4 else (0, 0),
        eraseinfo=(sub.offset_eraseinfo, sub.size_eraseinfo) if version >= 5 else (0, 0),
    )


def _is_aligned(sub_bytes: bytes, main: Header, file_size: int) -> bool:
    """Whether a 32-bit sub header has holes before its 64-bit members: the layout whose spans fit the file."""

    def misfits(sub: SubHeader) -> int:
        spans = [(sub.offset_vmcoreinfo, sub.size_vmcoreinfo), (sub.offset_note, sub.size_note)]
        return sum(offset + size > file_size or (size > 0) != (offset > 0) for offset, size in spans)

    packed = layout.read_sub_header(sub_bytes, main, aligned=False)
    if main.start.header_version < 3 or len(sub_bytes) < layout.SubHeaderAligned32.size():
        return False
    aligned = layout.read_sub_header(sub_bytes, main, aligned=True)
    if misfits(packed) != misfits(aligned):
        return misfits(aligned) < misfits(packed)
    return machines.of_utsname(layout.text(main.start.machine)) == "arm"


def _signed(value: int, word_size: int) -> int:
    """phys_base is negative when the kernel was loaded below where it was linked."""
    return value - (1 << 8 * word_size) if value >> (8 * word_size - 1) else value
