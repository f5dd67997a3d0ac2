"""Stacks: the crashed thread's, every other CPU's, and those of blocked tasks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile

import drgn

from kdive.errors import DumpError
from kdive.facts.machine import Task, Tasks
from kdive.facts.missing import Missing, known
from kdive.facts.stacks import Frame, Registers, Stack, Stacks
from kdive.kernel import guard
from kdive.kernel.context import Kernel
from kdive.kernel.stack_areas import StackArea, contexts, stack_areas
from kdive.symbols.functions import Functions
from kdive.symbols.unwind import RawFrame, Unwinder
from kdive.units import Address

BLOCKED_LIMIT = 256


def read_stacks(kernel: Kernel, tasks: Tasks | Missing, registers: Sequence[Registers] | Missing) -> Stacks:
    """The crashed thread first, then what the other CPUs ran, then up to 256 tasks in uninterruptible sleep."""
    if isinstance(tasks, Missing):
        raise DumpError(f"no tasks: {tasks.reason}")
    crashed = kernel.crashed_task
    crashed_task = None if isinstance(crashed, Missing) else int(crashed.value_())
    reader = _reader(kernel, registers)
    running = sorted(
        (task for task in tasks.tasks if task.on_cpu), key=lambda task: (task.task != crashed_task, task.cpu)
    )
    blocked = [task for task in tasks.tasks if task.state == "UN" and not task.on_cpu]
    stacks = [reader.read(task, task.task == crashed_task) for task in (*running, *blocked[:BLOCKED_LIMIT])]
    return Stacks(tuple(stacks), skipped=max(0, len(blocked) - BLOCKED_LIMIT))


def with_stacks_of(kernel: Kernel, stacks: Stacks, tasks: Tasks, pids: Collection[int]) -> Stacks:
    """`stacks`, and those of the sleeping tasks `pids` that are not among them."""
    wanted = set(pids) - {stack.pid for stack in stacks.stacks}
    sleeping = [task for task in tasks.tasks if task.pid in wanted and not task.on_cpu]
    reader = _reader(kernel, ())
    return replace(stacks, stacks=(*stacks.stacks, *(reader.read(task, False) for task in sleeping[:BLOCKED_LIMIT])))


def _reader(kernel: Kernel, registers: Sequence[Registers] | Missing) -> _StackReader:
    functions, unwinder = kernel.symbols.functions, kernel.symbols.unwinder
    if functions is None or unwinder is None:
        raise DumpError("nothing here can unwind stacks")
    by_cpu = {one.cpu: known(one.registers, {}) for one in known(registers, ())}
    return _StackReader(kernel, functions, unwinder, by_cpu)


class _StackReader:
    def __init__(
        self, kernel: Kernel, functions: Functions, unwinder: Unwinder, registers: Mapping[int, Mapping[str, int]]
    ) -> None:
        self._kernel = kernel
        self._functions = functions
        self._unwinder = unwinder
        self._registers = registers

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
            task=task.task or None,
            cpu=task.cpu,
            on_cpu=task.on_cpu,
            crashed=crashed,
            state=task.state,
            registers=registers,
        )
        if isinstance(raw, Missing):
            return replace(stack, notes=(raw.reason,))
        frames = tuple(self._frames(raw, stack_areas(self._kernel, task)))
        return replace(stack, frames=frames, notes=_notes(frames))

    def _frames(self, raw: Sequence[RawFrame], areas: Sequence[StackArea]) -> list[Frame]:
        """The kernel's frames, named; those of the process below them are left out."""
        frames = [self._named(frame) for frame in takewhile(lambda frame: not frame.user, raw)]
        places = [(frame.sp, named.function) for frame, named in zip(raw, frames, strict=False)]
        ran_as = contexts(self._kernel, areas, places)
        return [replace(frame, context=context) for frame, context in zip(frames, ran_as, strict=True)]

    def _named(self, frame: RawFrame) -> Frame:
        if frame.how == "inline":
            return Frame(frame.frame.name or "", pc=Address(frame.pc), how="inline", source=_source(frame.frame))
        function = self._functions.at(frame.pc, is_return_address=not frame.interrupted)
        return Frame(
            function=function.name if function else "",
            module=function.module if function else "",
            pc=Address(frame.pc),
            offset=frame.pc - function.start if function else None,
            size=function.size if function else None,
            how=frame.how,
            reliable=frame.reliable,
            interrupted=frame.interrupted,
            source=_source(frame.frame),
        )


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
