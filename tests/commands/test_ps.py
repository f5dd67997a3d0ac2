"""`ps` of the crash prompt; the lines are those that crash 9 prints for the sample."""

from __future__ import annotations

from pathlib import Path

from tests.commands.test_session import crash

SHOWN = """\
      PID    PPID  CPU       TASK        ST  %MEM      VSZ      RSS  COMM
        0       0   0  ffffffff8c813940  RU   0.0        0        0  [swapper/0]
>       0       0   1  ffff9843c1220000  RU   0.0        0        0  [swapper/1]
"""
INSMOD = ">     104       1   0  ffff9843d6f48000  RU   0.3     2260     1108  insmod"


def shown(dump: Path, *commands: str) -> list[str]:
    return crash("-s", str(dump), typed="\n".join([*commands, "q", ""])).stdout.splitlines()


def test_every_task_has_a_line_as_crash_prints_it(sample_vmcore: Path) -> None:
    lines = shown(sample_vmcore, "ps")
    assert "\n".join(lines).startswith(SHOWN)
    assert len(lines) == 1 + 57
    assert lines[-1] == INSMOD


def test_tasks_are_chosen_by_pid_name_address_and_kind(sample_vmcore: Path) -> None:
    by_pid, by_name, by_address = (shown(sample_vmcore, f"ps {name}") for name in ("104", "insmod", "ffff9843d6f48000"))
    assert by_pid == by_name == by_address
    assert len(by_pid) == 2
    kernel, user = (shown(sample_vmcore, f"ps {which}")[1:] for which in ("-k", "-u"))
    assert len(kernel) + len(user) == 57
    assert all(line.endswith("]") for line in kernel)


def test_what_there_is_not_is_said(sample_vmcore: Path) -> None:
    ended = crash("-s", str(sample_vmcore), typed="ps nobody\nps -z\nhelp ps\nq\n")
    assert "no task is nobody" in ended.stderr
    assert "ps: unrecognized arguments: -z" in ended.stderr
    assert "usage: ps [-k | -u] [TASK ...]" in ended.stdout
