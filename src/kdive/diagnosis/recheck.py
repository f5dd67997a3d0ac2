"""Evidence of a saved report, read once more from its dump: a claim holds, or what stands in its place is shown.

A claim that today's rules make again holds. Others are looked up: a line of the log must hold the value, a frame must
be the function that is named, a task must have the name.
"""

from __future__ import annotations

from collections.abc import Sequence

from kdive.facts.crash import Facts
from kdive.facts.missing import Missing
from kdive.facts.recheck import CONFIRMED, CONTRADICTED, UNREADABLE, Rechecked
from kdive.facts.stacks import Frame, Stack, Stacks
from kdive.facts.verdict import Diagnosis, Evidence
from kdive.log.render import lines

_REPORT_LINES = 120  # of one report in a log: what it names stands in one of them


def recheck(facts: Facts, diagnosis: Diagnosis, claims: Sequence[Evidence]) -> tuple[Rechecked, ...]:
    """What became of each of `claims` in the facts of the same dump."""
    made_again = {(item.source, item.value) for finding in diagnosis.findings for item in finding.evidence}
    if diagnosis.verdict is not None:
        made_again |= {(item.source, item.value) for item in diagnosis.verdict.evidence}
    return tuple(
        Rechecked(claim, CONFIRMED, claim.value) if (claim.source, claim.value) in made_again else _look(facts, claim)
        for claim in claims
    )


def _look(facts: Facts, claim: Evidence) -> Rechecked:
    kind, _, place = claim.source.partition(":")
    if kind == "log" and place.isdecimal():
        return _in_log(facts, claim, int(place))
    if kind == "stack" and place.rpartition("#")[2].isdecimal():
        name, _, index = place.rpartition("#")
        return _on_stack(facts.stacks, claim, name, int(index))
    if kind == "task" and place.isdecimal():
        return _of_task(facts, claim, int(place))
    return Rechecked(claim, UNREADABLE, "no value of this kind can be looked up")


def _in_log(facts: Facts, claim: Evidence, number: int) -> Rechecked:
    if isinstance(facts.log, Missing):
        return Rechecked(claim, UNREADABLE, facts.log.reason)
    text = lines(facts.log)
    if number >= len(text):
        return Rechecked(claim, CONTRADICTED, f"the log has {len(text)} lines")
    if claim.kind in ("headline", "panic", "prelude"):
        held = claim.value in text[number]
    else:
        held = any(claim.value.split(" ")[0] in line for line in text[number : number + _REPORT_LINES])
    return Rechecked(claim, CONFIRMED if held else CONTRADICTED, text[number])


def _on_stack(stacks: Stacks | Missing, claim: Evidence, name: str, index: int) -> Rechecked:
    if isinstance(stacks, Missing):
        return Rechecked(claim, UNREADABLE, stacks.reason)
    stack = stacks.crashed if name == "crashed" else _stack_of(stacks, name)
    if stack is None:
        return Rechecked(claim, CONTRADICTED, f"there is no stack of {name}")
    if index >= len(stack.frames):
        return Rechecked(claim, CONTRADICTED, f"the stack has {len(stack.frames)} frames")
    frame = stack.frames[index]
    held = bool(frame.function) and frame.function in claim.value.replace("+", " ").split()
    return Rechecked(claim, CONFIRMED if held else CONTRADICTED, _named(frame))


def _stack_of(stacks: Stacks, pid: str) -> Stack | None:
    return next((stack for stack in stacks.stacks if str(stack.pid) == pid), None)


def _of_task(facts: Facts, claim: Evidence, pid: int) -> Rechecked:
    if isinstance(facts.tasks, Missing):
        return Rechecked(claim, UNREADABLE, facts.tasks.reason)
    task = next((task for task in facts.tasks.tasks if task.pid == pid), None)
    if task is None:
        return Rechecked(claim, CONTRADICTED, f"there is no task with PID {pid}")
    return Rechecked(claim, CONFIRMED if task.comm in claim.value else CONTRADICTED, f"{task.comm}, {task.state}")


def _named(frame: Frame) -> str:
    name = f"{frame.function}+{frame.offset:#x}" if frame.offset is not None else frame.function
    return f"{name} [{frame.module}]" if frame.module else name
