"""The rest of the machine: other CPUs, blocked tasks, modules, memory."""

from __future__ import annotations

from kdive.facts.machine import Cpu, Module, Task
from kdive.facts.missing import Missing, known
from kdive.facts.stacks import Stack
from kdive.facts.verdict import Report
from kdive.report import words
from kdive.report.blocks import Fields, Paragraph, Section, Table
from kdive.units import ByteCount

_MOST_CPUS = 40  # lines; idle CPUs in the same place share one
_MOST_GROUPS = 8  # of blocked tasks
_MOST_NAMES = 60  # of modules without taints
_TOP_FRAMES = 4

_TAINTS = {
    "P": "proprietary",
    "F": "force-loaded",
    "R": "force-unloaded",
    "C": "staging",
    "O": "out of tree",
    "E": "unsigned",
    "K": "live patch",
    "N": "test",
}


def cpus_section(report: Report) -> tuple[Section, ...]:
    """What ran on each CPU, and where it was; one line each, idle ones together."""
    cpus, stacks = report.facts.cpus, report.facts.stacks
    if isinstance(cpus, Missing) or not cpus.cpus:
        return ()
    running = {} if isinstance(stacks, Missing) else {stack.cpu: stack for stack in stacks.stacks if stack.on_cpu}
    groups: dict[tuple[str, ...], list[int]] = {}
    for cpu in cpus.cpus:
        groups.setdefault((_cpu_state(cpu), _cpu_task(cpu), _where(running.get(cpu.number))), []).append(cpu.number)
    rows = tuple((words.numbers(numbers), *what) for what, numbers in groups.items())
    blocks: list[Table | Paragraph] = [Table(("CPU", "state", "task", "in"), rows[:_MOST_CPUS])]
    if len(rows) > _MOST_CPUS:
        blocks.append(Paragraph(f"{words.count(len(rows) - _MOST_CPUS, 'more line')} not shown."))
    if cpus.silent:
        silent = words.numbers(cpus.silent)
        blocks.append(Paragraph(f"No answer from CPU {silent} when it was asked to stop: interrupts off, or lost."))
    return (Section("CPUs", tuple(blocks)),)


def blocked_section(report: Report) -> tuple[Section, ...]:
    """Blocked tasks, those with the same stack together."""
    stacks, tasks = report.facts.stacks, report.facts.tasks
    if isinstance(stacks, Missing):
        return ()
    by_pid: dict[int, Task] = {} if isinstance(tasks, Missing) else {task.pid: task for task in tasks.tasks}
    groups: dict[str, list[Stack]] = {}
    for stack in stacks.stacks:
        if stack.state == "UN" and not stack.on_cpu:
            groups.setdefault(_top(stack), []).append(stack)
    if not groups:
        return ()
    largest = sorted(groups.items(), key=lambda group: -len(group[1]))
    rows = tuple(
        (str(len(members)), _members(members), _longest(members, by_pid), top)
        for top, members in largest[:_MOST_GROUPS]
    )
    total = sum(map(len, groups.values())) + stacks.skipped
    left = len(largest) - len(rows)
    note = (Paragraph(f"{words.count(left, 'more group')} not shown."),) if left else ()
    title = f"Blocked tasks ({total})"
    return (Section(title, (Table(("count", "tasks", "for", "in"), rows), *note)),)


def modules_section(report: Report) -> tuple[Section, ...]:
    """Modules: those with taints first, each with what the taint means; then the names of the others."""
    modules = report.facts.modules
    if isinstance(modules, Missing) or not modules.modules:
        return ()
    tainted = [module for module in modules.modules if module.taints or module.state != "live"]
    others = [module.name for module in modules.modules if module not in tainted]
    blocks: list[Table | Paragraph] = []
    if tainted:
        rows = tuple((module.name, words.size(module.size), _module_notes(module)) for module in tainted)
        blocks.append(Table(("module", "size", "notes"), rows))
    if others:
        more = f" and {len(others) - _MOST_NAMES} more" if len(others) > _MOST_NAMES else ""
        lead = "Without taints: " if tainted else ""
        blocks.append(Paragraph(lead + ", ".join(others[:_MOST_NAMES]) + more))
    if modules.truncated:
        blocks.append(Paragraph(f"The list is cut short: {modules.truncated}"))
    taints = modules.taints if isinstance(modules.taints, str) and modules.taints else ""
    title = f"Modules ({len(modules.modules)})" + (f", kernel tainted: {taints}" if taints else "")
    return (Section(title, tuple(blocks), detail=True),)


