"""One task, out of its struct task_struct."""

from __future__ import annotations

import struct
from functools import cached_property

import drgn

from kdive.compat.task import cpu_member, state_letters, state_member, states
from kdive.facts.machine import Task
from kdive.facts.missing import Missing, known
from kdive.kernel import guard
from kdive.kernel.context import Kernel
from kdive.symbols.layout import ProgramLayout
from kdive.units import Address, Nanoseconds

_PF_KTHREAD = 0x00200000  # include/linux/sched.h
_COMM_BYTES = 16
_SPAN_LIMIT = 1 << 16  # bytes of a task_struct that are read at once
_STATES_LIMIT = 32
_CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}


class TaskReader:
    """Reads tasks with one read each: the members that are needed, wherever this kernel has them."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._type = kernel.program.type("struct task_struct")
        layout = ProgramLayout(kernel.program)
        cpu = cpu_member(layout)
        order = kernel.memory.dump.order
        self._word = struct.Struct(order + "I")
        self._fields: dict[str, tuple[int, struct.Struct]] = {}
        for member in ("pid", "tgid", state_member(layout), "exit_state", "flags", "real_parent", cpu or "stack"):
            self._fields[member] = self._field(member, order)
        self._fields["comm"] = (drgn.offsetof(self._type, "comm"), struct.Struct(f"{_COMM_BYTES}s"))
        self._has_arrival = layout.has_member("struct task_struct", "sched_info")
        if self._has_arrival:
            self._fields["last_arrival"] = self._field("sched_info.last_arrival", order)
        self._span = max(offset + code.size for offset, code in self._fields.values())
        if self._span > _SPAN_LIMIT:
            raise LookupError(f"struct task_struct cannot have {self._span} bytes")
        self._cpu_at = None if cpu else drgn.offsetof(kernel.program.type("struct thread_info"), "cpu")
        self._states = states(known(guard.read(_task_state_array, kernel.program), ""))
        self._tgids: dict[int, int | Missing] = {}

    def read(self, address: int, on_cpu: int | None) -> Task:
        """The task at `address`; `on_cpu` is the CPU that runs it, None when it is not running."""
        data = self._kernel.program.read(address, self._span)
        values = [code.unpack_from(data, offset)[0] for offset, code in self._fields.values()]
        pid, tgid, state, exit_state, flags, parent, cpu_or_stack, comm, *arrival = values
        letters = state_letters(state, exit_state, self._states)
        return Task(
            pid=pid,
            tgid=tgid,
            ppid=self._tgid_of(parent),
            comm=comm.split(b"\0")[0].decode("utf-8", "replace"),
            state=letters,
            cpu=self._cpu(cpu_or_stack) if on_cpu is None else on_cpu,
            task=Address(address),
            on_cpu=on_cpu is not None,
            kernel_thread=bool(flags & _PF_KTHREAD),
            uninterruptible_ns=self._off_cpu_since(*arrival) if letters == "UN" and on_cpu is None else None,
        )

    def _cpu(self, cpu_or_stack: int) -> int:
        if self._cpu_at is None:
            return cpu_or_stack
        return self._read_u32(cpu_or_stack + self._cpu_at)

    def _tgid_of(self, task: int) -> int | Missing:
        if task not in self._tgids:
            self._tgids[task] = guard.read(self._read_u32, task + self._fields["tgid"][0])
        return self._tgids[task]

    def _read_u32(self, address: int) -> int:
        value: int = self._word.unpack(self._kernel.program.read(address, self._word.size))[0]
        return value

    def _off_cpu_since(self, arrival: int = 0) -> Nanoseconds | None:
        if not arrival or self._now < arrival:
            return None
        return Nanoseconds(self._now - arrival)

    @cached_property
    def _now(self) -> int:
        """The latest of the run queues' clocks, in ns: that of an idle CPU stands still."""
        clocks = [guard.read(self._kernel.member, "runqueues", cpu, "clock") for cpu in self._kernel.cpus("possible")]
        return max((clock for clock in clocks if not isinstance(clock, Missing)), default=0)

    def _field(self, member: str, order: str) -> tuple[int, struct.Struct]:
        type_ = self._type
        for name in member.split("."):
            type_ = type_.member(name).type
        return drgn.offsetof(self._type, member), struct.Struct(order + _CODES[drgn.sizeof(type_)])


def _task_state_array(program: drgn.Program) -> str:
    """The first letter of each name in it; "" where its length is not known."""
    array = program["task_state_array"]
    length = min(array.type_.length or 0, _STATES_LIMIT)
    return "".join(program.read(array[number].value_(), 1).decode("latin-1") for number in range(length))
