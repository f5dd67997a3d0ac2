"""Kernel reports as text, built line by line, and the verdict on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from kdive.diagnosis.engine import diagnose
from kdive.facts.crash import Facts
from kdive.facts.verdict import Finding
from kdive.pipeline.from_log import facts_of_log

LIFE = [f"eth{number}: link is up, 1000 Mbps" for number in range(120)]  # what a machine prints that lives on


def log_of(lines: Sequence[str]) -> bytes:
    """The lines with time stamps."""
    return "".join(
        f"[  {100 + number // 1000}.{number % 1000:06d}] {line}\n" for number, line in enumerate(lines)
    ).encode()


def facts_of(lines: Sequence[str]) -> Facts:
    """What a console log of these lines says."""
    return facts_of_log(Path("console.log"), log_of(lines))


def verdict_of(lines: Sequence[str], **memory: object) -> Finding:
    """The verdict on a log of these lines; `memory` are facts that a dump would add."""
    verdict = diagnose(replace(facts_of(lines), **memory)).verdict  # type: ignore[arg-type]
    assert verdict is not None
    return verdict


def trace(rip: str, *callers: str, registers: Sequence[str] = ()) -> list[str]:
    """The rest of an oops of x86-64: where, and the call trace, from "function" or "function [module]"."""
    return [
        "CPU: 1 PID: 77 Comm: frobtest Not tainted 6.1.0 #1",
        f"RIP: 0010:{_placed(rip)}",
        *registers,
        "Call Trace:",
        " <TASK>",
        *(f" {_placed(caller)}" for caller in callers),
        " __x64_sys_ioctl+0x90/0xd0",
        " do_syscall_64+0x58/0x80",
        " </TASK>",
        "---[ end trace 0000000000000000 ]---",
    ]


def culprit(verdict: Finding) -> tuple[str, str | None, str | None]:
    return verdict.class_, verdict.function, verdict.module


def _placed(name: str) -> str:
    function, space, module = name.partition(" ")
    return f"{function}+0x16/0x80{space}{module}"
