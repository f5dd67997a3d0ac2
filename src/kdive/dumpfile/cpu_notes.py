"""The registers that CPUs left in the dump's notes (NT_PRSTATUS), with no need for symbols."""

from __future__ import annotations

from collections.abc import Sequence

from kdive.dumpfile.dump import Dump, Note
from kdive.facts.missing import Missing
from kdive.facts.stacks import Registers
from kdive.formats import prstatus
from kdive.formats.elf_notes import NT_PRSTATUS


def prstatus_notes(dump: Dump) -> list[Note]:
    """The NT_PRSTATUS notes in file order."""
    return [note for note in dump.notes if note.type == NT_PRSTATUS and note.name == "CORE"]


def cpu_registers(dump: Dump) -> tuple[Registers, ...]:
    """Registers by CPU, for the CPUs that left a note.

    A hypervisor writes a note for every CPU and numbers them: pr_pid is the CPU's number plus one. A crashing kernel
    writes the pid of the thread that ran, and only CPUs that answered the crash NMI have a note, so a note's position
    is its CPU's number only as long as no CPU before it was offline or silent: such a number is marked `by_position`,
    and the true one is known to the thread (`pid`), or to the kernel's per-CPU variable crash_notes.
    """
    notes = prstatus_notes(dump)
    statuses = [prstatus.parse(note.data, dump.arch, dump.order) for note in notes]
    pids = [status.pid if status else None for status in statuses]
    numbered = _numbered_by_hypervisor(dump, pids)
    registers = []
    for position, status in enumerate(statuses):
        if status is None:
            size = len(notes[position].data)
            reason = Missing(f"register notes of {size} bytes of {dump.arch or 'this machine'} are not known")
            registers.append(Registers(position, reason, by_position=True))
        elif numbered:
            registers.append(Registers(status.pid - 1, status.registers))
        else:
            registers.append(Registers(position, status.registers, pid=status.pid, by_position=True))
    return tuple(registers)


def _numbered_by_hypervisor(dump: Dump, pids: Sequence[int | None]) -> bool:
    """Whether pr_pid is a CPU's number: QEMU's own notes say so, or pids that only a list of CPUs can have."""
    if any(pid is None or pid < 1 for pid in pids) or len(set(pids)) != len(pids):
        return False
    if any(note.name == "QEMU" for note in dump.notes):
        return True
    # A crashing kernel notes the time (CRASHTIME); a running one that was dumped from outside has not.
    crashed = not isinstance(dump.vmcoreinfo, Missing) and "CRASHTIME" in dump.vmcoreinfo
    return not crashed and list(pids) == list(range(1, len(pids) + 1))
