"""What an ELF file is when it is not a vmcore."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kdive.dumpfile.dump import Note
from kdive.dumpfile.elf_headers import ElfHeaders
from kdive.dumpfile.source import ByteSource
from kdive.errors import KdiveError
from kdive.formats import elf
from kdive.formats.elf_notes import NT_PRPSINFO

_NAMES_LIMIT_BYTES = 1 << 20
_PR_FNAME = {136: 40, 128: 32, 124: 28}  # size of prpsinfo → offset of the 16 bytes of pr_fname


@dataclass(frozen=True)
class ElfKind:
    what: str
    hint: str


def kind_of(source: ByteSource, headers: ElfHeaders, notes: Sequence[Note]) -> ElfKind:
    """What the file is, and what to do about it."""
    if headers.ehdr.e_type == elf.ET_CORE:
        return _core(headers, notes)
    names = _section_names(source, headers)
    if b".gnu.linkonce.this_module\0" in names:
        return ElfKind("a kernel module", "name the vmcore")
    if b"__ksymtab\0" in names or b".data..percpu\0" in names:
        return ElfKind("a vmlinux, the kernel itself", "name the vmcore, and this vmlinux with --vmlinux")
    kinds = {elf.ET_REL: "an object file", elf.ET_EXEC: "a program", elf.ET_DYN: "a program or shared library"}
    return ElfKind(f"{kinds.get(headers.ehdr.e_type, 'an ELF file')}, not a dump", "name the vmcore")


def _core(headers: ElfHeaders, notes: Sequence[Note]) -> ElfKind:
    names = {note.name for note in notes}
    if "VBCORE" in names:
        return ElfKind("a VirtualBox core file", "capture the dump in the guest, with kdump")
    if "Xen" in names:
        return ElfKind("a core file of a Xen guest", "capture the dump in the guest, with kdump")
    if not notes and not headers.phdrs:
        return ElfKind("an ELF core file without anything in it", "the copy is incomplete")
    program = _program(notes)
    return ElfKind(
        f"the core file of a process{f' ({program})' if program else ''}, not of a kernel",
        "open it with gdb or coredumpctl",
    )


def _program(notes: Sequence[Note]) -> str:
    for note in notes:
        offset = _PR_FNAME.get(len(note.data)) if note.type == NT_PRPSINFO else None
        if offset is not None:
            name = note.data[offset : offset + 16].split(b"\0", 1)[0].decode("utf-8", "replace")
            return "".join(character if character.isprintable() else "?" for character in name)
    return ""


def _section_names(source: ByteSource, headers: ElfHeaders) -> bytes:
    """The table of section names, each with its NUL (a name may be the end of another); b"" where it is damaged."""
    kind, order, ehdr = headers.identification.shdr, headers.identification.order, headers.ehdr
    if ehdr.e_shstrndx >= ehdr.e_shnum:
        return b""
    try:
        names_at = kind.read(source.read(ehdr.e_shoff + ehdr.e_shstrndx * kind.size(), kind.size()), 0, order)
        return source.read(names_at.sh_offset, min(names_at.sh_size, _NAMES_LIMIT_BYTES))
    except KdiveError:
        return b""
