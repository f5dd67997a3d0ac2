"""RCU stalls: the CPU or task that is waited for, never the one that noticed."""

from __future__ import annotations

from kdive.facts.verdict import LIKELY
from tests.diagnosis.reports import LIFE, culprit, trace, verdict_of

STALL = "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:"
END = "Kernel panic - not syncing: RCU Stall"


def stall_of(*cpus: int) -> list[str]:
    """CPU 0 notices that `cpus` keep RCU waiting, and has the first of them print its stack."""
    return [
        STALL,
        *(f"rcu: \t{cpu}-...0: (12 ticks this GP) idle=c3cc/1/0x4000000000000000 softirq=1/1 fqs=5250" for cpu in cpus),
        "rcu: \t(detected by 0, t=21002 jiffies, g=1493, q=88 ncpus=8)",
        f"Sending NMI from CPU 0 to CPUs {cpus[0]}:",
        f"NMI backtrace for cpu {cpus[0]}",
        *trace("frob_loop [frob]", "frob_ioctl [frob]")[:-1],
    ]


def test_the_cpu_that_is_waited_for_is_to_blame_and_not_the_one_that_noticed() -> None:
    verdict = verdict_of([*stall_of(1), END])
    assert culprit(verdict) == ("rcu-stall", "frob_loop", "frob")
    assert verdict.confidence == LIKELY
    assert verdict.explanation.startswith("RCU waited for CPU 1 for many seconds")
    assert [piece.source for piece in verdict.evidence if piece.kind == "cpu"] == ["cpu:1"]
    assert verdict.panic_reason == END


def test_every_cpu_that_is_waited_for_is_named() -> None:
    verdict = verdict_of([*stall_of(1, 3), END])
    assert "RCU waited for CPU 1, 3 " in verdict.explanation
    assert [piece.source for piece in verdict.evidence if piece.kind == "cpu"] == ["cpu:1", "cpu:3"]


def test_a_reader_that_was_preempted_is_named_by_its_pid() -> None:
    lines = [
        STALL,
        "rcu: \tTasks blocked on level-0 rcu_node (CPUs 0-1): P4223/1:b..l",
        "rcu: \t(detected by 0, t=5252 jiffies, g=1201, q=87 ncpus=2)",
        "task:reader          state:R  running task     stack:0     pid:4223  ppid:1      flags:0x00004002",
        "Call Trace:",
        " <TASK>",
        " __schedule+0x34d/0x9e0",
        " preempt_schedule_irq+0x32/0x60",
        " irqentry_exit+0x2b/0x40",
        " asm_sysvec_apic_timer_interrupt+0x16/0x20",
        "RIP: 0010:long_reader+0x9/0x20 [frob]",
        " frob_thread+0x12/0x100 [frob]",
        " </TASK>",
        END,
    ]
    verdict = verdict_of(lines)
    assert culprit(verdict) == ("rcu-stall", "long_reader", "frob")
    assert "the task with PID 4223" in verdict.explanation
    assert not [piece for piece in verdict.evidence if piece.kind == "cpu"]


def test_a_stall_that_ended_is_no_crash() -> None:
    assert verdict_of([*stall_of(1), *LIFE]).class_ == "none"


def test_what_rcu_says_while_it_starts_is_no_stall() -> None:
    lines = [
        "rcu: Hierarchical RCU implementation.",
        "rcu: \tRCU CPU stall warnings timeout set to 60 (rcu_cpu_stall_timeout).",
    ]
    assert verdict_of(lines).class_ == "none"


def test_a_stall_long_before_an_oops_is_not_its_cause() -> None:
    oops = ["BUG: kernel NULL pointer dereference, address: 0000000000000010", *trace("frob_read [frob]", "vfs_read")]
    verdict = verdict_of([*stall_of(1), *LIFE, *oops, "Kernel panic - not syncing: Fatal exception"])
    assert culprit(verdict) == ("null-deref", "frob_read", "frob")
