"""arm64: page tables of all granules and sizes, and where the kernel image and the linear map lie.

Source: Documentation/arch/arm64/memory.rst; Arm Architecture Reference Manual, D8 (VMSAv8-64).
"""

from __future__ import annotations

from collections.abc import Mapping

from kdive.dumpfile.dump import Dump
from kdive.facts.missing import Missing
from kdive.formats import vmcoreinfo
from kdive.memory.address_space import AddressSpace, FirstMapped, FirstReadable, Linear, Run, Segments, Unknown
from kdive.memory.memory import Memory
from kdive.memory.page_tables import Entry, Level, PageTables

_VALID = 1 << 0
_TABLE = 1 << 1  # at the last level it marks a page
_ADDRESS_END = 1 << 64
_KERNEL_BIT = 55  # of an address: which half it belongs to, whatever the bits above it carry
_PAGE_SHIFTS = (12, 14, 16)
_IMAGE_PAGE = 1 << 16
_IMAGE_REACH = 256 << 20  # exported variables further from _stext than this are not in the image


def open_paged(dump: Dump, info: Mapping[str, str]) -> Memory:
    """The memory of an arm64 machine."""
    offset = vmcoreinfo.kernel_offset(info)
    kaslr_offset = Missing("VMCOREINFO has no KERNELOFFSET") if offset is None else offset
    return Memory(dump, _address_space(dump, info), kaslr_offset, Missing("arm64 has no phys_base"))


def _address_space(dump: Dump, info: Mapping[str, str]) -> AddressSpace:
    segments = Segments(dump)
    voffset = vmcoreinfo.number(info, "kimage_voffset")
    va_bits = vmcoreinfo.number(info, "VA_BITS")
    page_shift = dump.page_size.bit_length() - 1
    if voffset is None or va_bits is None or not 36 <= va_bits <= 52 or page_shift not in _PAGE_SHIFTS:
        if segments:
            return segments
        return Unknown("VMCOREINFO lacks kimage_voffset or VA_BITS (Linux before 4.12)", "make an ELF vmcore (-E)")
    image = _image(info, voffset % _ADDRESS_END)
    linear = FirstMapped(Linear([*image, *_linear_map(info, va_bits, page_shift)]), segments)
    root_symbol = vmcoreinfo.symbol(info, "swapper_pg_dir")
    if root_symbol is None:
        return linear
    root = (root_symbol - voffset) % _ADDRESS_END
    used_bits = _used_bits(info, va_bits)
    # A kernel built for 52 bits on a CPU with fewer has smaller tables with 4K and 16K pages; with 64K pages its top
    # table keeps its size, and only the end of it is used.
    tables = _page_tables(dump, root, va_bits if page_shift == 16 else used_bits, used_bits, page_shift)
    return FirstReadable(tables, linear) if tables.maps(root_symbol, root) else FirstMapped(linear, tables)


def _used_bits(info: Mapping[str, str], va_bits: int) -> int:
    """Bits of an address that are translated; what the CPU was set to, where it is less than what was built for."""
    t1sz = vmcoreinfo.number(info, "TCR_EL1_T1SZ")  # bbdbc11804ff "arm64/crash_core: Export TCR_EL1.T1SZ", v5.9
    return va_bits if t1sz is None or not 36 <= 64 - t1sz <= 52 else 64 - t1sz


def _image(info: Mapping[str, str], voffset: int) -> list[Run]:
    """The kernel image, as far as the exported variables reach."""
    symbols = [vmcoreinfo.symbol(info, key[7:-1]) for key in info if key.startswith("SYMBOL(")]
    stext = vmcoreinfo.symbol(info, "_stext") or vmcoreinfo.symbol(info, "swapper_pg_dir")
    if stext is None:
        return []
    inside = [symbol for symbol in symbols if symbol is not None and abs(symbol - stext) < _IMAGE_REACH]
    start, end = min(inside) & -_IMAGE_PAGE, (max(inside) | _IMAGE_PAGE - 1) + 1
    return [Run(start, end, start - voffset)]


def _linear_map(info: Mapping[str, str], va_bits: int, page_shift: int) -> list[Run]:
    """All memory at a fixed offset: in the upper half of the kernel's addresses, since v5.4 in the lower half.

    14c127c957c1 "arm64: mm: Flip kernel VA space"; the image lies in the other half.
    """
    phys_offset = vmcoreinfo.number(info, "PHYS_OFFSET")
    stext = vmcoreinfo.symbol(info, "_stext") or vmcoreinfo.symbol(info, "swapper_pg_dir")
    if phys_offset is None or stext is None:
        return []
    if phys_offset >= _ADDRESS_END // 2:
        phys_offset -= _ADDRESS_END  # 52 bits on a CPU with 48: it is where the linear map would start
    half = 1 << va_bits - 1
    if not stext & half:
        return [Run(_ADDRESS_END - half, _ADDRESS_END, phys_offset)]
    # It starts as if all bits were used, and ends as on a CPU that has the fewest (VA_BITS_MIN).
    fewest_bits = min(va_bits, 47 if page_shift == 14 else 48)
    start = _ADDRESS_END - 2 * half
    return [Run(start, _ADDRESS_END - (1 << fewest_bits - 1), phys_offset)]


def _page_tables(dump: Dump, root: int, bits: int, used_bits: int, page_shift: int) -> PageTables:
    kernel_bits = _ADDRESS_END - (1 << used_bits)
    index_bits = page_shift - 3
    shifts = range(page_shift, bits, index_bits)
    levels = [Level(shift, min(index_bits, bits - shift)) for shift in reversed(shifts)]
    lpa2 = bits == 52 and page_shift != 16

    def decode(entry: int, level: Level) -> Entry | None:
        if not entry & _VALID:
            return None
        if level.shift == page_shift:
            return Entry(output_address(entry, page_shift, lpa2), True) if entry & _TABLE else None
        block = not entry & _TABLE
        return Entry(output_address(entry, page_shift, lpa2) & -(1 << level.shift if block else 1), block)

    def canonical(address: int) -> int:
        # Tags and pointer authentication codes lie above the bits that are translated.
        return address | kernel_bits if address >> _KERNEL_BIT & 1 else address

    return PageTables(dump, root, levels, decode, kernel_bits, canonical)


def output_address(entry: int, page_shift: int, lpa2: bool) -> int:
    """The physical address in a page table's entry; FEAT_LPA and FEAT_LPA2 put the bits above 48 elsewhere."""
    if lpa2:
        return entry & (1 << 50) - (1 << page_shift) | (entry >> 8 & 3) << 50
    address = entry & (1 << 48) - (1 << page_shift)
    return address | (entry >> 12 & 15) << 48 if page_shift == 16 else address
