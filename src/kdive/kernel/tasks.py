"""All tasks: the idle tasks of the CPUs, then every thread of every process."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from functools import cached_property

import drgn

from kdive.compat.task import state_letters, state_member
from kdive.facts.machine import Task, Tasks
from kdive.facts.missing import Missing
from kdive.kernel import guard
from kdive.kernel.context import Kernel
from kdive.kernel.lists import ListWalk
from kdive.units import Address, Nanoseconds

TASK_LIMIT = 100_000
_PF_KTHREAD = 0x00200000  # include/linux/sched.h
_COMM_BYTES = 16
_SPAN_LIMIT = 1 << 16  # bytes of a task_struct that are read at once
_CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}


class TaskReader:
    """Reads tasks with one read each: the members that are needed, wherever this kernel has them."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        program = kernel.program
        self._type = program.type("struct task_struct")
        names = {member.name for member in self._type.members if member.name}
        members = ["pid", "tgid", state_member(names), "exit_state", "flags", "real_parent", "comm"]
        offsets = {name: drgn.offsetof(self._type, name) for name in members}
        cpu = self._cpu_offset()
        arrival = self._optional_offset("sched_info.last_arrival")
        fields = [(offsets[name], self._code(name)) for name in members[:-1]]
        fields.append((offsets["comm"], f"{_COMM_BYTES}s"))
        fields += [(offset, code) for offset, code in ((cpu, "I"), (arrival, "Q")) if offset is not None]
        order = kernel.memory.dump.order
        self._fields = [(offset, struct.Struct(order + code)) for offset, code in fields]
        self._span = max(offset + layout.size for offset, layout in self._fields)
        self._has_cpu, self._has_arrival = cpu is not None, arrival is not None
        self._tgids: dict[int, int] = {}
        self._tgid = struct.Struct(order + "I")
        self._tgid_offset = offsets["tgid"]

    def read(self, address: int, on_cpu: int | None) -> Task:
        """The task at `address`; `on_cpu` is the CPU that runs it, None when it is not running."""
        data = self._kernel.program.read(address, self._span)
        values = [layout.unpack_from(data, offset)[0] for offset, layout in self._fields]
        pid, tgid, state, exit_state, flags, parent, comm, *rest = values
        cpu = rest.pop(0) if self._has_cpu else on_cpu
        arrival = rest.pop(0) if self._has_arrival else None
        letters = state_letters(state, exit_state)
        return Task(
            pid=pid,
            tgid=tgid,
            ppid=self._tgid_of(parent),
            comm=comm.split(b"\0")[0].decode("utf-8", "replace"),
            state=letters,
            cpu=cpu if cpu is not None else 0,
            task=Address(address),
            on_cpu=on_cpu is not None,
            kernel_thread=bool(flags & _PF_KTHREAD),
            uninterruptible_ns=self._off_cpu_since(arrival) if letters == "UN" and on_cpu is None else None,
        )

    def _tgid_of(self, task: int) -> int:
        if task not in self._tgids:
            try:
                data = self._kernel.program.read(task + self._tgid_offset, self._tgid.size)
                self._tgids[task] = self._tgid.unpack(data)[0]
            except drgn.FaultError:
                self._tgids[task] = 0
        return self._tgids[task]

    def _off_cpu_since(self, arrival: int | None) -> Nanoseconds | None:
        if not arrival or self._now < arrival:
            return None
        return Nanoseconds(self._now - arrival)

    @cached_property
    def _now(self) -> int:
        """The latest of the run queues' clocks, in ns: that of an idle CPU stands still."""
        clocks = [guard.read(self._kernel.member, "runqueues", cpu, "clock") for cpu in self._kernel.cpus("possible")]
        return max((clock for clock in clocks if not isinstance(clock, Missing)), default=0)

    def _cpu_offset(self) -> int | None:
        # c65eacbe290b, v4.9: task_struct.cpu; bcf9033e5449, v5.16: back in thread_info, which is in the task by then
        for member in ("thread_info.cpu", "cpu"):
            offset = self._optional_offset(member)
            if offset is not None:
                return offset
        return None

    def _optional_offset(self, member: str) -> int | None:
        try:
            return int(drgn.offsetof(self._type, member))
        except LookupError:
            return None

    def _code(self, member: str) -> str:
        return _CODES[drgn.sizeof(self._type.member(member).type)]


def read_tasks(kernel: Kernel, active_cpus: Sequence[int]) -> Tasks:
    """Every task once, the idle tasks first, then in the order of the kernel's list."""
    reader = TaskReader(kernel)
    running = running_tasks(kernel, active_cpus)
    tasks: list[Task] = []
    seen: set[int] = set()
    walk = ListWalk(kernel.program, TASK_LIMIT)
    damage = ""
    for address in _addresses(kernel, walk):
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


def _addresses(kernel: Kernel, walk: ListWalk) -> Iterator[int]:
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
