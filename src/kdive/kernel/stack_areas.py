"""Which stack a stack pointer is on: the task's own, or one that the CPU switched to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import drgn

from kdive.facts.machine import Task
from kdive.facts.missing import Missing
from kdive.kernel import guard
from kdive.kernel.context import Kernel

_THREAD_SIZE = 16384  # bytes, where "union thread_union" is not known
_IRQ_STACK_SIZE = 16384  # bytes, IRQ_STACK_SIZE of x86-64 without KASAN, and of arm64 with 4 KiB pages
# The handlers in C, before and since v5.8.
_NMI_HANDLERS = {"do_nmi", "exc_nmi"}


@dataclass(frozen=True)
class StackArea:
    """A stack: its lowest address, the one behind it, and what runs on it, in the words of Frame.context."""

    start: int
    end: int
    context: str

    def holds(self, sp: int) -> bool:
        """An empty stack's pointer is its end."""
        return self.start <= sp <= self.end


def stack_areas(kernel: Kernel, task: Task) -> tuple[StackArea, ...]:
    """The stacks that `task` may have been on, as far as they are known."""
    areas = [guard.read(_task_stack, kernel, task)]
    if task.on_cpu:
        areas.append(guard.read(_irq_stack, kernel, task.cpu))
        on_arm64 = kernel.memory.dump.arch == "aarch64"
        exceptions = guard.read(_overflow_stack if on_arm64 else _exception_stacks, kernel, task.cpu)
        areas += [] if isinstance(exceptions, Missing) else exceptions
    return tuple(area for area in areas if not isinstance(area, Missing))


def contexts(kernel: Kernel, areas: Sequence[StackArea], frames: Sequence[tuple[int | None, str]]) -> Iterator[str]:
    """What each frame ran as, from its stack pointer and the name of its function; "" where that is not known."""
    named = [(next((area.context for area in areas if sp and area.holds(sp)), None), sp, name) for sp, name in frames]
    for context, run in groupby(named, key=lambda frame: frame[0]):
        members = list(run)
        if context is None and kernel.memory.dump.arch == "x86_64":
            nmi = any(name in _NMI_HANDLERS for _, _, name in members)
            context = "nmi" if nmi else "exception"
        for _, sp, _ in members:
            yield (context or "") if sp else ""


def _task_stack(kernel: Kernel, task: Task) -> StackArea:
    size = guard.read(kernel.program.type, "union thread_union")
    thread = drgn.Object(kernel.program, "struct task_struct", address=task.task)
    start = int(thread.member_("stack").value_())
    return StackArea(start, start + (_THREAD_SIZE if isinstance(size, Missing) else drgn.sizeof(size)), "task")


def _irq_stack(kernel: Kernel, cpu: int) -> StackArea:
    if kernel.memory.dump.arch == "aarch64":
        start = int(kernel.per_cpu("irq_stack_ptr", cpu).value_())
        return StackArea(start, start + _IRQ_STACK_SIZE, "irq")
    top = _irq_stack_top(kernel, cpu)
    return StackArea(top - _IRQ_STACK_SIZE, top, "irq")


def _irq_stack_top(kernel: Kernel, cpu: int) -> int:
    # d7b6d709a76a "x86/percpu: Move irq_stack variables next to current_task", v6.2; in v6.15 it is a variable again
    try:
        return kernel.member("pcpu_hot", cpu, "hardirq_stack_ptr")
    except LookupError:
        pass
    # irq_stack_ptr before v5.2
    try:
        return int(kernel.per_cpu("hardirq_stack_ptr", cpu).value_())
    except LookupError:
        return int(kernel.per_cpu("irq_stack_ptr", cpu).value_())


def _overflow_stack(kernel: Kernel, cpu: int) -> list[StackArea]:
    """The stack of arm64 for the report that another one overflowed."""
    stack = kernel.per_cpu("overflow_stack", cpu)
    return [StackArea(stack.address_, stack.address_ + drgn.sizeof(stack), "exception")]


def _exception_stacks(kernel: Kernel, cpu: int) -> list[StackArea]:
    """Stacks of x86-64 for one exception each; before v5.2 there is no structure that names them."""
    pointer = kernel.per_cpu("cea_exception_stacks", cpu)
    start = int(pointer.value_())
    areas = []
    for member in pointer.type_.type.members:
        name = member.name or ""
        if name.endswith("_stack"):
            begin = start + member.bit_offset // 8
            context = "nmi" if name.startswith("NMI") else "exception"
            areas.append(StackArea(begin, begin + drgn.sizeof(member.type), context))
    return areas
