"""A CPU or task that kept RCU waiting; the one that noticed is not to blame."""

from __future__ import annotations

from kdive.diagnosis.findings import finding
from kdive.diagnosis.rule import rule
from kdive.facts.crash import PanicChain
from kdive.facts.log import LogEvent
from kdive.facts.missing import Missing
from kdive.facts.stacks import Stacks
from kdive.facts.verdict import Evidence, Finding


@rule
def check(event: LogEvent, chain: PanicChain, stacks: Stacks | Missing) -> Finding:
    cpus = event.details.get("cpus", "").split()
    pid = event.details.get("stalled_pid", "")
    who = f"CPU {', '.join(cpus)}" if cpus else f"the task with PID {pid}" if pid else "a CPU or task"
    return finding(
        event,
        chain,
        stacks,
        explanation=f"RCU waited for {who} for many seconds: it loops in the kernel, or sleeps where it must not.",
        evidence=[Evidence(f"cpu:{cpu}", "kept RCU waiting", "cpu") for cpu in cpus[:8]],
        next_steps=["see what it was doing: a loop without cond_resched(), interrupts off, or rcu_read_lock() held"],
    )
