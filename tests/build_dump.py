"""Tiny dumps of every container, written from a description.

A dump is described by its pages (pfn → content, padded with zeros to a page), the text of its VMCOREINFO and the
options of its container. All functions return the file as bytes:

    build_kdump({1: b"page one"}, codec="lzo", version=5)
    build_elf({1: b"page one"}, excluded=range(2, 300), xnum=True)
    flatten(build_kdump(...))
    split_kdump(pages, [0x100, 0x200])      # three parts
    prstatus_note(pid=7, registers={"rip": 0xffffffff81000000})
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise

import cramjam
import lzallright
import zstandard

from kdive.formats import elf, prstatus
from kdive.formats import kdump_compressed as kdump
from kdive.formats.elf_notes import NT_PRSTATUS, Nhdr
from kdive.formats.record import ByteOrder

PAGE_SIZE = 4096
RELEASE = "6.1.0-built"
VMCOREINFO = f"OSRELEASE={RELEASE}\nPAGESIZE={PAGE_SIZE}\nSYMBOL(init_uts_ns)=ffffffff82000000\nCRASHTIME=1700000000\n"
CRASH_TIME = 1700000000

_FLAGS = {name: flag for flag, name in kdump.CODECS.items()} | {"": 0}


def note(name: str, type_: int, data: bytes, order: ByteOrder = "<") -> bytes:
    """One ELF note with its padding."""
    padded_name = name.encode() + b"\0"
    header = Nhdr(n_namesz=len(padded_name), n_descsz=len(data), n_type=type_)
    return header.pack(order) + _pad(padded_name, 4) + _pad(data, 4)


def prstatus_note(
    pid: int, registers: Mapping[str, int], *, machine: str = "x86_64", order: ByteOrder = "<", name: str = "CORE"
) -> bytes:
    """The NT_PRSTATUS note of one CPU; registers that are not named are 0."""
    status = prstatus.Prstatus(pid, dict(registers))
    return note(name, NT_PRSTATUS, prstatus.pack(status, machine, order), order)


def build_kdump(
    pages: Mapping[int, bytes],
    *,
    vmcoreinfo: str = VMCOREINFO,
    notes: bytes = b"",
    ram: Iterable[int] | None = None,
    version: int = 6,
    codec: str = "zlib",
    dump_level: int = 31,
    machine: str = "x86_64",
    release: str = RELEASE,
    nodename: str = "built",
    word_size: int = 8,
    aligned: bool = False,
    order: ByteOrder = "<",
    page_size: int = PAGE_SIZE,
    phys_base: int = 0,
    nr_cpus: int = 1,
    crash_time: int = CRASH_TIME,
    incomplete: bool = False,
    lost: Collection[int] = (),
    part: tuple[int, int] | None = None,
    signature: bytes = kdump.SIGNATURE,
) -> bytes:
    """A kdump-compressed dump.

    `notes` come before the VMCOREINFO note, which is left out when `vmcoreinfo` is "". `ram` are the pfns that the
    machine had (those of `pages` are always among them), `lost` those whose descriptor was never written, `part` the
    range of pfns of one file of a split set. `codec` is "zlib", "lzo", "snappy", "zstd" or "" (stored). A 32-bit dump
    has `word_size` 4, and on ARM also `aligned`.
    """
    present = sorted({*pages, *(ram or ())})
    max_mapnr = present[-1] + 1 if present else 1
    bitmap_size = _up(-(-max_mapnr // 8), page_size)
    sub_kind = _sub_header_kind(word_size, aligned)
    all_notes = notes + (note("VMCOREINFO", 0, vmcoreinfo.encode(), order) if vmcoreinfo else b"")
    sub_blocks = -(-(sub_kind.size() + len(all_notes)) // page_size)
    start = kdump.DumpStart(
        signature,
        version,
        *(text.encode() for text in ("Linux", nodename, release, "#1 SMP built", machine, "(none)")),
    )
    status = _FLAGS[codec] | (kdump.STATUS_INCOMPLETE if incomplete else 0)
    counts = kdump.DumpCounts(
        status,
        page_size,
        sub_blocks,
        2 * bitmap_size // page_size,
        max_mapnr & 0xFFFFFFFF,
        0,
        0,
        len(pages),
        0,
        nr_cpus,
    )
    timeval = kdump.Timeval64 if word_size == 8 else kdump.Timeval32
    head = _pad(start.pack(order), word_size) + timeval(crash_time, 0).pack(order) + counts.pack(order)

    first_pfn, end_pfn = part or (0, max_mapnr)
    notes_offset = page_size + sub_kind.size()
    sub = _sub_header(
        sub_kind,
        phys_base=phys_base,
        dump_level=dump_level,
        split=int(part is not None),
        pfns=(first_pfn, end_pfn, max_mapnr),
        vmcoreinfo=(notes_offset + all_notes.rfind(vmcoreinfo.encode()), len(vmcoreinfo)) if vmcoreinfo else (0, 0),
        notes=(notes_offset, len(all_notes)),
        version=version,
    ).pack(order)

    kept = [pfn for pfn in sorted(pages) if first_pfn <= pfn < end_pfn]
    layout = _pad(head, page_size) + _pad(sub + all_notes, page_size)
    layout += _bitmap(present, bitmap_size) + _bitmap(pages, bitmap_size)
    position = len(layout) + kdump.PageDescriptor.size() * len(kept)
    descriptors, data = [], []
    for pfn in kept:
        content, flags = _compressed(pages[pfn].ljust(page_size, b"\0"), codec)
        if pfn in lost:
            descriptors.append(bytes(kdump.PageDescriptor.size()))
            continue
        descriptors.append(kdump.PageDescriptor(position, len(content), flags, 0).pack(order))
        data.append(content)
        position += len(content)
    return layout + b"".join(descriptors) + b"".join(data)


def split_kdump(pages: Mapping[int, bytes], boundaries: Sequence[int], **options: object) -> list[bytes]:
    """The parts of a split set: part i holds the pfns from boundary i-1 to boundary i. Options as for `build_kdump`."""
    end_pfn = max(pages) + 1
    limits = [0, *boundaries, end_pfn]
    return [build_kdump(pages, part=limit, **options) for limit in pairwise(limits)]  # type: ignore[arg-type]


def build_elf(
    pages: Mapping[int, bytes],
    *,
    vmcoreinfo: str = VMCOREINFO,
    notes: bytes = b"",
    excluded: Collection[int] = (),
    word_size: int = 8,
    order: ByteOrder = "<",
    e_machine: int = 62,
    e_type: int = elf.ET_CORE,
    page_size: int = PAGE_SIZE,
    virtual: int | None = 0xFFFF888000000000,
    xnum: bool = False,
    incomplete: bool = False,
) -> bytes:
    """An ELF vmcore: one PT_LOAD for each run of pages, whose `excluded` pages at its end are not in the file.

    `virtual` is where physical 0 is mapped (None: p_vaddr is 0). `xnum` writes the number of segments where
    PN_XNUM says it is.
    """
    ident = elf.Identification(word_size, order)
    runs = _runs(pages, excluded)
    all_notes = notes + (note("VMCOREINFO", 0, vmcoreinfo.encode(), order) if vmcoreinfo else b"")
    segments = len(runs) + 1
    phoff = ident.ehdr.size()
    shoff = phoff + segments * ident.phdr.size()
    notes_offset = shoff + (ident.shdr.size() if xnum else 0)
    e_ident = elf.MAGIC + bytes([2 if word_size == 8 else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    ehdr = ident.ehdr(
        e_ident=e_ident,
        e_type=e_type,
        e_machine=e_machine,
        e_version=1,
        e_entry=0,
        e_phoff=phoff,
        e_shoff=shoff if xnum else 0,
        e_flags=elf.MAKEDUMPFILE_INCOMPLETE if incomplete else 0,
        e_ehsize=phoff,
        e_phentsize=ident.phdr.size(),
        e_phnum=elf.PN_XNUM if xnum else segments,
        e_shentsize=ident.shdr.size(),
        e_shnum=int(xnum),
        e_shstrndx=0,
    )
    position = _up(notes_offset + len(all_notes), page_size)
    table = [_phdr(ident, elf.PT_NOTE, notes_offset, 0, 0, len(all_notes), len(all_notes))]
    data = []
    for first_pfn, kept, total in runs:
        start = first_pfn * page_size
        mapped = 0 if virtual is None else (virtual + start) & ((1 << 8 * word_size) - 1)
        table.append(_phdr(ident, elf.PT_LOAD, position, mapped, start, kept * page_size, total * page_size))
        data += [pages[pfn].ljust(page_size, b"\0") for pfn in range(first_pfn, first_pfn + kept)]
        position += kept * page_size
    section = ident.shdr(0, 0, 0, 0, 0, 0, 0, segments, 0, 0).pack(order) if xnum else b""
    head = ehdr.pack(order) + b"".join(phdr.pack(order) for phdr in table) + section + all_notes
    return _pad(head, page_size) + b"".join(data)


def flatten(
    content: bytes, *, record_size: int = 1 << 16, end_marker: bool = True, rewrite_header: bool = True
) -> bytes:
    """`content` as makedumpfile -F streams it; with `rewrite_header` its start is zeros until the last record."""
    records = [(start, content[start : start + record_size]) for start in range(0, len(content), record_size)]
    if rewrite_header and records:
        first = records[0][1]
        records = [(0, bytes(len(first))), *records[1:], (0, first)]
    stream = [(b"makedumpfile".ljust(16, b"\0") + struct.pack(">qq", 1, 1)).ljust(4096, b"\0")]
    stream += [struct.pack(">qq", offset, len(data)) + data for offset, data in records]
    if end_marker:
        stream.append(struct.pack(">qq", -1, -1))
    return b"".join(stream)


def _runs(pages: Mapping[int, bytes], excluded: Collection[int]) -> list[tuple[int, int, int]]:
    """First pfn, pages in the file and pages in memory of each segment."""
    runs: list[tuple[int, int, int]] = []
    for pfn in sorted({*pages, *excluded}):
        first, kept, total = runs[-1] if runs else (0, 0, 0)
        if not runs or first + total != pfn or (pfn in pages and kept < total):
            runs.append((pfn, int(pfn in pages), 1))
        else:
            runs[-1] = (first, kept + (pfn in pages), total + 1)
    return runs


def _phdr(
    ident: elf.Identification, p_type: int, offset: int, vaddr: int, paddr: int, filesz: int, memsz: int
) -> elf.Phdr:
    return ident.phdr(
        p_type=p_type,
        p_flags=0,
        p_offset=offset,
        p_vaddr=vaddr,
        p_paddr=paddr,
        p_filesz=filesz,
        p_memsz=memsz,
        p_align=0,
    )


def _sub_header_kind(word_size: int, aligned: bool) -> type[kdump.SubHeader]:
    if word_size == 8:
        return kdump.SubHeader64
    return kdump.SubHeaderAligned32 if aligned else kdump.SubHeaderPacked32


def _sub_header(
    kind: type[kdump.SubHeader],
    *,
    phys_base: int,
    dump_level: int,
    split: int,
    pfns: tuple[int, int, int],
    vmcoreinfo: tuple[int, int],
    notes: tuple[int, int],
    version: int,
) -> kdump.SubHeader:
    """Fields that `version` does not have are filled with noise: a reader must not look at them."""
    word = 0xFFFFFFFF if kind is not kdump.SubHeader64 else 0xFFFFFFFFFFFFFFFF
    noise = 0x5A5A5A5A
    first_pfn, end_pfn, max_mapnr = pfns
    values: list[int | bytes] = [phys_base & word]
    values += [dump_level if version >= 1 else noise]
    values += [split, first_pfn & word, end_pfn & word] if version >= 2 else [noise] * 3
    values += vmcoreinfo if version >= 3 else (noise, noise)
    values += notes if version >= 4 else (noise, noise)
    values += (0, 0) if version >= 5 else (noise, noise)
    values += [first_pfn, end_pfn, max_mapnr] if version >= 6 else [noise] * 3
    if kind is kdump.SubHeaderAligned32:
        for hole in (5, 8, 11, 14):
            values.insert(hole, bytes(4))
    return kind(*values)  # type: ignore[arg-type]


def _compressed(page: bytes, codec: str) -> tuple[bytes, int]:
    """The page as makedumpfile stores it, and its flag: 0 when compression would not shrink it."""
    packed = {
        "": lambda: page,
        "zlib": lambda: zlib.compress(page, 1),
        "lzo": lambda: bytes(lzallright.LZOCompressor().compress(page)),
        "snappy": lambda: bytes(cramjam.snappy.compress_raw(page)),
        "zstd": lambda: zstandard.ZstdCompressor(level=1).compress(page),
    }[codec]()
    return (packed, _FLAGS[codec]) if len(packed) < len(page) else (page, 0)


def _bitmap(pfns: Iterable[int], size: int) -> bytes:
    bits = bytearray(size)
    for pfn in pfns:
        bits[pfn >> 3] |= 1 << (pfn & 7)
    return bytes(bits)


def _up(size: int, step: int) -> int:
    return -(-size // step) * step


def _pad(data: bytes, step: int) -> bytes:
    return data.ljust(_up(len(data), step), b"\0")
