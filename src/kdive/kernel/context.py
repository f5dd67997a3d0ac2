"""What all readers start from: the program, the dump's memory, and the parts of the kernel that every reader needs."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cached_property

import drgn

from kdive.facts.missing import Missing
from kdive.kernel import guard
from kdive.memory.memory import Memory
from kdive.symbols.find import Symbols

CPU_LIMIT = 8192  # NR_CPUS of the largest configurations
_NO_CPU = -1  # PANIC_CPU_INVALID


class Kernel:
    """The crashed kernel, as readers see it. Reads raise drgn's errors; `guard.read` turns them into Missing."""

    def __init__(self, memory: Memory, symbols: Symbols, program: drgn.Program) -> None:
        self.memory = memory
        self.symbols = symbols
        self.program = program

    @cached_property
    def per_cpu_offsets(self) -> tuple[int, ...]:
        """What to add to a per-CPU variable's address, for each possible CPU."""
        count = max(self.cpus("__cpu_possible_mask"), default=0) + 1
        return self.words(self.program["__per_cpu_offset"].address_, count)

    def words(self, address: int, count: int) -> tuple[int, ...]:
        """`count` unsigned longs or pointers."""
        dump = self.memory.dump
        code = "Q" if dump.word_size == 8 else "I"
        return struct.unpack(f"{dump.order}{count}{code}", self.program.read(address, count * dump.word_size))

    def per_cpu(self, name: str, cpu: int) -> drgn.Object:
        """The variable `name` of that CPU."""
        variable = self.program[name]
        address = (variable.address_ + self.per_cpu_offsets[cpu]) & ((1 << 8 * self.memory.dump.word_size) - 1)
        return drgn.Object(self.program, variable.type_, address=address)

    def cpus(self, mask: str) -> tuple[int, ...]:
        """Numbers of the CPUs in the cpumask variable `mask`, ascending."""
        variable = self.program[mask]
        size = min(drgn.sizeof(variable.type_), CPU_LIMIT // 8)
        data = self.program.read(variable.address_, size)
        bits = int.from_bytes(data, "little" if self.memory.dump.order == "<" else "big")
        return tuple(_bits(bits))

    @cached_property
    def crashed_cpu(self) -> int | Missing:
        """The CPU that panicked."""
        # 1717f2096b54 "panic, x86: Fix re-entrance problem due to panic on NMI", v4.5; before that x86 has crashing_cpu
        for name in ("panic_cpu", "crashing_cpu"):
            variable = guard.read(self.program.variable, name)
            if isinstance(variable, Missing):
                continue
            value = guard.read(integer, variable)
            if value != _NO_CPU:
                return value
        return Missing("the kernel did not panic: the dump was taken from outside")

    def current_task(self, cpu: int) -> drgn.Object:
        """struct task_struct * of the task that runs on `cpu`."""
        return self.per_cpu("runqueues", cpu).member_("curr").read_()

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
