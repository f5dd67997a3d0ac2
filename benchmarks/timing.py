"""Whole processes, timed in turn: wall time and peak memory, as the operating system accounts for them."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

# As a user has it: Python keeps compiled modules, and output is buffered.
_ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if name not in ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONPROFILEIMPORTTIME")
}


@dataclass(frozen=True)
class Contender:
    """A command line, and what it reads on standard input."""

    name: str
    argv: Sequence[str]
    stdin: str = ""


@dataclass
class Measured:
    """Seconds of each run, the largest resident size seen in bytes, and the exit codes."""

    seconds: list[float] = field(default_factory=list)
    peak_bytes: int = 0
    exit_codes: set[int] = field(default_factory=set)

    @property
    def median_s(self) -> float:
        return statistics.median(self.seconds)


def race(contenders: Sequence[Contender], runs: int) -> Mapping[str, Measured]:
    """Runs all contenders in turn, `runs` rounds after one that does not count; results by name."""
    results = {contender.name: Measured() for contender in contenders}
    for round_number in range(runs + 1):
        for contender in contenders:
            seconds, peak_bytes, code = run_once(contender)
            if round_number:
                measured = results[contender.name]
                measured.seconds.append(seconds)
                measured.peak_bytes = max(measured.peak_bytes, peak_bytes)
                measured.exit_codes.add(code)
    return results


def run_once(contender: Contender) -> tuple[float, int, int]:
    """Seconds, peak resident bytes of the largest process in it, exit code."""
    start = time.perf_counter()
    process = subprocess.Popen(
        contender.argv, env=_ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    assert process.stdin is not None
    try:
        process.stdin.write(contender.stdin.encode())
        process.stdin.close()
    except BrokenPipeError:
        pass  # it ended without reading its input; the exit code tells why
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    return seconds, usage.ru_maxrss * 1024, process.returncode


def cpu_name() -> str:
    """The processor's model name and the number of CPUs."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown CPU")
    return f"{model}, {os.cpu_count()} CPUs"
