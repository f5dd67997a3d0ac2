"""The CPUs: online or not, what each ran, and whether it saved its registers when the machine crashed."""

from __future__ import annotations

from kdive.dumpfile.cpu_notes import cpu_registers
from kdive.facts.machine import Cpu, Cpus
from kdive.facts.missing import Missing
from kdive.facts.stacks import Registers
from kdive.formats import elf_notes, prstatus
from kdive.kernel import guard
from kdive.kernel.context import Kernel

_ADDRESS_MASK = (1 << 64) - 1
_NOTE_BYTES = 512  # note_buf_t holds one NT_PRSTATUS and the end mark


def read_cpus(kernel: Kernel, registers: tuple[Registers, ...] | Missing) -> Cpus:
    """Every present CPU."""
    online = set(kernel.cpus("__cpu_online_mask"))
    return Cpus(tuple(_cpu(kernel, cpu, cpu in online, registers) for cpu in kernel.cpus("__cpu_present_mask")))


def _cpu(kernel: Kernel, cpu: int, online: bool, registers: tuple[Registers, ...] | Missing) -> Cpu:
    task = guard.read(_identity, kernel, cpu)
    pid, comm = (task, task) if isinstance(task, Missing) else task
    answered: bool | Missing
    if isinstance(registers, Missing):
        answered = registers
    else:
        saved = next((one for one in registers if one.cpu == cpu), None)
        answered = saved is not None and not isinstance(saved.registers, Missing)
    return Cpu(cpu, online, answered, pid, comm)


def _identity(kernel: Kernel, cpu: int) -> tuple[int, str]:
    """pid and comm of the task that ran on `cpu`."""
    task = kernel.current_task(cpu)
    return int(task.member_("pid").value_()), task.member_("comm").string_().decode("utf-8", "replace")


def read_registers(kernel: Kernel) -> tuple[Registers, ...] | Missing:
    """Registers of the online CPUs: from the file's notes where a hypervisor wrote them, else from the kernel's own.

    The file's own notes leave out CPUs that did not answer, so they do not tell which CPU they are of.
    """
    in_file = cpu_registers(kernel.memory.dump)
    if in_file and not any(one.by_position for one in in_file):
        return in_file
    return guard.read(_from_crash_notes, kernel)


def _from_crash_notes(kernel: Kernel) -> tuple[Registers, ...]:
    notes = kernel.program["crash_notes"].value_()
    found = []
    for cpu in kernel.cpus("__cpu_online_mask"):
        address = (notes + kernel.per_cpu_offsets[cpu]) & _ADDRESS_MASK
        data = guard.read(kernel.program.read, address, _NOTE_BYTES)
        found.append(_registers(kernel, cpu, data))
    return tuple(found)


def _registers(kernel: Kernel, cpu: int, data: bytes | Missing) -> Registers:
    if isinstance(data, Missing):
        return Registers(cpu, data)
    dump = kernel.memory.dump
    for note in elf_notes.notes(data, dump.order):
        if note.name == "CORE" and note.type == elf_notes.NT_PRSTATUS:
            status = prstatus.parse(data[note.start : note.end], dump.arch, dump.order)
            if status is not None:
                return Registers(cpu, status.registers, pid=status.pid)
    return Registers(cpu, Missing("the CPU did not save its registers when the machine crashed"))
