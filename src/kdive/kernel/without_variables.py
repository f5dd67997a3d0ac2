"""The CPUs of a kernel that does not name its variables (KALLSYMS_ALL off), and which of them panicked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import drgn

from kdive.dumpfile.cpu_notes import cpu_registers
from kdive.facts.missing import Missing, known
from kdive.facts.stacks import Registers
from kdive.formats import vmcoreinfo
from kdive.kernel import guard

if TYPE_CHECKING:
    from kdive.kernel.context import Kernel

_CPU_LIMIT = 8192
_STACK_BYTES = 16384  # of a task's stack and of one for interrupts, without KASAN
_MARK = "__crash_kexec"  # the one function that only the panicking CPU enters


def cpus_with_queue(kernel: Kernel, online: bool) -> Iterator[int]:
    """Numbers of the CPUs that have a run queue; of those that tasks may run on, where `online`.

    A CPU that panic() stopped has still one.
    """
    queues = kernel.program["runqueues"]
    offsets = kernel.program["__per_cpu_offset"].address_
    for cpu in range(_CPU_LIMIT):
        offset = kernel.words(offsets + cpu * kernel.memory.dump.word_size, 1)[0]
        if not offset:
            return
        address = (queues.address_ + offset) & kernel.address_mask
        queue = drgn.Object(kernel.program, queues.type_, address=address)
        if queue.member_("cpu").value_() != cpu:
            return
        if not online or queue.member_("online").value_():
            yield cpu


def find_panicked_cpu(kernel: Kernel) -> int:
    """The CPU on whose stack the kernel left for the capture kernel. Raises LookupError where there is none."""
    symbol = kernel.program.symbol(_MARK)
    mask = _pac_mask(kernel)
    for cpu in kernel.cpus("online"):
        for start in _stacks(kernel, cpu):
            words = guard.read(kernel.words, start, _STACK_BYTES // kernel.memory.dump.word_size)
            if any(symbol.address < word | mask <= symbol.address + symbol.size for word in known(words, ())):
                return cpu
    raise LookupError(f"no CPU is in {_MARK}()")


def registers_by_task(kernel: Kernel) -> tuple[Registers, ...]:
    """The registers of the file's notes, by the thread that each CPU ran; CPUs whose note is not sure have none.

    Notes are in the order of the CPUs; those that did not answer left none.
    """
    notes = [one for one in cpu_registers(kernel.memory.dump) if not isinstance(one.registers, Missing)]
    cpus = kernel.cpus("online")
    found = []
    for position, cpu in enumerate(cpus):
        note = notes[position] if len(notes) == len(cpus) else _note_of(kernel, cpu, notes)
        if note is not None and note.pid == _pid(kernel, cpu):
            found.append(Registers(cpu, note.registers, pid=note.pid))
        else:
            found.append(Registers(cpu, Missing("no note of the dump is surely this CPU's")))
    return tuple(found)


def _note_of(kernel: Kernel, cpu: int, notes: Sequence[Registers]) -> Registers | None:
    """The one note that can be of `cpu`: of the thread that it ran, and on one of its stacks where others ran such."""
    pid = _pid(kernel, cpu)
    of_thread = [note for note in notes if note.pid == pid]
    if len(of_thread) > 1 or sum(_pid(kernel, other) == pid for other in kernel.cpus("online")) > 1:
        starts = list(_stacks(kernel, cpu))
        of_thread = [note for note in of_thread if any(0 <= _sp(note) - start <= _STACK_BYTES for start in starts)]
    return of_thread[0] if len(of_thread) == 1 else None


def _stacks(kernel: Kernel, cpu: int) -> Iterator[int]:
    """Where the stacks of `cpu` start: that of the task that it ran, and that of interrupts."""
    yield int(kernel.current_task(cpu).member_("stack").value_())
    interrupts = guard.read(lambda: int(kernel.per_cpu("irq_stack_ptr", cpu).value_()))
    if not isinstance(interrupts, Missing):
        yield interrupts


def _pid(kernel: Kernel, cpu: int) -> int:
    return int(kernel.current_task(cpu).member_("pid").value_())


def _sp(note: Registers) -> int:
    registers = known(note.registers, {})
    return registers.get("sp", registers.get("rsp", 0))


def _pac_mask(kernel: Kernel) -> int:
    """The bits of a return address that authenticate it, on arm64."""
    return vmcoreinfo.number(known(kernel.memory.dump.vmcoreinfo, {}), "KERNELPACMASK") or 0
