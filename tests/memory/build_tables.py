"""Page tables for built dumps, written from what they should map."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

Entries = dict[int, dict[int, int]]  # physical address of a table → index → entry


def build_tables(
    mapped: Mapping[int, tuple[int, int]],
    *,
    root: int,
    shifts: Sequence[int],
    first_free: int,
    page_size: int = 4096,
    index_bits: int = 9,
    va_bits: int = 64,
    table_entry: Callable[[int], int],
    leaf_entry: Callable[[int, int], int],
) -> dict[int, bytes]:
    """Pages (pfn → content) of the tables that map virtual address → (physical address, log2 of the page's size).

    `shifts` are the levels from the top down, which translate the lower `va_bits` of an address; tables are put at
    `root` and from `first_free` on.
    """
    tables: Entries = {root: {}}
    children: dict[tuple[int, int], int] = {}
    free = first_free
    for virtual, (physical, size_shift) in mapped.items():
        table = root
        for shift in shifts:
            index = virtual >> shift & (1 << min(index_bits, va_bits - shift)) - 1
            if shift == size_shift:
                tables[table][index] = leaf_entry(physical, shift)
                break
            if index not in tables[table]:
                tables[table][index] = table_entry(free)
                tables[free] = {}
                children[table, index] = free
                free += page_size
            table = children[table, index]
    return {address // page_size: _page(entries, page_size) for address, entries in tables.items()}


def _page(entries: Mapping[int, int], page_size: int) -> bytes:
    page = bytearray(page_size)
    for index, entry in entries.items():
        page[index * 8 : index * 8 + 8] = entry.to_bytes(8, "little")
    return bytes(page)
