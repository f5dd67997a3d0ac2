"""`kdive crash` opens a dump with crash's banner; the values are those that crash 9 prints for the sample."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BANNER = """\
LOAD AVERAGE: 0.08, 0.02, 0.01
       TASKS: 57
    NODENAME: (none)
     RELEASE: 5.10.0-32-cloud-amd64
     VERSION: #1 SMP Debian 5.10.223-1 (2024-08-10)
     MACHINE: x86_64  (2445 Mhz)
      MEMORY: 383.5 MB
       PANIC: "kernel BUG at /usr/src/crashzoo/crashzoo.c:202!"
         PID: 104
     COMMAND: "insmod"
        TASK: ffff9843d6f48000  [THREAD_INFO: ffff9843d6f48000]
         CPU: 0
       STATE: TASK_RUNNING (PANIC)
"""


def crash(dump: Path, typed: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "kdive", "crash", str(dump)]
    return subprocess.run(argv, input=typed, capture_output=True, text=True, timeout=60, check=True)


def test_banner_is_the_one_that_crash_prints(sample_vmcore: Path) -> None:
    shown = crash(sample_vmcore, "q\n").stdout
    assert f"    DUMPFILE: {sample_vmcore}  [PARTIAL DUMP]\n        CPUS: 2\n" in shown
    assert BANNER in shown


def test_unknown_command_is_named_and_the_next_one_runs(sample_vmcore: Path) -> None:
    ended = crash(sample_vmcore, "nonsense\nlog\nq\n")
    assert "nonsense: no such command" in ended.stderr
    assert "kernel BUG at /usr/src/crashzoo/crashzoo.c:202!" in ended.stdout.split("STATE")[1]