def memory_section(report: Report) -> tuple[Section, ...]:
    """Memory totals, as far as they are known."""
    memory = report.facts.memory
    if isinstance(memory, Missing):
        return ()
    values = (
        ("Total", memory.total),
        ("Free", memory.free),
        ("Anonymous", memory.anonymous),
        ("File cache", memory.file),
        ("Slab", memory.slab),
        ("Swap", memory.swap_total),
        ("Swap free", memory.swap_free if memory.swap_total else Missing("there is no swap")),
    )
    total = known(memory.total, ByteCount(0))
    rows = tuple((name, _amount(name, value, total)) for name, value in values if not isinstance(value, Missing))
    return (Section("Memory", (Fields(rows),), detail=True),) if rows else ()


def module_taints(report: Report, name: str | None) -> str:
    """The taints of the module `name` in words; "" when it has none, or is not known."""
    modules = report.facts.modules
    if name is None or isinstance(modules, Missing):
        return ""
    return next((_taint_words(module.taints) for module in modules.modules if module.name == name), "")


def _taint_words(taints: str) -> str:
    """A module's taint letters in words: "out of tree, unsigned"."""
    return ", ".join(_TAINTS.get(letter, letter) for letter in taints)


def _amount(name: str, value: int, total: int) -> str:
    """An amount of memory, with its share of `total` where it is a part of it."""
    part = total > 0 and name not in ("Total", "Swap", "Swap free")
    return words.size(value) + (f" ({100 * value / total:.0f} %)" if part else "")


def _cpu_state(cpu: Cpu) -> str:
    if not cpu.online:
        return "offline"
    return "no answer" if cpu.answered_nmi is False else "online"


def _cpu_task(cpu: Cpu) -> str:
    if isinstance(cpu.comm, Missing) and isinstance(cpu.pid, Missing):
        return f"(unknown: {cpu.comm.reason})"
    if cpu.pid == 0:
        return "idle"
    return f"{words.or_unknown(cpu.comm)} ({words.or_unknown(cpu.pid)})"


def _where(stack: Stack | None) -> str:
    return "the crash, see its stack above" if stack and stack.crashed else _top(stack)


def _top(stack: Stack | None) -> str:
    """The innermost functions, the handler that was only there to stop the CPU left out."""
    if stack is None:
        return ""
    frames = [frame for frame in stack.frames if frame.context != "nmi"] or list(stack.frames)
    names = [words.place(frame.function, frame.module) for frame in frames if frame.function and frame.how != "inline"]
    return " < ".join(names[:_TOP_FRAMES])


def _members(members: list[Stack]) -> str:
    names = [f"{stack.comm or '?'} ({'?' if stack.pid is None else stack.pid})" for stack in members]
    return ", ".join(names[:3]) + (f", {len(names) - 3} more" if len(names) > 3 else "")


def _longest(members: list[Stack], by_pid: dict[int, Task]) -> str:
    """How long the one that waits longest has been off the CPU."""
    found = [by_pid[stack.pid] for stack in members if stack.pid in by_pid]
    longest = max((int(task.uninterruptible_ns or 0) for task in found), default=0)
    return words.duration(longest) if longest else ""


def _module_notes(module: Module) -> str:
    notes = [_taint_words(module.taints)] if module.taints else []
    notes += [module.state] if module.state != "live" else []
    return "; ".join(notes)
