"""The CPUs: online or not, what each ran, and whether it saved its registers when the machine crashed."""

from __future__ import annotations

from collections.abc import Sequence

from kdive.facts.machine import Cpu, Cpus
from kdive.facts.missing import Missing, known
from kdive.facts.stacks import Registers
from kdive.formats import elf_notes, prstatus
from kdive.kernel import guard
from kdive.kernel.context import Kernel
from kdive.kernel.notes_by_task import registers_by_task

_ADDRESS_MASK = (1 << 64) - 1
_NOTE_BYTES = 512  # note_buf_t holds one NT_PRSTATUS and the end mark
_NO_NOTE = Missing("the CPU did not save its registers when the machine crashed")
_OFFLINE = Missing("the CPU was offline")
_NO_NMI = Missing("a hypervisor took the registers: no crash NMI was sent")
_NO_NOTES = Missing("no CPU saved its registers: no crash NMI was sent")


def read_cpus(kernel: Kernel, registers: Sequence[Registers] | Missing) -> Cpus:
    """Every present CPU."""
    online = set(kernel.cpus("online"))
    return Cpus(tuple(_cpu(kernel, cpu, cpu in online, registers) for cpu in kernel.cpus("present")))


def active_cpus(kernel: Kernel, registers: Sequence[Registers] | Missing) -> tuple[int, ...]:
    """The CPUs that ran something: panic() and some crash NMIs stop a CPU by taking it offline, registers saved."""
    saved = {one.cpu for one in known(registers, ()) if not isinstance(one.registers, Missing)}
    return tuple(sorted({*kernel.cpus("online"), *saved.intersection(kernel.cpus("present"))}))


def _cpu(kernel: Kernel, cpu: int, online: bool, registers: Sequence[Registers] | Missing) -> Cpu:
    task = guard.read(_identity, kernel, cpu)
    pid, comm = (task, task) if isinstance(task, Missing) else task
    answered = _NO_NMI if kernel.hypervisor_registers else _answered(cpu, online, registers)
    return Cpu(cpu, online, answered, pid, comm)


def _answered(cpu: int, online: bool, registers: Sequence[Registers] | Missing) -> bool | Missing:
    """False only where the note was read and is empty, and another CPU's is not."""
    if isinstance(registers, Missing):
        return registers
    saved = next((one.registers for one in registers if one.cpu == cpu), _NO_NOTE)
    if not isinstance(saved, Missing):
        return True
    if saved != _NO_NOTE:
        return saved
    if not online:
        return _OFFLINE
    return _NO_NOTES if all(one.registers == _NO_NOTE for one in registers) else False


def _identity(kernel: Kernel, cpu: int) -> tuple[int, str]:
    """pid and comm of the task that ran on `cpu`."""
    task = kernel.current_task(cpu)
    return int(task.member_("pid").value_()), task.member_("comm").string_().decode("utf-8", "replace")


def read_registers(kernel: Kernel) -> tuple[Registers, ...] | Missing:
    """Registers of the CPUs: from the file's notes where a hypervisor wrote them, else from the kernel's own.

    Where those are not found, the file's notes are matched with the threads that the CPUs ran.
    """
    if kernel.hypervisor_registers:
        return kernel.hypervisor_registers
    own = guard.read(_from_crash_notes, kernel)
    if not isinstance(own, Missing):
        return own
    matched = guard.read(registers_by_task, kernel)
    return own if isinstance(matched, Missing) or not matched else matched


def _from_crash_notes(kernel: Kernel) -> tuple[Registers, ...]:
    """Of all online CPUs, and of those that saved theirs and went offline then."""
    notes = kernel.program["crash_notes"].value_()
    online = set(kernel.cpus("online"))
    found = []
    for cpu in kernel.cpus("present"):
        address = (notes + kernel.per_cpu_offsets[cpu]) & _ADDRESS_MASK
        registers = _registers(kernel, cpu, guard.read(kernel.program.read, address, _NOTE_BYTES))
        if cpu in online or not isinstance(registers.registers, Missing):
            found.append(registers)
    return tuple(found)


def _registers(kernel: Kernel, cpu: int, data: bytes | Missing) -> Registers:
    if isinstance(data, Missing):
        return Registers(cpu, data)
    dump = kernel.memory.dump
    for note in elf_notes.notes(data, dump.order):
        if note.name == "CORE" and note.type == elf_notes.NT_PRSTATUS:
            status = prstatus.parse(data[note.start : note.end], dump.arch, dump.order)
            if status is None:
                return Registers(cpu, Missing(f"register notes of {note.end - note.start} bytes are not known"))
            return Registers(cpu, status.registers, pid=status.pid)
    return Registers(cpu, _NO_NOTE)
