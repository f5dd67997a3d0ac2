"""A crash that somebody asked for: `echo c > /proc/sysrq-trigger`, or the keyboard."""

from __future__ import annotations

from kdive.diagnosis.findings import headline
from kdive.diagnosis.rule import rule
from kdive.facts.crash import PanicChain
from kdive.facts.log import LogEvent
from kdive.facts.machine import Tasks
from kdive.facts.missing import Missing
from kdive.facts.verdict import CERTAIN, Evidence, Finding

_BLOCKED_SHOWN = 3


@rule
def check(event: LogEvent, chain: PanicChain, tasks: Tasks | Missing) -> Finding:
    who = f" by `{event.comm}`" if event.comm else ""
    place = ", ".join(
        f"{name} {number}" for name, number in (("PID", event.pid), ("CPU", event.cpu)) if number is not None
    )
    blocked = [] if isinstance(tasks, Missing) else [task for task in tasks.tasks if task.state == "UN"]
    evidence = [headline(event)]
    if event.comm:
        evidence.append(Evidence(f"task:{event.pid}", f"{event.comm} wrote to the trigger", "task"))
    evidence += [Evidence(f"log:{one.line}", one.headline, "prelude") for one in chain.preludes[:5]]
    evidence += [Evidence(f"task:{task.pid}", f"{task.comm} is blocked", "task") for task in blocked[:_BLOCKED_SHOWN]]
    return Finding(
        class_="sysrq",
        title=f"deliberate crash{who}" + (f" ({place})" if place else "") + "; nothing is at fault",
        confidence=CERTAIN,
        evidence=tuple(evidence),
        explanation=(
            "Somebody, or a program, told the kernel to crash (sysrq). Nothing is at fault in the kernel; "
            "why it was asked for is the question."
        ),
        next_steps=_next_steps(chain, len(blocked)),
        doubts=tuple(f"reported before: {one.headline}" for one in chain.preludes[:5]),
    )


def _next_steps(chain: PanicChain, blocked: int) -> tuple[str, ...]:
    steps = []
    if blocked:
        steps.append(f"{blocked} tasks were blocked when it was pressed: what they wait for may be why it was")
    if chain.preludes:
        steps.append("the kernel had reported trouble before: see the evidence")
    if not steps:
        steps.append("if it was a test of kdump: it works")
    return tuple(steps)
