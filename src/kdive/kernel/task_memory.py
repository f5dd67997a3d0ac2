"""How much memory processes have mapped, and how much of it is in RAM."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import drgn

from kdive.facts.machine import Task
from kdive.facts.missing import Missing
from kdive.kernel import guard
from kdive.kernel.context import Kernel
from kdive.units import ByteCount

_IN_RAM = ("MM_FILEPAGES", "MM_ANONPAGES", "MM_SHMEMPAGES")  # the last since v4.5


@dataclass(frozen=True)
class TaskMemory:
    """Both 0 for a thread of the kernel."""

    mapped: ByteCount
    in_ram: ByteCount


class TaskMemoryReader:
    """Of the processes that `tasks` are threads of; all of them, since threads keep some of the count to themselves."""

    def __init__(self, kernel: Kernel, tasks: Sequence[Task]) -> None:
        self._kernel = kernel
        self._tasks = tasks
        self._type = kernel.program.type("struct task_struct")

    def read(self, task: Task) -> TaskMemory | Missing:
        """The memory of the task's process."""
        return guard.read(self._read, task)

    def _read(self, task: Task) -> TaskMemory:
        mm = self._struct(task).member_("mm")
        address = int(mm.value_())
        if not address:
            return TaskMemory(ByteCount(0), ByteCount(0))
        page = self._kernel.memory.dump.page_size
        pages = sum(self._counter(mm, index) for index in self._counters) + self._kept_by_threads[address]
        return TaskMemory(ByteCount(int(mm.member_("total_vm").value_()) * page), ByteCount(max(0, pages) * page))

    def _struct(self, task: Task) -> drgn.Object:
        return drgn.Object(self._kernel.program, self._type, address=task.task or 0)

    @cached_property
    def _counters(self) -> list[int]:
        """Numbers of the counters that this kernel has."""
        found = []
        for name in _IN_RAM:
            try:
                found.append(int(self._kernel.program.constant(name).value_()))
            except LookupError:
                continue
        return found

    def _counter(self, mm: drgn.Object, index: int) -> int:
        stat = mm.member_("rss_stat")
        # f1a7941243c1 "mm: convert mm's rss stats into percpu_counter", v6.2
        if stat.type_.kind == drgn.TypeKind.ARRAY:
            counter = stat[index]
            each = int(counter.member_("counters").value_())
            offsets = (self._kernel.per_cpu_offsets[cpu] for cpu in self._kernel.cpus("online"))
            return int(counter.member_("count").value_()) + sum(self._signed(each + offset) for offset in offsets)
        return int(stat.member_("count")[index].member_("counter").value_())

    def _signed(self, address: int) -> int:
        """An s32 in per-CPU memory."""
        word = (1 << 8 * self._kernel.memory.dump.word_size) - 1
        return int(drgn.Object(self._kernel.program, "int", address=address & word).value_())

    @cached_property
    def _kept_by_threads(self) -> Counter[int]:
        """Pages by address of the mm: 34e55232e59f "mm: avoid false sharing of mm_counter", v2.6.34 to 6.1."""
        pages: Counter[int] = Counter()
        if not self._type.has_member("rss_stat"):
            return pages
        for task in self._tasks:
            kept = guard.read(self._kept_by, task)
            if not isinstance(kept, Missing):
                pages[kept[0]] += kept[1]
        return pages

    def _kept_by(self, task: Task) -> tuple[int, int]:
        """The mm of the task, and the pages that it has not added to the count of that."""
        struct = self._struct(task)
        kept = struct.member_("rss_stat").member_("count")
        return int(struct.member_("mm").value_()), sum(int(kept[index].value_()) for index in self._counters)
