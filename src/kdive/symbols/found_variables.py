"""Variables of a kernel whose kallsyms hold nothing but functions (KALLSYMS_ALL off), told by what they must hold.

Tasks start at the one that is its own parent and is called swapper/0; their run queues tell where the per-CPU memory
of each CPU is; modules are found in the areas of vmalloc near the kernel image.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import islice

import drgn

from kdive.compat.modules import parts
from kdive.facts.missing import known
from kdive.formats import vmcoreinfo
from kdive.formats.integers import integers
from kdive.memory.memory import Memory
from kdive.symbols.btf_types import BtfTypes
from kdive.symbols.failures import FAILURES
from kdive.symbols.image import Image
from kdive.symbols.layout import ProgramLayout

_FIRST_COMM = b"swapper/0\0"
_TASKS_LIMIT = 100_000
_AREAS_LIMIT = 100_000
_CPU_LIMIT = 8192
_PAGE = 4096  # bytes; per-CPU memory starts at a multiple
_AREA_LIMIT = 64 << 20  # bytes of a module
_AREAS_BYTES = 128 << 20  # of all areas that are searched
_COMMS_LIMIT = 64
_MODULES_LIMIT = 4096
_MODULE_REACH = 4 << 30  # how far from the image a module may lie
_DATA_BEFORE = 4 << 20  # bytes of data that may lie before init_task
_ADDRESS_END = 1 << 64


class FoundVariables:
    """Addresses of the variables that the readers cannot do without."""

    def __init__(self, memory: Memory, program: drgn.Program, types: BtfTypes, image: Image) -> None:
        self._memory = memory
        self._program = program
        self._types = types
        self._image = image
        self._info = known(memory.dump.vmcoreinfo, {})

    def address(self, name: str) -> int | None:
        """Of the variable `name`; None where it was not found. Per-CPU ones have the address that the linker gave."""
        exported = vmcoreinfo.symbol(self._info, name)
        if exported is not None:
            return exported
        try:
            if name == "init_task":
                return self._init_task
            if name == "modules":
                return self._modules
            if name == "__per_cpu_offset":
                return self._per_cpu[0] if self._per_cpu else None
            offset = self._types.per_cpu_offset(name)
            return None if offset is None or self._per_cpu is None else self._per_cpu[1] + offset
        except FAILURES:
            return None

    @cached_property
    def _init_task(self) -> int | None:
        comm = self._offset("struct task_struct", "comm")
        for place in islice(self._image.find(_FIRST_COMM, self._image.text_end), _COMMS_LIMIT):
            task = drgn.Object(self._program, "struct task_struct", address=place - comm)
            try:
                if (
                    task.pid.value_() == 0
                    and task.group_leader.value_() == task.address_
                    and task.real_parent.value_() == task.address_
                ):
                    return place - comm
            except drgn.FaultError:
                continue
        return None

    @cached_property
    def _per_cpu(self) -> tuple[int, int] | None:
        """Address of __per_cpu_offset, and what is added to it: where the linker put per-CPU variables.

        Each CPU's run queue is the variable runqueues plus that CPU's offset, so that the offsets differ as they do.
        """
        within = self._types.per_cpu_offset("runqueues")
        queues = self._run_queues()
        if within is None or not queues:
            return None
        first = min(queues)
        base = queues[first] - within
        differences = [(cpu - first, (queue - queues[first]) % _ADDRESS_END) for cpu, queue in queues.items()]
        found = []
        near = max(self._image.text_end, (self._init_task or 0) - _DATA_BEFORE)
        for chunk, words in self._image.words(near):
            for index, word in enumerate(words):
                start = (base - word) % _ADDRESS_END
                if start % _PAGE or not (start == 0 or self._image.start < start < self._image.end):
                    continue
                address = chunk + 8 * index
                if all((self._word(address + 8 * number) - word) % _ADDRESS_END == by for number, by in differences):
                    found.append((address - 8 * first, start))
        return found[0] if len(found) == 1 else None

    def _run_queues(self) -> dict[int, int]:
        """Address of `struct rq` by CPU: every task knows the queue that it was last on."""
        queues: dict[int, int] = {}
        seen: set[int] = set()
        for task in self._tasks():
            queue = task.se.cfs_rq.rq
            address = queue.value_()
            if address not in seen:
                seen.add(address)
                cpu = int(queue.cpu.value_())
                if 0 <= cpu < _CPU_LIMIT and queue.idle.comm.string_() == b"swapper/%d" % cpu:
                    queues[cpu] = address
        return queues

    def _tasks(self) -> Iterator[drgn.Object]:
        """The leaders of all processes."""
        type_ = self._program.type("struct task_struct")
        offset = self._offset("struct task_struct", "tasks")
        first = self._init_task
        address, seen = first, set[int]()
        while address and address not in seen and len(seen) < _TASKS_LIMIT:
            seen.add(address)
            yield drgn.Object(self._program, type_, address=address)
            address = self._word(address + offset) - offset

    @cached_property
    def _modules(self) -> int | None:
        """The list's head: among the entries of the list, the one that lies in the kernel image."""
        offset = self._offset("struct module", "list")
        for module in self._module_structs():
            seen = set[int]()
            entry = self._word(module + offset)
            while entry not in seen and len(seen) < _MODULES_LIMIT:
                if self._image.start <= entry < self._image.end:
                    return entry
                seen.add(entry)
                entry = self._word(entry)
        return None

    def _module_structs(self) -> Iterator[int]:
        """What looks like a `struct module`: it holds the address of its own first part."""
        layout = ProgramLayout(self._program)
        base = self._offset("struct module", parts(layout, 1)[0].base)
        name = self._offset("struct module", "name")
        areas = dict(self._areas())
        left = _AREAS_BYTES
        for start, end in areas.items():
            left -= end - start
            if left < 0:
                return
            data = bytes(self._memory.read_with_holes(start, (end - start) & -8)[0])
            for place, word in enumerate(integers("Q", data, self._memory.dump.order)):
                module = start + 8 * place - base
                if word in areas and module % 8 == 0 and start <= module:
                    text = data[module - start + name :][:64].split(b"\0")[0]
                    if text and text.isascii() and text.decode().isprintable():
                        yield module

    def _areas(self) -> Iterator[tuple[int, int]]:
        """Start and end of the areas near the kernel image that vmalloc gave out.

        VMCOREINFO names their list up to v6.8.
        """
        type_ = self._program.type("struct vmap_area")
        offset = drgn.offsetof(type_, "list")
        head = vmcoreinfo.symbol(self._info, "vmap_area_list")
        entry, seen = head and self._word(head), {head}
        while entry and entry not in seen and len(seen) < _AREAS_LIMIT:
            seen.add(entry)
            area = drgn.Object(self._program, type_, address=entry - offset).read_()
            start, end = int(area.va_start.value_()), int(area.va_end.value_())
            if abs(start - self._image.start) < _MODULE_REACH and 0 < end - start <= _AREA_LIMIT:
                yield start, end
            entry = int(area.member_("list").next.value_())

    def _offset(self, type_name: str, member: str) -> int:
        """Bytes from the start of the structure to its member."""
        offset: int = drgn.offsetof(self._program.type(type_name), member)
        return offset

    def _word(self, address: int) -> int:
        word: int = self._program.read_word(address)
        return word
