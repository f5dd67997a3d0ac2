"""What all readers start from: the program, the dump's memory, and the parts of the kernel that every reader needs."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cached_property
from typing import Literal

import drgn

from kdive.dumpfile.cpu_notes import cpu_registers
from kdive.facts.missing import Missing
from kdive.facts.stacks import Registers
from kdive.kernel import guard
from kdive.kernel.without_variables import STACK_BYTES, cpus_with_queue, panicked_cpu
from kdive.memory.memory import Memory
from kdive.symbols.find import Symbols

CPU_LIMIT = 8192  # NR_CPUS of the largest configurations
_NO_CPU = -1  # PANIC_CPU_INVALID
_NO_PANIC = "the kernel did not panic: the dump was taken from outside"


class Kernel:
    """The crashed kernel, as readers see it. Reads raise drgn's errors; `guard.read` turns them into Missing."""

    def __init__(self, memory: Memory, symbols: Symbols, program: drgn.Program) -> None:
        self.memory = memory
        self.symbols = symbols
        self.program = program

    @cached_property
    def per_cpu_offsets(self) -> tuple[int, ...]:
        """What to add to a per-CPU variable's address, for each possible CPU."""
        count = max(self.cpus("possible"), default=0) + 1
        return self.words(self.program["__per_cpu_offset"].address_, count)

    def words(self, address: int, count: int) -> tuple[int, ...]:
        """`count` unsigned longs or pointers."""
        dump = self.memory.dump
        code = "Q" if dump.word_size == 8 else "I"
        return struct.unpack(f"{dump.order}{count}{code}", self.program.read(address, count * dump.word_size))

    def per_cpu(self, name: str, cpu: int) -> drgn.Object:
        """The variable `name` of that CPU."""
        if not 0 <= cpu < len(self.per_cpu_offsets):
            raise LookupError(f"there is no CPU {cpu}")
        variable = self.program[name]
        address = (variable.address_ + self.per_cpu_offsets[cpu]) & ((1 << 8 * self.memory.dump.word_size) - 1)
        return drgn.Object(self.program, variable.type_, address=address)

    def cpus(self, mask: Literal["possible", "present", "online"]) -> tuple[int, ...]:
        """Numbers of the CPUs in that mask, ascending."""
        # c4c54dd1caf1 "kernel/cpu.c: change type of cpu_possible_bits and friends", v4.5: before, pointers to the masks
        variable = self._variable(f"__cpu_{mask}_mask")
        if variable is None:
            pointer = self._variable(f"cpu_{mask}_mask")
            if pointer is None:
                return self._cpus_with_queue[mask == "online"]
            variable = pointer[0]
        size = min(drgn.sizeof(variable.type_), CPU_LIMIT // 8)
        data = self.program.read(variable.address_, size)
        bits = int.from_bytes(data, "little" if self.memory.dump.order == "<" else "big")
        return tuple(_bits(bits))

    @cached_property
    def _cpus_with_queue(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """All CPUs, and those that are online."""
        every, online = (tuple(cpus_with_queue(self.program, online)) for online in (False, True))
        return every, online

    def _variable(self, name: str) -> drgn.Object | None:
        try:
            return self.program[name]
        except LookupError:
            return None

    @cached_property
    def crashed_cpu(self) -> int | Missing:
        """The CPU that panicked."""
        # 1717f2096b54 "panic, x86: Fix re-entrance problem due to panic on NMI", v4.5; before that x86 has crashing_cpu
        unread = []
        for name in ("panic_cpu", "crashing_cpu"):
            value = guard.read(self.number, name)
            if isinstance(value, Missing):
                unread.append(value)
            elif value != _NO_CPU:
                return value
        if len(unread) < 2:
            return Missing(_NO_PANIC)
        found = guard.read(self._cpu_by_stack)
        return unread[0] if isinstance(found, Missing) else found

    def _cpu_by_stack(self) -> int:
        stacks = ((cpu, start, size) for cpu in self.cpus("online") for start, size in self.stacks(cpu))
        return panicked_cpu(self.program, self.memory.dump, stacks, self.words)

    @cached_property
    def hypervisor_registers(self) -> tuple[Registers, ...]:
        """The registers that a hypervisor wrote for every CPU; none where the kernel itself wrote the notes.

        The kernel's notes leave out CPUs that did not answer, so they do not tell which CPU they are of.
        """
        in_file = cpu_registers(self.memory.dump)
        return () if any(one.by_position for one in in_file) else in_file

    def current_task(self, cpu: int) -> drgn.Object:
        """struct task_struct * of the task that runs on `cpu`."""
        return self.per_cpu("runqueues", cpu).member_("curr").read_()

    def stacks(self, cpu: int) -> Iterator[tuple[int, int]]:
        """Lowest address and size of each stack of `cpu`: its task's, on arm64 those of interrupts and overflows."""
        yield int(self.current_task(cpu).member_("stack").value_()), STACK_BYTES
        if self.memory.dump.arch == "aarch64":
            yield int(self.per_cpu("irq_stack_ptr", cpu).value_()), STACK_BYTES
            overflow = self.per_cpu("overflow_stack", cpu)
            yield overflow.address_, drgn.sizeof(overflow)

    def number(self, name: str) -> int:
        """The value of the variable `name`, a number or an atomic one."""
        return integer(self.program[name])

    def member(self, name: str, cpu: int, member: str) -> int:
        """A number or pointer in the per-CPU structure `name`."""
        return int(self.per_cpu(name, cpu).member_(member).value_())

    @cached_property
    def crashed_task(self) -> drgn.Object | Missing:
        """struct task_struct * of the task that ran on the CPU that panicked."""
        cpu = self.crashed_cpu
        if isinstance(cpu, Missing):
            return cpu
        return guard.read(self.current_task, cpu)


def integer(variable: drgn.Object) -> int:
    """The value of a number, or of an atomic one."""
    while variable.type_.unaliased_kind() == drgn.TypeKind.STRUCT:  # atomic_t, atomic_long_t
        variable = variable.member_("counter")
    return int(variable.value_())


def _bits(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
