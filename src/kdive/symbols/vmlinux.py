"""What a file that should be a vmlinux is: its build ID, the kernel it says it is, whether it has debuginfo."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from kdive.errors import KdiveError
from kdive.formats import elf
from kdive.formats.elf_notes import notes
from kdive.formats.record import ByteOrder

_SECTIONS_LIMIT = 65536
_NAMES_LIMIT = 1 << 20  # bytes
_NOTE_LIMIT = 1 << 20  # bytes
_TEXT_LIMIT = 64 << 20  # bytes of rodata to look for the banner in
_STEP = 1 << 20
_SHT_NOTE, _SHT_NOBITS = 7, 8
_NT_GNU_BUILD_ID = 3
_DEBUG_INFO = (".debug_info", ".zdebug_info")
_KERNEL_SECTIONS = ("__ksymtab", "__ksymtab_gpl", ".init.text", ".data..percpu", "__ex_table")
_BANNER = re.compile(rb"Linux version [0-9][^\0\n]{3,1000}")
_BANNER_LIMIT = 1024  # bytes
_BOOT_MAGIC_AT, _BOOT_MAGIC = 0x202, b"HdrS"  # Documentation/arch/x86/boot.rst


@dataclass(frozen=True)
class VmlinuxFile:
    path: Path
    build_id: str  # hexadecimal; "" where it has none
    banner: str  # "Linux version …"; "" where the file does not hold it
    has_debuginfo: bool

    @property
    def release(self) -> str:
        words = self.banner.split(" ", 3)
        return words[2] if len(words) > 2 else ""


class _Section(NamedTuple):
    name: str
    type: int
    offset: int
    size: int


def read_vmlinux(path: Path) -> VmlinuxFile:
    """Raises KdiveError, which says what `path` is instead, when it is no ELF file of a kernel."""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
            if not head.startswith(elf.MAGIC):
                raise KdiveError(f"{path}: {_kind(head)}, not a vmlinux", hint=_HINT)
            return _read(path, file, head)
    except OSError as error:
        raise KdiveError(f"{path}: {error.strerror or error}", hint=_HINT) from None


_HINT = "a vmlinux is the uncompressed ELF file of the kernel, with debuginfo; distributions package it by itself"


def _read(path: Path, file: BinaryIO, head: bytes) -> VmlinuxFile:
    ehdr = elf.read_ehdr(head)
    if ehdr.e_type == elf.ET_CORE:
        raise KdiveError(f"{path}: a core file, not a vmlinux", hint="the dump comes first, without an option")
    if ehdr.e_type == elf.ET_REL:
        raise KdiveError(f"{path}: a kernel module or another object file, not a vmlinux", hint=_HINT)
    sections = list(_sections(file, elf.identify(head), ehdr))
    if not any(section.name in _KERNEL_SECTIONS for section in sections):
        raise KdiveError(f"{path}: an ELF file, but not of a kernel (or one cut short)", hint=_HINT)
    banner = _banner(file, sections)
    has_debuginfo = any(section.name in _DEBUG_INFO and section.type != _SHT_NOBITS for section in sections)
    return VmlinuxFile(path, _build_id(file, sections, elf.identify(head).order), banner, has_debuginfo)


def _kind(head: bytes) -> str:
    if head[_BOOT_MAGIC_AT : _BOOT_MAGIC_AT + 4] == _BOOT_MAGIC:
        return "a compressed boot image (vmlinuz, bzImage)"
    if head[:2] == b"\x1f\x8b" or head[:4] in (b"\x28\xb5\x2f\xfd", b"\xfd7zX"):
        return "a compressed file"
    if not head:
        return "an empty file"
    return "a text" if head.isascii() and b"\0" not in head else "a file of another kind"


def _sections(file: BinaryIO, identification: elf.Identification, ehdr: elf.Ehdr) -> Iterator[_Section]:
    """What is left of the section table; a file may be cut short."""
    shdr = identification.shdr
    order = identification.order
    table = _read_at(file, ehdr.e_shoff, shdr.size() * _SECTIONS_LIMIT if not ehdr.e_shnum else 0)
    count = ehdr.e_shnum
    if ehdr.e_shoff and not count and len(table) >= shdr.size():
        count = shdr.read(table, 0, order).sh_size
    table = _read_at(file, ehdr.e_shoff, min(count, _SECTIONS_LIMIT) * shdr.size())
    rows = [shdr(*row) for row in shdr.rows(table, order)]
    if ehdr.e_shstrndx >= len(rows):
        return
    strings = rows[ehdr.e_shstrndx]
    names = _read_at(file, strings.sh_offset, min(strings.sh_size, _NAMES_LIMIT))
    for row in rows:
        name = names[row.sh_name :].split(b"\0", 1)[0] if row.sh_name < len(names) else b""
        yield _Section(name.decode("ascii", "replace"), row.sh_type, row.sh_offset, row.sh_size)


def _build_id(file: BinaryIO, sections: list[_Section], order: ByteOrder) -> str:
    for section in sections:
        if section.type == _SHT_NOTE:
            data = _read_at(file, section.offset, min(section.size, _NOTE_LIMIT))
            for note in notes(data, order):
                if note.name == "GNU" and note.type == _NT_GNU_BUILD_ID:
                    return data[note.start : note.end].hex()
    return ""


def _banner(file: BinaryIO, sections: list[_Section]) -> str:
    for section in sections:
        if section.name != ".rodata" or section.type == _SHT_NOBITS:
            continue
        for start in range(0, min(section.size, _TEXT_LIMIT), _STEP):
            data = _read_at(file, section.offset + start, min(_STEP + _BANNER_LIMIT, section.size - start))
            if found := _BANNER.search(data):
                return found[0].decode("utf-8", "replace")
    return ""


def _read_at(file: BinaryIO, offset: int, size: int) -> bytes:
    try:
        file.seek(offset)
        return file.read(max(0, size))
    except (OSError, OverflowError, ValueError):
        return b""
