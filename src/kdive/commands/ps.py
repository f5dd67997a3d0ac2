"""Tasks, their states and their memory: `ps`, `ps 1 104`, `ps insmod`, `ps -k`.

A ">" stands before those that ran on a CPU. VSZ and RSS are in KB; a "-" stands for what could not be read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from kdive.errors import KdiveError
from kdive.facts.machine import Task
from kdive.facts.missing import Missing
from kdive.kernel.context import Kernel
from kdive.kernel.cpus import active_cpus, read_registers
from kdive.kernel.memory_totals import present_memory
from kdive.kernel.task_memory import TaskMemory, TaskMemoryReader
from kdive.kernel.tasks import read_tasks
from kdive.options import Arg, Opt
from kdive.units import ByteCount

_HEAD = "      PID    PPID  CPU       TASK        ST  %MEM      VSZ      RSS  COMM"


@dataclass(frozen=True)
class Options:
    task: Annotated[tuple[str, ...], Arg("TASK", "a PID, the address of a task in hexadecimal, or a name")] = ()
    kernel: Annotated[bool, Opt(help="only threads of the kernel", short="k", exclusive="which")] = False
    user: Annotated[bool, Opt(help="only tasks of programs", short="u", exclusive="which")] = False


@dataclass(frozen=True)
class Row:
    """One task; `share` is how much of the machine's memory it holds, in percent."""

    task: Task
    memory: TaskMemory | Missing
    share: float | Missing


@dataclass(frozen=True)
class Rows:
    rows: tuple[Row, ...]
    truncated: str = ""  # why some tasks may be missing


def run(kernel: Kernel, options: Options) -> Rows:
    """The tasks that were asked for. Raises KdiveError where there is none of that name."""
    tasks = read_tasks(kernel, active_cpus(kernel, read_registers(kernel)))
    total = present_memory(kernel)
    reader = TaskMemoryReader(kernel, tasks.tasks)
    chosen = sorted((task for task in tasks.tasks if _is_asked_for(task, options)), key=lambda task: task.pid)
    if not chosen:
        raise KdiveError(f"no task is {' or '.join(options.task) or 'of that kind'}", hint="ps lists all of them")
    return Rows(tuple(_row(task, reader.read(task), total) for task in chosen), tasks.truncated)


def _row(task: Task, memory: TaskMemory | Missing, total: ByteCount | Missing) -> Row:
    if isinstance(memory, Missing):
        return Row(task, memory, memory)
    if isinstance(total, Missing):
        return Row(task, memory, total)
    return Row(task, memory, 100 * memory.in_ram / max(total, 1))


def text(found: Rows) -> Iterator[str]:
    """crash's columns."""
    yield _HEAD
    for row in found.rows:
        task, memory = row.task, row.memory
        name = f"[{task.comm}]" if task.kernel_thread or task.pid == 0 else task.comm
        ppid = "0" if task.pid == 0 else "-" if isinstance(task.ppid, Missing) else str(task.ppid)
        share = "-" if isinstance(row.share, Missing) else f"{row.share:.1f}"
        mapped, in_ram = ("-", "-") if isinstance(memory, Missing) else (memory.mapped >> 10, memory.in_ram >> 10)
        mark = ">" if task.on_cpu else " "
        yield (
            f"{mark} {task.pid:>7} {ppid:>7} {task.cpu:>3}  {task.task or 0:016x}  {task.state:<2}"
            f" {share:>5} {mapped:>8} {in_ram:>8}  {name}"
        )
    if found.truncated:
        yield f"ps: there may be more: {found.truncated}"


def _is_asked_for(task: Task, options: Options) -> bool:
    of_kernel = task.kernel_thread or task.pid == 0
    if (options.kernel and not of_kernel) or (options.user and of_kernel):
        return False
    names = {task.comm, str(task.pid), f"{task.task or 0:x}", f"0x{task.task or 0:x}"}
    return not options.task or any(name in names for name in options.task)
