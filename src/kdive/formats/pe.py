"""Portable executables, as firmware loads them: sections, and whether the file is signed.

Source: Microsoft, "PE Format".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kdive.errors import DumpDamagedError
from kdive.formats.record import U16, U32, Bytes8, Record

_DOS_MAGIC = b"MZ"
_PE_MAGIC = b"PE\0\0"
_PE_OFFSET_AT = 0x3C
_OPTIONAL_32, _OPTIONAL_64 = 0x10B, 0x20B
_DIRECTORIES_AT = {_OPTIONAL_32: 96, _OPTIONAL_64: 112}  # from the start of the optional header
_CERTIFICATES = 4  # which data directory
_MACHINES = {0x14C: "i686", 0x8664: "x86_64", 0xAA64: "aarch64", 0x5064: "riscv64", 0x6264: "loongarch64"}


class PeOffset(Record, source="PE Format, MS-DOS stub: e_lfanew"):
    e_lfanew: U32


class CoffHeader(Record, source="PE Format, COFF file header"):
    machine: U16
    number_of_sections: U16
    time_date_stamp: U32
    pointer_to_symbol_table: U32
    number_of_symbols: U32
    size_of_optional_header: U16
    characteristics: U16


class Magic(Record, source="PE Format, optional header: Magic"):
    magic: U16


class DataDirectory(Record, source="PE Format, optional header data directories"):
    address: U32  # for certificates an offset in the file
    length: U32  # bytes


class SectionHeader(Record, source="PE Format, section table"):
    name: Bytes8
    virtual_size: U32  # bytes that the section means; the rest in the file is padding
    virtual_address: U32
    size_of_raw_data: U32
    pointer_to_raw_data: U32
    pointer_to_relocations: U32
    pointer_to_line_numbers: U32
    number_of_relocations: U16
    number_of_line_numbers: U16
    characteristics: U32


@dataclass(frozen=True)
class Section:
    """Where a section's content lies in the file."""

    name: str
    offset: int
    length: int


@dataclass(frozen=True)
class Pe:
    """What a portable executable says of itself."""

    arch: str  # as `uname -m` prints it, "" for one that is not known
    sections: tuple[Section, ...]
    signed: bool  # it carries a certificate table; whether that is good is the kernel's to say

    def section(self, data: bytes, name: str) -> bytes | None:
        """The content of the first section `name`; None when there is none."""
        for section in self.sections:
            if section.name == name:
                return data[section.offset : section.offset + section.length]
        return None


def is_pe(data: bytes) -> bool:
    """Whether `data` begins a portable executable."""
    if not data.startswith(_DOS_MAGIC) or len(data) < _PE_OFFSET_AT + PeOffset.size():
        return False
    start = PeOffset.read(data, _PE_OFFSET_AT, "<").e_lfanew
    return data[start : start + len(_PE_MAGIC)] == _PE_MAGIC


def read_pe(data: bytes) -> Pe:
    """The executable that `data` holds. Raises DumpDamagedError when it is cut short."""
    start = PeOffset.read(data, _PE_OFFSET_AT, "<").e_lfanew + len(_PE_MAGIC)
    coff = CoffHeader.read(data, start, "<")
    optional = start + CoffHeader.size()
    table = optional + coff.size_of_optional_header
    return Pe(
        arch=_MACHINES.get(coff.machine, ""),
        sections=tuple(_sections(data, table, coff.number_of_sections)),
        signed=_certificates(data, optional, coff.size_of_optional_header) > 0,
    )


def _sections(data: bytes, table: int, count: int) -> Iterator[Section]:
    for index in range(count):
        header = SectionHeader.read(data, table + index * SectionHeader.size(), "<")
        length = min(header.virtual_size, header.size_of_raw_data)
        name = header.name.rstrip(b"\0").decode("ascii", "replace")
        if header.pointer_to_raw_data + length > len(data):
            raise DumpDamagedError(f"section {name} reaches past the end of the file")
        yield Section(name, header.pointer_to_raw_data, length)


def _certificates(data: bytes, optional: int, size: int) -> int:
    """Bytes of the certificate table."""
    if size < Magic.size():
        return 0
    directories = _DIRECTORIES_AT.get(Magic.read(data, optional, "<").magic)
    at = (directories or size) + _CERTIFICATES * DataDirectory.size()
    if at + DataDirectory.size() > size:
        return 0
    return DataDirectory.read(data, optional + at, "<").length
