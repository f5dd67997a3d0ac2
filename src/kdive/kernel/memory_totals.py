"""What the machine's memory was used for, in totals."""

from __future__ import annotations

import drgn

from kdive.facts.machine import MemoryTotals
from kdive.facts.missing import Missing
from kdive.kernel import guard
from kdive.kernel.context import Kernel, integer
from kdive.kernel.nodes import nodes
from kdive.units import ByteCount


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
    present = [int(node.member_("node_present_pages").value_()) for node in nodes(kernel)]
    return ByteCount(sum(present) * kernel.memory.dump.page_size)


def _total_pages(kernel: Kernel) -> int:
    # ca79b0c211af "mm: convert totalram_pages and totalhigh_pages variables to atomic", v5.0
    for name in ("_totalram_pages", "totalram_pages"):
        try:
            return kernel.number(name)
        except LookupError:
            continue
    return sum(integer(zone.member_("managed_pages")) for zone in _zones(kernel))


def _counter(kernel: Kernel, *items: str) -> int:
    """The counter of pages that has one of the names `items`.

    The number of an item counts within its own enum, and each enum has its own array.
    """
    for enum, array in _COUNTERS:
        try:
            names = {one.name: one.value for one in kernel.program.type(enum).enumerators or ()}
        except LookupError:
            continue
        item = next((item for item in items if item in names), None)
        if item is not None and (count := _count(kernel, enum, array, names[item])) is not None:
            return count
    raise LookupError(f"this kernel has no counter {' or '.join(items)}")


# 75ef71840539 "mm, vmstat: add infrastructure for per-node vmstats", v4.8: before, one array had them all
_NODE_ITEM, _ZONE_ITEM = "enum node_stat_item", "enum zone_stat_item"
_COUNTERS = ((_NODE_ITEM, "vm_node_stat"), (_ZONE_ITEM, "vm_zone_stat"), (_ZONE_ITEM, "vm_stat"))


def _count(kernel: Kernel, enum: str, array: str, number: int) -> int | None:
    """A counter of all memory; the sum of those of its parts where the array has no name; None where there are none."""
    try:
        counters = kernel.program[array].address_
    except LookupError:
        parts = nodes(kernel) if enum == _NODE_ITEM else _zones(kernel) if array == "vm_zone_stat" else []
        return sum(integer(part.member_("vm_stat")[number]) for part in parts) if parts else None
    size = drgn.sizeof(kernel.program.type("atomic_long_t"))
    return integer(drgn.Object(kernel.program, "atomic_long_t", address=counters + number * size))


def _zones(kernel: Kernel) -> list[drgn.Object]:
    return [zone for node in nodes(kernel) for zone in node.member_("node_zones")]


def _slab(kernel: Kernel) -> int:
    # d42f3245c7e2 "mm: memcg: convert vmstat slab counters to bytes", v5.9: a new name, counted in pages all the same
    reclaimable = _counter(kernel, "NR_SLAB_RECLAIMABLE_B", "NR_SLAB_RECLAIMABLE")
    return reclaimable + _counter(kernel, "NR_SLAB_UNRECLAIMABLE_B", "NR_SLAB_UNRECLAIMABLE")
