"""The headers of an ELF file, checked against the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kdive.dumpfile.source import ByteSource
from kdive.formats import elf

SEGMENTS_LIMIT = 1 << 18


@dataclass(frozen=True)
class ElfHeaders:
    """ELF header and program headers of a file."""

    identification: elf.Identification
    ehdr: elf.Ehdr
    phdrs: Sequence[elf.Phdr]
    damage: tuple[str, ...]

    def note_spans(self) -> list[tuple[int, int]]:
        return [(phdr.p_offset, phdr.p_filesz) for phdr in self.phdrs if phdr.p_type == elf.PT_NOTE]

    def loads(self) -> list[elf.Phdr]:
        """Segments of known physical address: a core file of a process has none, /proc/kcore also has others."""
        loads = [phdr for phdr in self.phdrs if phdr.p_type == elf.PT_LOAD and phdr.p_memsz > 0]
        unknown = (1 << 8 * self.identification.word_size) - 1
        known = [phdr for phdr in loads if phdr.p_paddr != unknown]
        return [] if len(known) > 1 and all(phdr.p_paddr == 0 for phdr in known) else known


def read_headers(source: ByteSource) -> ElfHeaders:
    """The headers of `source`. Raises DumpError when they are damaged or cut short."""
    head = source.read_up_to(0, 64)
    identification = elf.identify(head)
    ehdr = elf.read_ehdr(head)
    count = ehdr.e_phnum
    if count == elf.PN_XNUM:
        shdr_bytes = source.read_up_to(ehdr.e_shoff, identification.shdr.size())
        if len(shdr_bytes) == identification.shdr.size():
            count = identification.shdr.read(shdr_bytes, 0, identification.order).sh_info
    damage = []
    if count > SEGMENTS_LIMIT:
        damage.append(f"only the first {SEGMENTS_LIMIT} of {count} segments were read")
        count = SEGMENTS_LIMIT
    phdrs = elf.phdrs(source.read_up_to(ehdr.e_phoff, count * identification.phdr.size()), identification)
    if len(phdrs) < count:
        damage.append(f"the file is cut short: it holds {len(phdrs)} of its {count} program headers")
    return ElfHeaders(identification, ehdr, phdrs, tuple(damage))
