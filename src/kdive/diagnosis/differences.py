"""What is not the same in two sets of facts: kernel, machine, modules, tasks, memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TypeVar

from kdive.facts.comparison import Difference
from kdive.facts.crash import Facts
from kdive.facts.machine import Banner, MemoryTotals, Modules, Tasks
from kdive.facts.missing import Missing
from kdive.facts.verdict import Finding, Report

T = TypeVar("T")
_SHOWN = 12  # names in a list
_BANNER: dict[str, Callable[[Banner], object]] = {
    "kernel": lambda banner: banner.release,
    "kernel's version": lambda banner: banner.version,
    "build ID": lambda banner: banner.build_id,
    "machine": lambda banner: banner.machine,
    "host": lambda banner: banner.nodename,
    "CPUs": lambda banner: banner.cpus,
    "command line": lambda banner: banner.command_line,
}
_VERDICT: dict[str, Callable[[Finding], object]] = {
    "class": lambda finding: finding.class_,
    "function": lambda finding: finding.function or "",
    "module": lambda finding: finding.module or ("vmlinux" if finding.function else ""),
    "ended by": lambda finding: finding.panic_reason,
}
_MEMORY = ("total", "free", "anonymous", "file", "slab")
_MEMORY_STEP = 1 << 20


def differences(first: Report, second: Report) -> tuple[Difference, ...]:
    """Of two crashes: their verdicts, then their machines."""
    verdicts = first.diagnosis.verdict, second.diagnosis.verdict
    found = []
    if verdicts[0] is not None and verdicts[1] is not None:
        found = list(_of(_VERDICT, verdicts[0], verdicts[1]))
    return (*found, *differences_of_facts(first.facts, second.facts))


def differences_of_facts(first: Facts, second: Facts) -> tuple[Difference, ...]:
    """Of two states of a machine, or of two machines; what one side could not read is not a difference."""
    return (
        *_of(_BANNER, first.banner, second.banner),
        *_both(_modules, first.modules, second.modules),
        *_both(_tasks, first.tasks, second.tasks),
        *_both(_memory, first.memory, second.memory),
    )


def _of(readers: dict[str, Callable[[T], object]], first: T, second: T) -> Iterator[Difference]:
    for name, read in readers.items():
        one, other = read(first), read(second)
        if one != other and not isinstance(one, Missing) and not isinstance(other, Missing):
            yield Difference(name, str(one), str(other))


def _both(
    compare: Callable[[T, T], Iterator[Difference]], first: T | Missing, second: T | Missing
) -> Iterator[Difference]:
    if not isinstance(first, Missing) and not isinstance(second, Missing):
        yield from compare(first, second)


def _modules(first: Modules, second: Modules) -> Iterator[Difference]:
    names = [{module.name for module in modules.modules} for modules in (first, second)]
    if names[0] != names[1]:
        yield Difference("modules only here", _names(names[0] - names[1]), _names(names[1] - names[0]))
    taints = _tainting(first), _tainting(second)
    if taints[0] != taints[1]:
        yield Difference("tainting modules", *taints)
    known = isinstance(first.taints, str) and isinstance(second.taints, str)
    if known and first.taints != second.taints:
        yield Difference("taints", str(first.taints), str(second.taints))


def _tainting(modules: Modules) -> str:
    return ", ".join(sorted(f"{module.name} ({module.taints})" for module in modules.modules if module.taints))


def _tasks(first: Tasks, second: Tasks) -> Iterator[Difference]:
    states = [Counter(task.state for task in tasks.tasks) for tasks in (first, second)]
    for state in sorted(set(states[0]) | set(states[1])):
        if states[0][state] != states[1][state]:
            yield Difference(f"tasks in state {state}", str(states[0][state]), str(states[1][state]))
    programs = [{task.comm for task in tasks.tasks if not task.kernel_thread} for tasks in (first, second)]
    if programs[0] != programs[1]:
        yield Difference("programs only here", _names(programs[0] - programs[1]), _names(programs[1] - programs[0]))


def _memory(first: MemoryTotals, second: MemoryTotals) -> Iterator[Difference]:
    for name in _MEMORY:
        one, other = getattr(first, name), getattr(second, name)
        if isinstance(one, int) and isinstance(other, int) and abs(one - other) >= _MEMORY_STEP:
            yield Difference(f"memory: {name}", f"{one >> 20} MB", f"{other >> 20} MB")


def _names(names: set[str]) -> str:
    shown = sorted(names)[:_SHOWN]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
