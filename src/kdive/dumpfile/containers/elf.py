"""ELF vmcores: /proc/vmcore, makedumpfile -E, QEMU's dump-guest-memory, and the live /proc/kcore."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from kdive.dumpfile import erased
from kdive.dumpfile.dump import Dump, Identity, Note, Segment
from kdive.dumpfile.elf_headers import ElfHeaders, read_headers
from kdive.dumpfile.elf_kinds import kind_of
from kdive.dumpfile.notes import ReadNotes, read_notes, vmcoreinfo_text
from kdive.dumpfile.opened import Opened
from kdive.dumpfile.ranges import Range, RangeMap
from kdive.dumpfile.source import ByteSource
from kdive.errors import DumpError, PageAbsentError, PageExcludedError
from kdive.facts.machine import Container
from kdive.facts.missing import Missing
from kdive.formats import elf, machines, vmcoreinfo
from kdive.units import Address, ByteCount

_ADDRESS_END = (1 << 64) - 1
_PAGE_SIZES = {"ppc64": 65536, "ppc64le": 65536, "ia64": 65536}  # where VMCOREINFO does not say; else 4096


def matches(head: bytes) -> bool:
    return head.startswith(elf.MAGIC)


def open_container(files: Sequence[Opened]) -> Dump:
    """The dump. Raises DumpError when the file is ELF, but no vmcore."""
    if len(files) > 1:
        raise DumpError(f"{files[1].path}: ELF dumps have one file", hint="open the files one by one")
    file = files[0]
    headers = read_headers(file.source)
    notes = read_notes(file.source, headers.note_spans(), headers.identification.order)
    if not is_kernel_core(headers, notes.notes):
        kind = kind_of(file.source, headers, notes.notes)
        raise DumpError(f"{file.path}: {kind.what}", hint=kind.hint)
    return ElfDump(file, headers, notes)


def is_kernel_core(headers: ElfHeaders, notes: Sequence[Note]) -> bool:
    """Whether it is a core file with physical memory in it: one of a process names no physical addresses."""
    loads = headers.loads()
    if headers.ehdr.e_type != elf.ET_CORE or not loads:
        return False
    names = {note.name for note in notes}
    return bool(names & {"VMCOREINFO", "QEMU"}) or any(phdr.p_paddr != 0 for phdr in loads)


class ElfDump(Dump):
    """A vmcore in ELF format with the headers `headers`."""

    def __init__(self, opened: Opened, headers: ElfHeaders, notes: ReadNotes) -> None:
        loads = headers.loads()
        self._opened = opened
        self._source = opened.source
        self.path = opened.path
        self.paths = [opened.path]
        self.order = headers.identification.order
        self.arch, self.word_size = machines.of_elf(
            headers.ehdr.e_machine, headers.identification.word_size, self.order
        )
        self.identity = Identity(arch=self.arch)
        self.physical_base = None
        self.notes = notes.notes
        self._damage = [*headers.damage, *notes.damage]
        self.adopt_vmcoreinfo(vmcoreinfo_text(self.notes))
        self.eraseinfo = erased.of_notes(self.notes)
        self._map_memory(loads)
        # drgn reads pages that were excluded from an ELF file as zeros.
        tails = any(phdr.p_filesz < phdr.p_memsz for phdr in loads)
        self.native = bool(self.vmcoreinfo) and not tails and not opened.flattened
        self.container = self._describe(headers, loads)

    def adopt_vmcoreinfo(self, text: bytes) -> None:
        super().adopt_vmcoreinfo(text)
        self.page_size = _page_size(self.vmcoreinfo, self.arch)

    def _map_memory(self, loads: Sequence[elf.Phdr]) -> None:
        content: list[Range] = []
        mapped: list[Range] = []
        for phdr in loads:
            end = min(phdr.p_paddr + phdr.p_memsz, _ADDRESS_END)
            file_end = min(phdr.p_paddr + min(phdr.p_filesz, phdr.p_memsz), _ADDRESS_END)
            content += [(phdr.p_paddr, file_end, phdr.p_offset, 1), (file_end, end, None, 0)]
            # The kernel image is mapped twice: the larger segment is the direct map.
            mapped.append((phdr.p_paddr, end, phdr.p_vaddr or None, phdr.p_memsz))
        self._content = RangeMap(content)
        self._mapped = RangeMap(mapped)

    def segments(self) -> Sequence[Segment]:
        return [
            Segment(
                Address(piece.start),
                ByteCount(piece.end - piece.start),
                None if piece.target is None else Address(piece.target),
            )
            for piece in self._mapped.pieces()
        ]

    def kept_ranges(self) -> Iterator[tuple[Address, ByteCount]]:
        for piece in self._content.pieces():
            if piece.target is not None:
                yield Address(piece.start), ByteCount(piece.end - piece.start)

    @property
    def content(self) -> RangeMap:
        """Physical address → offset in `source`; pieces without a target were excluded."""
        return self._content

    @property
    def source(self) -> ByteSource:
        """The file, without its flattened layer."""
        return self._source

    def read_physical(self, address: int, size: int) -> bytes:
        parts = []
        end = address + size
        while True:
            piece = self._content.find(address)
            if piece is None:
                raise PageAbsentError(f"physical address {address:#x} is not memory of the machine")
            if piece.target is None:
                raise PageExcludedError(f"page {address // self.page_size:#x} was excluded")
            length = min(end, piece.end) - address
            part = self._source.read(piece.target + address - piece.start, length)
            if length == size:
                return part
            parts.append(part)
            address += length
            if address >= end:
                return b"".join(parts)

    def read_physical_into(self, address: int, buffer: memoryview) -> None:
        piece = self._content.find(address)
        if piece is None or piece.target is None or address + len(buffer) > piece.end:
            super().read_physical_into(address, buffer)
        else:
            self._source.read_into(piece.target + address - piece.start, buffer)

    def close(self) -> None:
        self._source.close()

    def _describe(self, headers: ElfHeaders, loads: Sequence[elf.Phdr]) -> Container:
        incomplete = self._opened.incomplete
        if headers.ehdr.e_flags & elf.MAKEDUMPFILE_INCOMPLETE:
            incomplete = "its header says so: the dump was not written to the end"
        elif max(phdr.p_offset + phdr.p_filesz for phdr in loads) > self._source.size:
            incomplete = "the file is cut short: it ends before its last segment"
        live = self._opened.live
        return Container(
            path=str(self.path),
            format="kcore" if live else "elf (flattened)" if self._opened.flattened else "elf",
            size=None if live else ByteCount(self._opened.size),
            pages_total=sum(piece.end - piece.start for piece in self._mapped.pieces()) // self.page_size,
            pages_kept=sum(size for _, size in self.kept_ranges()) // self.page_size,
            incomplete=incomplete,
            damage=tuple(dict.fromkeys(self._damage)),
            erased=erased.things(self.eraseinfo),
        )


def _page_size(info: Mapping[str, str] | Missing, arch: str) -> int:
    size = None if isinstance(info, Missing) else vmcoreinfo.decimal(info, "PAGESIZE")
    if size is not None and 512 <= size <= 1 << 20 and size & (size - 1) == 0:
        return size
    return _PAGE_SIZES.get(arch, 4096)
