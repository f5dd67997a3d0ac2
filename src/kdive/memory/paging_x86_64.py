"""x86-64: page tables of 4 and 5 levels, KASLR, and where the kernel image lies.

Source: Documentation/arch/x86/x86_64/mm.rst; Intel SDM volume 3, 4.5.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kdive.dumpfile.dump import Dump
from kdive.errors import ReadError
from kdive.facts.missing import Missing
from kdive.formats import vmcoreinfo
from kdive.memory.address_space import AddressSpace, FirstMapped, FirstReadable, Linear, Run, Segments, Unknown
from kdive.memory.memory import Memory
from kdive.memory.page_tables import Entry, Level, PageTables

START_KERNEL_MAP = 0xFFFFFFFF80000000
_LINKED_AT = 0xFFFFFFFF81000000  # of _text, where CONFIG_PHYSICAL_START is what everyone takes
_IMAGE_SIZE = 512 << 20  # KERNEL_IMAGE_SIZE of kernels that do not export it: modules may come after that
_IMAGE_SIZE_LIMIT = 1 << 30
_ALIGNMENT = 2 << 20  # of the image in physical memory
_SEARCH_LIMIT = 1 << 14  # places tried for the image: 32 GiB
_UTS_BYTES = 512

_PRESENT = 1 << 0
_PSE = 1 << 7  # a page of 2 MiB or 1 GiB
_ADDRESS_BITS = 0x000FFFFFFFFFF000
_LEVELS = (Level(48, 9), Level(39, 9), Level(30, 9), Level(21, 9), Level(12, 9))
_LARGE_SHIFTS = (21, 30)


def open_paged(dump: Dump, info: Mapping[str, str]) -> Memory:
    """The memory of an x86-64 machine."""
    phys_base = find_phys_base(dump, info)
    return Memory(dump, _address_space(dump, info, phys_base), find_kaslr_offset(info), phys_base)


def find_kaslr_offset(info: Mapping[str, str]) -> int | Missing:
    """KERNELOFFSET; on kernels that do not export it (before 3.14), how far _stext is from where it was linked."""
    offset = vmcoreinfo.kernel_offset(info)
    if offset is not None:
        return offset
    stext = vmcoreinfo.symbol(info, "_stext")
    if stext is None:
        return Missing("VMCOREINFO has neither KERNELOFFSET nor _stext")
    offset = (stext - _LINKED_AT) // _ALIGNMENT * _ALIGNMENT
    if 0 <= offset < _IMAGE_SIZE_LIMIT:
        return offset
    return Missing(f"_stext at {stext:#x} is outside of the kernel's mapping")


def find_phys_base(dump: Dump, info: Mapping[str, str]) -> int | Missing:
    """What to add to an address of the kernel image, less START_KERNEL_MAP, to get its physical address.

    Kernels from 4.10 on export it. For older ones the header's value is taken when the kernel's release lies where
    it says; else the release is looked for wherever a kernel image may start.
    """
    number = vmcoreinfo.number(info, "phys_base")
    if number is not None:
        return number
    release = info.get("OSRELEASE", "").encode()
    symbol = vmcoreinfo.symbol(info, "init_uts_ns")
    if symbol is None or not release:
        return (
            Missing("no phys_base in VMCOREINFO, nor what is needed to find it")
            if (dump.physical_base is None)
            else dump.physical_base
        )
    for candidate in _phys_base_candidates(dump, symbol):
        try:
            data = dump.read_physical(symbol - START_KERNEL_MAP + candidate, _UTS_BYTES)
        except ReadError:
            continue
        if b"Linux\0" in data and release + b"\0" in data:
            return candidate
    return Missing("no phys_base in VMCOREINFO, and the kernel's release was not found in memory")


def _phys_base_candidates(dump: Dump, symbol: int) -> Iterator[int]:
    yield from {dump.physical_base or 0: None, 0: None}
    offset = symbol - START_KERNEL_MAP
    tried = 0
    for segment in dump.segments():
        first = -(-(segment.physical - offset) // _ALIGNMENT) * _ALIGNMENT
        for candidate in range(first, segment.physical + segment.size - offset, _ALIGNMENT):
            yield candidate
            tried += 1
            if tried >= _SEARCH_LIMIT:
                return


def _address_space(dump: Dump, info: Mapping[str, str], phys_base: int | Missing) -> AddressSpace:
    segments = Segments(dump)
    if isinstance(phys_base, Missing):
        return segments if segments else Unknown(phys_base.reason, "the dump is damaged or from another tool")
    image_size = min(vmcoreinfo.number(info, "KERNEL_IMAGE_SIZE") or _IMAGE_SIZE, _IMAGE_SIZE_LIMIT)
    image = Run(START_KERNEL_MAP, START_KERNEL_MAP + image_size, phys_base)
    linear = FirstMapped(Linear([image]), segments)
    symbols = (vmcoreinfo.symbol(info, name) for name in ("init_top_pgt", "swapper_pg_dir", "init_level4_pgt"))
    root_symbol = next((symbol for symbol in symbols if symbol is not None), None)
    if root_symbol is None:
        return linear
    root = root_symbol - START_KERNEL_MAP + phys_base
    five = vmcoreinfo.number(info, "pgtable_l5_enabled")
    first_guess = bool(five) if five is not None else info.get("CONFIG_X86_5LEVEL") == "y"
    for five_levels in (first_guess, not first_guess):
        tables = _page_tables(dump, root, five_levels, vmcoreinfo.number(info, "sme_mask") or 0)
        if tables.maps(root_symbol, root):
            return FirstReadable(tables, linear)
    return FirstMapped(linear, _page_tables(dump, root, first_guess, vmcoreinfo.number(info, "sme_mask") or 0))


def _page_tables(dump: Dump, root: int, five_levels: bool, sme_mask: int) -> PageTables:
    address_bits = _ADDRESS_BITS & ~sme_mask

    def decode(entry: int, level: Level) -> Entry | None:
        if not entry & _PRESENT:
            return None
        leaf = level.shift == 12 or (entry & _PSE != 0 and level.shift in _LARGE_SHIFTS)
        size = 1 << level.shift if leaf else 1 << 12
        return Entry(entry & address_bits & -size, leaf)

    levels = _LEVELS if five_levels else _LEVELS[1:]
    start = (1 << 64) - (1 << levels[0].shift + levels[0].bits - 1)
    return PageTables(dump, root, levels, decode, start)
