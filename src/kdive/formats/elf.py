"""ELF core files: headers and program headers. Source: elf(5)."""

from __future__ import annotations

from dataclasses import dataclass

from kdive.errors import DumpDamagedError, DumpError
from kdive.formats.record import U16, U32, U64, ByteOrder, Bytes16, Record

MAGIC = b"\x7fELF"
ET_REL, ET_EXEC, ET_DYN, ET_CORE = 1, 2, 3, 4
PT_LOAD, PT_NOTE = 1, 4
PN_XNUM = 0xFFFF  # the number of segments is in sh_info of section 0
MAKEDUMPFILE_INCOMPLETE = 0x1  # in e_flags: makedumpfile ran out of space


class Ehdr64(Record, source="elf(5), Elf64_Ehdr"):
    e_ident: Bytes16
    e_type: U16
    e_machine: U16
    e_version: U32
    e_entry: U64
    e_phoff: U64
    e_shoff: U64
    e_flags: U32
    e_ehsize: U16
    e_phentsize: U16
    e_phnum: U16
    e_shentsize: U16
    e_shnum: U16
    e_shstrndx: U16


class Ehdr32(Record, source="elf(5), Elf32_Ehdr"):
    e_ident: Bytes16
    e_type: U16
    e_machine: U16
    e_version: U32
    e_entry: U32
    e_phoff: U32
    e_shoff: U32
    e_flags: U32
    e_ehsize: U16
    e_phentsize: U16
    e_phnum: U16
    e_shentsize: U16
    e_shnum: U16
    e_shstrndx: U16


class Phdr64(Record, source="elf(5), Elf64_Phdr"):
    p_type: U32
    p_flags: U32
    p_offset: U64
    p_vaddr: U64
    p_paddr: U64
    p_filesz: U64
    p_memsz: U64
    p_align: U64


class Phdr32(Record, source="elf(5), Elf32_Phdr"):
    p_type: U32
    p_offset: U32
    p_vaddr: U32
    p_paddr: U32
    p_filesz: U32
    p_memsz: U32
    p_flags: U32
    p_align: U32


class Shdr64(Record, source="elf(5), Elf64_Shdr"):
    sh_name: U32
    sh_type: U32
    sh_flags: U64
    sh_addr: U64
    sh_offset: U64
    sh_size: U64
    sh_link: U32
    sh_info: U32
    sh_addralign: U64
    sh_entsize: U64


class Shdr32(Record, source="elf(5), Elf32_Shdr"):
    sh_name: U32
    sh_type: U32
    sh_flags: U32
    sh_addr: U32
    sh_offset: U32
    sh_size: U32
    sh_link: U32
    sh_info: U32
    sh_addralign: U32
    sh_entsize: U32


Ehdr = Ehdr64 | Ehdr32
Phdr = Phdr64 | Phdr32


@dataclass(frozen=True)
class Identification:
    """What e_ident says."""

    word_size: int  # bytes, of the file's own structures
    order: ByteOrder

    @property
    def ehdr(self) -> type[Ehdr64] | type[Ehdr32]:
        return Ehdr64 if self.word_size == 8 else Ehdr32

    @property
    def phdr(self) -> type[Phdr64] | type[Phdr32]:
        return Phdr64 if self.word_size == 8 else Phdr32

    @property
    def shdr(self) -> type[Shdr64] | type[Shdr32]:
        return Shdr64 if self.word_size == 8 else Shdr32


def identify(data: bytes) -> Identification:
    """Word size and byte order. Raises DumpError where `data` does not start like an ELF file."""
    if len(data) < 16 or data[:4] != MAGIC or data[4] not in (1, 2) or data[5] not in (1, 2):
        raise DumpError("the ELF identification is damaged or cut short", hint="is the file complete?")
    return Identification(word_size=8 if data[4] == 2 else 4, order="<" if data[5] == 1 else ">")


def read_ehdr(data: bytes) -> Ehdr:
    """The ELF header at the start of `data`. Raises DumpError when it is not a whole one."""
    identification = identify(data)
    try:
        return identification.ehdr.read(data, 0, identification.order)
    except DumpDamagedError as error:
        raise DumpError("the ELF header is cut short", hint="the copy is incomplete") from error


def is_core(data: bytes) -> bool:
    """Whether an ELF file that starts with `data` is a core file."""
    try:
        return read_ehdr(data).e_type == ET_CORE
    except DumpError:
        return False


def phdrs(data: bytes, identification: Identification) -> list[Phdr]:
    """All program headers of the table `data`; what is left of a cut one is ignored."""
    kind = identification.phdr
    return [kind(*row) for row in kind.rows(data, identification.order)]
