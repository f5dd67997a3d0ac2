"""Which CPU each register note of a dump is of, where the kernel's own notes (crash_notes) are not found."""

from __future__ import annotations

from collections.abc import Sequence

from kdive.dumpfile.cpu_notes import cpu_registers
from kdive.facts.missing import Missing, known
from kdive.facts.stacks import Registers
from kdive.kernel.context import Kernel

_UNSURE = Missing("no note of the dump is surely this CPU's")


def registers_by_task(kernel: Kernel) -> tuple[Registers, ...]:
    """The registers of the online CPUs, each by the thread that it ran.

    Notes are in the order of the CPUs; those that did not answer left none.
    """
    notes = [one for one in cpu_registers(kernel.memory.dump) if not isinstance(one.registers, Missing)]
    pids = {cpu: int(kernel.current_task(cpu).member_("pid").value_()) for cpu in kernel.cpus("online")}
    found = []
    for position, (cpu, pid) in enumerate(pids.items()):
        candidates = notes[position : position + 1] if len(notes) == len(pids) else notes
        candidates = [note for note in candidates if note.pid == pid]
        if len(notes) != len(pids) and (len(candidates) > 1 or list(pids.values()).count(pid) > 1):
            candidates = _on_its_stacks(kernel, cpu, candidates)
        if len(candidates) == 1:
            found.append(Registers(cpu, candidates[0].registers, pid=pid))
        else:
            found.append(Registers(cpu, _UNSURE))
    return tuple(found)


def _on_its_stacks(kernel: Kernel, cpu: int, notes: Sequence[Registers]) -> list[Registers]:
    """Those of `notes` whose stack pointer is on a stack of `cpu`: all idle threads have pid 0."""
    stacks = list(kernel.stacks(cpu))
    return [note for note in notes if any(0 <= _sp(note) - start <= size for start, size in stacks)]


def _sp(note: Registers) -> int:
    registers = known(note.registers, {})
    return registers.get("sp", registers.get("rsp", 0))
