"""Stacks: the crashed thread's, every other CPU's, and those of blocked tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import drgn

from kdive.errors import DumpError
from kdive.facts.machine import Task, Tasks
from kdive.facts.missing import Missing, known
from kdive.facts.stacks import Frame, Registers, Stack, Stacks
from kdive.kernel import guard
from kdive.kernel.context import Kernel
from kdive.symbols.functions import Functions
from kdive.symbols.unwind import RawFrame, Unwinder
from kdive.units import Address

BLOCKED_LIMIT = 256
_THREAD_SIZE = 16384  # bytes, where "union thread_union" is not known
_IRQ_STACK_SIZE = 16384  # bytes, IRQ_STACK_SIZE of x86-64 without KASAN


def read_stacks(kernel: Kernel, tasks: Tasks | Missing, registers: Sequence[Registers] | Missing) -> Stacks:
    """The crashed thread first, then what the other CPUs ran, then up to 256 tasks in uninterruptible sleep."""
    functions, unwinder = kernel.symbols.functions, kernel.symbols.unwinder
    if functions is None or unwinder is None:
        raise DumpError("nothing here can unwind stacks")
    if isinstance(tasks, Missing):
        raise DumpError(f"no tasks: {tasks.reason}")
    crashed = kernel.crashed_task
    crashed_task = None if isinstance(crashed, Missing) else int(crashed.value_())
    by_cpu = {one.cpu: known(one.registers, {}) for one in known(registers, ())}
    reader = _StackReader(kernel, functions, unwinder, by_cpu)
    running = sorted(
        (task for task in tasks.tasks if task.on_cpu), key=lambda task: (task.task != crashed_task, task.cpu)
    )
    blocked = [task for task in tasks.tasks if task.state == "UN" and not task.on_cpu]
    stacks = [reader.read(task, task.task == crashed_task) for task in (*running, *blocked[:BLOCKED_LIMIT])]
    return Stacks(tuple(stacks), skipped=max(0, len(blocked) - BLOCKED_LIMIT))


class _StackReader:
    def __init__(
        self, kernel: Kernel, functions: Functions, unwinder: Unwinder, registers: Mapping[int, Mapping[str, int]]
    ) -> None:
        self._kernel = kernel
        self._functions = functions
        self._unwinder = unwinder
        self._registers = registers
        size = guard.read(kernel.program.type, "union thread_union")
        self._stack_size = _THREAD_SIZE if isinstance(size, Missing) else drgn.sizeof(size)

    def read(self, task: Task, crashed: bool) -> Stack:
        """The stack of `task`; one that cannot be read has no frames, and says why."""
        thread = drgn.Object(self._kernel.program, "struct task_struct *", value=task.task)
        registers = self._registers.get(task.cpu, {}) if task.on_cpu else {}
        raw = guard.read(self._unwinder.stack, thread)
        if isinstance(raw, Missing) and registers:
            # Dumps of a hypervisor: drgn looks for notes that the kernel itself would have written.
            raw = guard.read(self._unwinder.stack_from, registers)
        stack = Stack(
            frames=(),
            pid=task.pid,
            comm=task.comm,
            task=task.task,
            cpu=task.cpu,
            on_cpu=task.on_cpu,
            crashed=crashed,
            state=task.state,
            registers=registers,
        )
        if isinstance(raw, Missing):
            return replace(stack, notes=(raw.reason,))
        frames = tuple(self._frames(raw, self._contexts(thread, task)))
        return replace(stack, frames=frames, notes=_notes(frames))

    def _frames(self, raw: Sequence[RawFrame], contexts: Sequence[tuple[int, int, str]]) -> Iterator[Frame]:
        """The kernel's frames, named; those of the process below them are left out."""
        for frame in raw:
            if frame.user:
                return
            sp = frame.sp or 0
            context = next((name for start, end, name in contexts if start <= sp <= end), "exception" if sp else "")
            if frame.how == "inline":
                source = _source(frame.frame)
                yield Frame(frame.frame.name or "", pc=Address(frame.pc), how="inline", context=context, source=source)
                continue
            function = self._functions.at(frame.pc, is_return_address=not frame.interrupted)
            yield Frame(
                function=function.name if function else "",
                module=function.module if function else "",
                pc=Address(frame.pc),
                offset=frame.pc - function.start if function else None,
                size=function.size if function else None,
                how=frame.how,
                reliable=frame.reliable,
                context=context,
                interrupted=frame.interrupted,
                source=_source(frame.frame),
            )

    def _contexts(self, thread: drgn.Object, task: Task) -> list[tuple[int, int, str]]:
        """The stacks that the thread may have been on: start, end, name. All others are exception stacks."""
        stacks = []
        stack = guard.read(thread.member_, "stack")
        base = stack if isinstance(stack, Missing) else guard.read(stack.value_)
        if not isinstance(base, Missing):
            stacks.append((base, base + self._stack_size, "task"))
        if task.on_cpu:
            top = guard.read(_irq_stack_top, self._kernel, task.cpu)
            if not isinstance(top, Missing):
                stacks.append((top - _IRQ_STACK_SIZE, top, "irq"))
        return stacks


def _irq_stack_top(kernel: Kernel, cpu: int) -> int:
    # d7b6d709a76a "x86/percpu: Move irq_stack variables next to current_task", v6.2; in v6.15 it is a variable again
    try:
        return kernel.member("pcpu_hot", cpu, "hardirq_stack_ptr")
    except LookupError:
        return int(kernel.per_cpu("hardirq_stack_ptr", cpu).value_())


def _source(frame: drgn.StackFrame) -> str:
    """file:line, where there is debuginfo."""
    try:
        source = frame.source()
    except LookupError:
        return ""
    return f"{source[0]}:{source[1]}"


def _notes(frames: Sequence[Frame]) -> tuple[str, ...]:
    notes = []
    if any(frame.how == "scan" for frame in frames):
        notes.append("a frame without unwind data was found by searching the stack for the call")
    if any(not frame.reliable for frame in frames):
        notes.append("frames behind one that could not be unwound are guesses")
    return tuple(notes)
