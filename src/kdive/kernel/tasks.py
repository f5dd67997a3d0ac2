"""All tasks: the idle tasks of the CPUs, then every thread of every process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import drgn

from kdive.facts.machine import Task, Tasks
from kdive.facts.missing import Missing
from kdive.kernel import guard
from kdive.kernel.context import Kernel
from kdive.kernel.lists import ListWalk
from kdive.kernel.task_reader import TaskReader

TASK_LIMIT = 100_000


def read_tasks(kernel: Kernel, active_cpus: Sequence[int]) -> Tasks:
    """Every task once, the idle tasks first, then in the order of the kernel's list."""
    reader = TaskReader(kernel)
    running = running_tasks(kernel, active_cpus)
    tasks: list[Task] = []
    seen: set[int] = set()
    walk = ListWalk(kernel.program, TASK_LIMIT)
    damage = ""
    for address in addresses(kernel, walk):
        if address in seen:
            continue
        seen.add(address)
        task = guard.read(reader.read, address, running.get(address))
        if isinstance(task, Missing):
            damage = damage or f"a task could not be read: {task.reason}"
        else:
            tasks.append(task)
        if len(tasks) >= TASK_LIMIT:
            damage = f"there are more than {TASK_LIMIT} tasks"
            break
    return Tasks(tuple(tasks), truncated=walk.damage or damage)


def running_tasks(kernel: Kernel, active_cpus: Sequence[int]) -> dict[int, int]:
    """CPU by address of the task that runs on it."""
    running = {}
    for cpu in active_cpus:
        task = guard.read(kernel.member, "runqueues", cpu, "curr")
        if not isinstance(task, Missing):
            running[task] = cpu
    return running


def addresses(kernel: Kernel, walk: ListWalk) -> Iterator[int]:
    """Of all tasks, some twice."""
    program = kernel.program
    for cpu in kernel.cpus("present"):
        idle = guard.read(kernel.member, "runqueues", cpu, "idle")
        if not isinstance(idle, Missing) and idle:
            yield idle
    type_ = program.type("struct task_struct")
    tasks_offset = drgn.offsetof(type_, "tasks")
    init = program["init_task"].address_
    threads = ListWalk(program, TASK_LIMIT)
    for process in walk.entries(init + tasks_offset, tasks_offset):
        yield process
        yield from _threads(program, type_, process, threads)
        walk.damage = walk.damage or threads.damage


def _threads(program: drgn.Program, type_: drgn.Type, process: int, walk: ListWalk) -> Iterator[int]:
    """The other threads of the process whose leader is at `process`."""
    # 0c740d0afc3b "introduce for_each_thread() to replace the buggy while_each_thread()", v3.14
    if type_.has_member("thread_node"):
        offset = drgn.offsetof(type_, "thread_node")
        signal = drgn.Object(program, type_, address=process).member_("signal")
        if signal.type_.type.has_member("thread_head"):
            head = guard.read(signal.value_)
            if not isinstance(head, Missing):
                yield from walk.entries(head + drgn.offsetof(signal.type_.type, "thread_head"), offset)
            return
    offset = drgn.offsetof(type_, "thread_group")
    yield from walk.entries(process + offset, offset)
