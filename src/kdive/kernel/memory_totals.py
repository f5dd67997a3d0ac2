"""What the machine's memory was used for, in totals."""

from __future__ import annotations

import drgn

from kdive.facts.machine import MemoryTotals
from kdive.facts.missing import Missing
from kdive.kernel import guard
from kdive.kernel.context import Kernel, integer
from kdive.units import ByteCount

NODE_LIMIT = 1024


def read_memory_totals(kernel: Kernel) -> MemoryTotals:
    """Totals in bytes; each is Missing by itself."""
    page_size = kernel.memory.dump.page_size

    def pages(count: int | Missing) -> ByteCount | Missing:
        return count if isinstance(count, Missing) else ByteCount(max(0, count) * page_size)

    return MemoryTotals(
        total=pages(guard.read(_total_pages, kernel)),
        free=pages(guard.read(_counter, kernel, "NR_FREE_PAGES")),
        anonymous=pages(guard.read(_counter, kernel, "NR_ANON_MAPPED", "NR_ANON_PAGES")),
        file=pages(guard.read(_counter, kernel, "NR_FILE_PAGES")),
        slab=pages(guard.read(_slab, kernel)),
        swap_total=pages(guard.read(kernel.number, "total_swap_pages")),
        swap_free=pages(guard.read(kernel.number, "nr_swap_pages")),
    )


def present_memory(kernel: Kernel) -> ByteCount | Missing:
    """All memory the kernel found, in bytes: what crash calls MEMORY."""
    program = kernel.program
    nodes = program["node_data"]
    count = min(NODE_LIMIT, nodes.type_.length or NODE_LIMIT) if nodes.type_.length != 0 else 1
    online = guard.read(kernel.number, "nr_online_nodes")
    if not isinstance(online, Missing):
        count = min(count, max(1, online))
    pointers = kernel.words(nodes.address_, count)
    type_ = program.type("struct pglist_data")
    present = [
        int(drgn.Object(program, type_, address=pointer).member_("node_present_pages").value_())
        for pointer in pointers
        if pointer
    ]
    return ByteCount(sum(present) * kernel.memory.dump.page_size)


def _total_pages(kernel: Kernel) -> int:
    # ca79b0c211af "mm: convert totalram_pages and totalhigh_pages variables to atomic", v5.0
    try:
        return kernel.number("_totalram_pages")
    except LookupError:
        return kernel.number("totalram_pages")


def _counter(kernel: Kernel, *items: str) -> int:
    """The counter of pages that has one of the names `items`.

    The number of an item counts within its own enum, and each enum has its own array.
    """
    program = kernel.program
    for enum, array in _COUNTERS:
        for item in items:
            try:
                names = {one.name: one.value for one in program.type(enum).enumerators or ()}
                counters = program[array].address_
            except LookupError:
                continue
            if item in names:
                size = drgn.sizeof(program.type("atomic_long_t"))
                return integer(drgn.Object(program, "atomic_long_t", address=counters + names[item] * size))
    raise LookupError(f"this kernel has no counter {' or '.join(items)}")


# 75ef71840539 "mm, vmstat: add infrastructure for per-node vmstats", v4.8: before, one array had them all
_COUNTERS = (
    ("enum node_stat_item", "vm_node_stat"),
    ("enum zone_stat_item", "vm_zone_stat"),
    ("enum zone_stat_item", "vm_stat"),
)


def _slab(kernel: Kernel) -> int:
    # d42f3245c7e2 "mm: memcg: convert vmstat slab counters to bytes", v5.9: a new name, counted in pages all the same
    reclaimable = _counter(kernel, "NR_SLAB_RECLAIMABLE_B", "NR_SLAB_RECLAIMABLE")
    return reclaimable + _counter(kernel, "NR_SLAB_UNRECLAIMABLE_B", "NR_SLAB_UNRECLAIMABLE")
