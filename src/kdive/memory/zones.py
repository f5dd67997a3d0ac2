"""What the kernel itself counted, zone by zone, with no symbols and no types.

Source: include/linux/mmzone.h; the counts of zone.vm_stat leave out what each CPU has not yet added.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kdive.errors import ReadError
from kdive.facts.missing import Missing
from kdive.formats import vmcoreinfo
from kdive.memory.memory import Memory

_NODES_LIMIT = 1 << 12
_ZONES_LIMIT = 16


def count_free_pages(memory: Memory) -> int | Missing:
    """NR_FREE_PAGES over all zones."""
    info = memory.dump.vmcoreinfo
    if isinstance(info, Missing):
        return info
    index = vmcoreinfo.number(info, "NR_FREE_PAGES")
    statistics = vmcoreinfo.offset(info, "zone.vm_stat")
    if index is None or statistics is None:
        return Missing("VMCOREINFO does not name NR_FREE_PAGES and zone.vm_stat")
    offset = statistics + index * memory.dump.word_size
    try:
        counts = [memory.read_word(zone + offset) for zone in _zones(memory, info)]
    except ReadError as error:
        return Missing(f"the zones of memory cannot be read: {error.message}")
    return sum(counts) if counts else Missing("VMCOREINFO names no nodes of memory")


def nodes(memory: Memory, info: Mapping[str, str]) -> Iterator[int]:
    """The addresses of all struct pglist_data; none where VMCOREINFO does not lead to them. Raises ReadError."""
    table, count = vmcoreinfo.symbol(info, "node_data"), vmcoreinfo.length(info, "node_data")
    only = vmcoreinfo.symbol(info, "contig_page_data")
    if table is not None and count is not None:
        for index in range(min(count, _NODES_LIMIT)):
            node = memory.read_word(table + index * memory.dump.word_size)
            if node:
                yield node
    elif only is not None:
        yield only


def _zones(memory: Memory, info: Mapping[str, str]) -> Iterator[int]:
    first, count = (vmcoreinfo.offset(info, f"pglist_data.{name}") for name in ("node_zones", "nr_zones"))
    size = vmcoreinfo.size(info, "zone")
    if first is None or count is None or size is None:
        return
    for node in nodes(memory, info):
        for index in range(min(memory.read_u32(node + count), _ZONES_LIMIT)):
            yield node + first + index * size
