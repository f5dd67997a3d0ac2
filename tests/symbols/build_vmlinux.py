"""ELF files that look like a vmlinux to whoever reads their sections."""

from __future__ import annotations

from kdive.formats import elf
from tests.build_dump import note

_SHT_PROGBITS, _SHT_STRTAB, _SHT_NOTE = 1, 3, 7


def build_vmlinux(
    *, release: str = "", version: str = "#1 SMP", build_id: str = "", debuginfo: bool = True, kernel: bool = True
) -> bytes:
    sections = [("", 0, b"")]
    if kernel:
        sections.append(("__ksymtab", _SHT_PROGBITS, bytes(16)))
    if release:
        banner = f"Linux version {release} (builder@host) (gcc) {version}\n"
        sections.append((".rodata", _SHT_PROGBITS, bytes(100) + banner.encode() + b"\0"))
    if build_id:
        sections.append((".notes", _SHT_NOTE, note("GNU", 3, bytes.fromhex(build_id))))
    if debuginfo:
        sections.append((".debug_info", _SHT_PROGBITS, bytes(16)))
    names = b"".join(name.encode() + b"\0" for name in [*(name for name, _, _ in sections), ".shstrtab"])
    sections.append((".shstrtab", _SHT_STRTAB, names))
    data, rows, name_at = bytes(elf.Ehdr64.size()), [], 0
    for name, type_, content in sections:
        rows.append(elf.Shdr64(name_at, type_, 0, 0, len(data), len(content), 0, 0, 1, 0))
        name_at += len(name) + 1
        data += content
    ident = elf.MAGIC + bytes([2, 1, 1]) + bytes(9)
    header = elf.Ehdr64(ident, elf.ET_EXEC, 62, 1, 0, 0, len(data), 0, 64, 56, 0, 64, len(rows), len(rows) - 1)
    return header.pack("<") + data[elf.Ehdr64.size() :] + b"".join(row.pack("<") for row in rows)
