"""The banner, field by field: what crash prints when it starts."""

from __future__ import annotations

import drgn

from kdive.facts.machine import Banner, Tasks
from kdive.facts.missing import NOT_READ, Missing
from kdive.kernel import guard
from kdive.kernel.clock import read_date, read_uptime
from kdive.kernel.context import Kernel
from kdive.kernel.memory_totals import present_memory
from kdive.units import Address, UnixSeconds

_LOAD_FRACTION = 1 << 11  # FIXED_1, include/linux/sched/loadavg.h
_COMMAND_LINE_BYTES = 4096
_STATE_NAMES = {
    "RU": "TASK_RUNNING",
    "IN": "TASK_INTERRUPTIBLE",
    "UN": "TASK_UNINTERRUPTIBLE",
    "ID": "TASK_IDLE",
    "ST": "TASK_STOPPED",
    "TR": "TASK_TRACED",
    "ZO": "EXIT_ZOMBIE",
    "DE": "EXIT_DEAD",
    "PA": "TASK_PARKED",
    "WA": "TASK_WAKING",
    "NE": "TASK_NEW",
}


def read_banner(kernel: Kernel, tasks: Tasks | Missing) -> Banner:
    """The fields that take symbols and types."""
    present = guard.read(kernel.cpus, "present")
    online = guard.read(kernel.cpus, "online")
    vmlinux = kernel.symbols.vmlinux
    task = kernel.crashed_task
    address = task if isinstance(task, Missing) else Address(int(task.value_()))
    known = None if isinstance(tasks, Missing) else next((one for one in tasks.tasks if one.task == address), None)
    unread = task if isinstance(task, Missing) else Missing("the crashed task is not in the list of tasks")
    return Banner(
        kernel=str(vmlinux) if vmlinux else Missing("no vmlinux with debuginfo was used"),
        cpus=present if isinstance(present, Missing) else len(present),
        cpus_offline=_offline(present, online),
        date=_date(kernel),
        uptime=guard.read(read_uptime, kernel),
        load_average=guard.read(_load_average, kernel),
        tasks=tasks if isinstance(tasks, Missing) else len(tasks.tasks),
        cpu_khz=guard.read(_cpu_khz, kernel),
        memory=guard.read(present_memory, kernel),
        pid=known.pid if known else unread,
        command=known.comm if known else unread,
        task=address,
        thread_info=address if isinstance(address, Missing) else guard.read(_thread_info, kernel, address),
        cpu=kernel.crashed_cpu,
        state=_STATE_NAMES.get(known.state, known.state) if known else unread,
        command_line=guard.read(_command_line, kernel),
    )


def _date(kernel: Kernel) -> UnixSeconds | Missing:
    """When the machine stopped, where the dump itself does not say (CRASHTIME): a hypervisor wrote it."""
    info = kernel.memory.dump.vmcoreinfo
    if not isinstance(info, Missing) and "CRASHTIME" in info:
        return NOT_READ
    return guard.read(read_date, kernel)


def _offline(present: tuple[int, ...] | Missing, online: tuple[int, ...] | Missing) -> int | Missing:
    if isinstance(present, Missing):
        return present
    return online if isinstance(online, Missing) else len(set(present) - set(online))


def _load_average(kernel: Kernel) -> tuple[float, float, float]:
    one, five, fifteen = (value.value_() / _LOAD_FRACTION for value in kernel.program["avenrun"])
    return one, five, fifteen


def _cpu_khz(kernel: Kernel) -> int:
    if kernel.memory.dump.arch not in ("x86_64", "i686"):
        raise LookupError("only kernels of x86 keep the clock rate")
    khz = kernel.number("cpu_khz") or kernel.number("tsc_khz")
    if not khz:
        raise LookupError("the kernel did not measure the clock rate")
    return khz


def _thread_info(kernel: Kernel, task: Address) -> Address:
    """c65eacbe290b "sched/core: Allow putting thread_info into task_struct", v4.9; before, it is at the stack's end."""
    type_ = kernel.program.type("struct task_struct")
    if type_.has_member("thread_info"):
        return Address(task + drgn.offsetof(type_, "thread_info"))
    return Address(int(drgn.Object(kernel.program, type_, address=task).member_("stack").value_()))


def _command_line(kernel: Kernel) -> str:
    pointer = int(kernel.program["saved_command_line"].value_())
    return kernel.memory.read_string(pointer, _COMMAND_LINE_BYTES).strip()
