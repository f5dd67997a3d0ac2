"""All readers, in the order in which their facts matter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kdive.errors import DumpError
from kdive.facts.machine import Tasks
from kdive.facts.missing import Missing
from kdive.facts.stacks import Registers, Stacks
from kdive.facts.waits import Waits
from kdive.kernel import guard
from kdive.kernel.banner import read_banner
from kdive.kernel.context import Kernel
from kdive.kernel.cpus import active_cpus, read_cpus, read_registers
from kdive.kernel.memory_totals import read_memory_totals
from kdive.kernel.modules import read_modules
from kdive.kernel.stacks import read_stacks, with_stacks_of
from kdive.kernel.tasks import read_tasks
from kdive.kernel.waits import read_waits
from kdive.memory.memory import Memory
from kdive.symbols.find import Symbols


def collect(memory: Memory, symbols: Symbols) -> Iterator[tuple[str, object]]:
    """The facts that take names and types, each as (name in Facts, value or Missing) as soon as it is read.

    Raises DumpError when there is no program to read with.
    """
    if symbols.program is None:
        raise DumpError("there are no names and types to read kernel memory with", hint=symbols.rung.lift)
    kernel = Kernel(memory, symbols, symbols.program)
    registers = read_registers(kernel)
    tasks = guard.read(_tasks, kernel, registers)
    yield "banner", read_banner(kernel, tasks)
    yield "registers", registers
    stacks = guard.read(read_stacks, kernel, tasks, registers)
    waits = guard.read(read_waits, kernel, tasks, stacks)
    yield "stacks", guard.read(_with_owners, kernel, tasks, stacks, waits)
    yield "tasks", tasks
    yield "waits", waits
    yield "cpus", guard.read(read_cpus, kernel, registers)
    yield "modules", guard.read(read_modules, kernel)
    yield "memory", guard.read(read_memory_totals, kernel)


def _with_owners(
    kernel: Kernel, tasks: Tasks | Missing, stacks: Stacks | Missing, waits: Waits | Missing
) -> Stacks | Missing:
    """`stacks` with those of the tasks that others wait for: what they do is what all wait for."""
    if isinstance(stacks, Missing) or isinstance(tasks, Missing) or isinstance(waits, Missing):
        return stacks
    return with_stacks_of(kernel, stacks, tasks, {wait.owner for wait in waits.waits if wait.owner is not None})


def _tasks(kernel: Kernel, registers: Sequence[Registers] | Missing) -> Tasks:
    return read_tasks(kernel, active_cpus(kernel, registers))
