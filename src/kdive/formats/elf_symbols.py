"""ELF symbol tables, as kernel modules keep them in memory. Source: elf(5)."""

from __future__ import annotations

from kdive.formats.record import U8, U16, U32, U64, Record

SHN_UNDEF = 0


class Sym64(Record, source="elf(5), Elf64_Sym"):
    st_name: U32
    st_info: U8
    st_other: U8
    st_shndx: U16
    st_value: U64
    st_size: U64


class Sym32(Record, source="elf(5), Elf32_Sym"):
    st_name: U32
    st_value: U32
    st_size: U32
    st_info: U8
    st_other: U8
    st_shndx: U16


def symbol_record(word_size: int) -> type[Sym64] | type[Sym32]:
    return Sym64 if word_size == 8 else Sym32
