"""What the kernel itself says that pages are used for: read from its lists and tables, not from struct pages.

The lists are walked with drgn and the kernel's own BTF, in a raw dump.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import drgn
from drgn.helpers.linux.list import list_for_each_entry
from drgn.helpers.linux.pid import for_each_task
from drgn.helpers.linux.xarray import xa_for_each, xa_is_value

from kdive.memory.memory import Memory
from kdive.symbols.find import SymbolOptions, find_symbols

PAGE = 4096
_PRESENT, _LARGE, _FRAME = 0x1, 0x80, 0x000F_FFFF_FFFF_F000  # of an entry of a page table
_THREAD_PAGES = 4
_ENTRIES = 512
_USER_ENTRIES = 256  # of the uppermost table
_KERNEL_OBJECTS = ("mm", "active_mm", "files", "fs", "cred", "signal", "sighand", "nsproxy")  # of a task


@dataclass
class Owned:
    """Page frames, by what the kernel uses them for."""

    kernel: dict[str, set[int]]  # which a dump has to hold at any level
    free: set[int]
    cache: set[int]
    mapped: set[int]  # in the page tables of processes


def owned(memory: Memory) -> Owned:
    """Walks the lists of the kernel in `memory`, a dump that leaves nothing out."""
    return _Walk(memory).owned()


class _Walk:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        program = find_symbols(memory, SymbolOptions(None, (), False)).program
        assert program is not None
        self._program = program
        self._structs = program["vmemmap_base"].value_()
        self._page_bytes = drgn.sizeof(program.type("struct page"))

    def owned(self) -> Owned:
        tasks = list(for_each_task(self._program))
        tables, mapped = self._page_tables(tasks)
        kernel = {
            "tasks": self._pages_of(tasks),
            "stacks": {pfn for task in tasks for pfn in self._range(task.stack.value_(), _THREAD_PAGES * PAGE)},
            "objects of tasks": self._pages_of(
                [member for task in tasks for name in _KERNEL_OBJECTS if (member := task.member_(name))]
            ),
            # With as many members at their end as the machine has nodes: their type says too much.
            "slab caches": {pfn for cache in self._caches() for pfn in self._range(cache.value_(), 1)},
            "slabs": {pfn for cache in self._caches() for pfn in self._slabs(cache)},
            "inodes": self._pages_of(self._inodes()),
            "page tables": tables,
            "modules": {pfn for module in self._modules() for pfn in module},
        }
        return Owned(kernel, set(self._free()), set(self._cache()), mapped)

    def _pages_of(self, objects: list[drgn.Object]) -> set[int]:
        return {pfn for one in objects for pfn in self._range(one.value_(), drgn.sizeof(one.type_.type))}

    def _range(self, address: int, size: int) -> Iterator[int]:
        """The page frames of virtual memory."""
        for page in range(address & ~(PAGE - 1), address + size, PAGE):
            yield self._memory.translate(page) // PAGE

    def _pfn(self, page: drgn.Object) -> int:
        number: int = (page.value_() - self._structs) // self._page_bytes
        assert self._structs + number * self._page_bytes == page.value_()
        return number

    def _caches(self) -> list[drgn.Object]:
        return list(list_for_each_entry("struct kmem_cache", self._program["slab_caches"].address_of_(), "list"))

    def _slabs(self, cache: drgn.Object) -> Iterator[int]:
        """The pages of slabs with free objects in them; which of the others there are, no list says."""
        for node in self._nodes(cache):
            for slab in list_for_each_entry("struct slab", node.partial.address_of_(), "slab_list"):
                first = self._pfn(slab)
                order = cache.oo.x.value_() >> 16
                small = cache.min.x.value_() >> 16
                yield from range(first, first + (1 << min(order, small)))

    def _nodes(self, cache: drgn.Object) -> Iterator[drgn.Object]:
        if hasattr(cache, "per_node"):
            yield cache.per_node[0].node
        else:
            yield cache.node[0]

    def _inodes(self) -> list[drgn.Object]:
        blocks = list_for_each_entry("struct super_block", self._program["super_blocks"].address_of_(), "s_list")
        return [
            inode
            for block in blocks
            for inode in list_for_each_entry("struct inode", block.s_inodes.address_of_(), "i_sb_list")
        ]

    def _modules(self) -> Iterator[Iterator[int]]:
        for module in list_for_each_entry("struct module", self._program["modules"].address_of_(), "list"):
            if hasattr(module, "mem"):
                for area in module.mem:
                    if area.base:
                        yield self._range(area.base.value_(), area.size.value_())
            else:
                yield self._range(module.core_layout.base.value_(), module.core_layout.size.value_())

    def _free(self) -> Iterator[int]:
        """The pages on the free lists of all zones."""
        node = self._program["node_data"][0]
        for zone in node.node_zones:
            for order, area in enumerate(zone.free_area if zone.present_pages else ()):
                for free_list in area.free_list:
                    for page in list_for_each_entry("struct page", free_list.address_of_(), "lru"):
                        first = self._pfn(page)
                        yield from range(first, first + (1 << order))

    def _cache(self) -> Iterator[int]:
        """The pages of files' page cache, of a larger folio its first."""
        for inode in self._inodes():
            for _, entry in xa_for_each(inode.i_mapping.i_pages.address_of_()):
                if not xa_is_value(entry):
                    yield self._pfn(entry)

    def _page_tables(self, tasks: list[drgn.Object]) -> tuple[set[int], set[int]]:
        tables: set[int] = set()
        mapped: set[int] = set()
        spaces = {task.mm.value_(): task.mm for task in tasks if task.mm}
        for space in spaces.values():
            top = self._memory.translate(space.pgd.value_()) // PAGE
            self._walk_table(top, 4, _USER_ENTRIES, tables, mapped)
        return tables, mapped

    def _walk_table(self, table: int, level: int, entries: int, tables: set[int], mapped: set[int]) -> None:
        tables.add(table)
        data = memoryview(self._memory.read_physical(table * PAGE, PAGE)).cast("Q")
        for entry in data[:entries]:
            if not entry & _PRESENT:
                continue
            frame = (entry & _FRAME) // PAGE
            if level == 1:
                mapped.add(frame)
            elif entry & _LARGE:
                count = _ENTRIES ** (level - 1)
                mapped.update(range(frame // count * count, frame // count * count + count))
            else:
                self._walk_table(frame, level - 1, _ENTRIES, tables, mapped)
