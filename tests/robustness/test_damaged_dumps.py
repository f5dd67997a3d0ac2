"""The whole program on damaged copies of the sample: a report or a one-line error, in bounded time and memory."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

MAX_SECONDS = 10.0
MAX_BYTES = 1 << 30
PIECES = 64
FLIP_SEEDS = range(48)


# A process of its own, because a program's peak begins with that of the process that started it.
MEASURE = """
import os, resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print("peak KiB:", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


@dataclass(frozen=True)
class Run:
    case: str
    exit_code: int
    seconds: float
    peak_bytes: int
    report: dict[str, Any]
    stderr: str


def report(path: Path, case: str) -> Run:
    """`kdive report --json` on `path`, with what it took; its peak memory includes its children's."""
    argv = [sys.executable, "-m", "kdive", "report", "--json", str(path)]
    start = time.monotonic()
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", MEASURE, *argv], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    seconds = time.monotonic() - start
    stderr, _, peak = run.stderr.rpartition("peak KiB: ")
    return Run(case, run.returncode, seconds, int(peak) * 1024, json.loads(run.stdout), stderr)


def assert_sane(run: Run) -> None:
    assert run.exit_code in (0, 1, 2), f"{run.case}: exit {run.exit_code}\n{run.stderr}"
    assert "Traceback" not in run.stderr, f"{run.case}:\n{run.stderr}"
    assert run.seconds < MAX_SECONDS, f"{run.case}: {run.seconds:.1f} s"
    assert run.peak_bytes < MAX_BYTES, f"{run.case}: {run.peak_bytes >> 20} MiB"
    if run.report["verdict"] is None:
        assert run.report["error"]["message"], run.case
    else:
        assert run.exit_code == (1 if run.report["verdict"]["class"] == "none" else 0), run.case


def run_all(cases: list[tuple[str, bytes]], folder: Path) -> list[Run]:
    """One report per case, as many at a time as there are CPUs."""

    def one(number: int, case: str, data: bytes) -> Run:
        path = folder / f"{number}.vmcore"
        path.write_bytes(data)
        try:
            return report(path, case)
        finally:
            path.unlink()

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        futures = [pool.submit(one, number, case, data) for number, (case, data) in enumerate(cases)]
        return [future.result() for future in futures]


@pytest.mark.slow
def test_a_dump_cut_short_anywhere_gives_a_report_or_one_line(sample_vmcore: Path, tmp_path: Path) -> None:
    whole = sample_vmcore.read_bytes()
    cases = [(f"cut at {part}/{PIECES}", whole[: len(whole) * part // PIECES]) for part in range(PIECES)]
    runs = run_all(cases, tmp_path)
    for run in runs:
        assert_sane(run)
    assert any(run.report["verdict"] for run in runs), "no cut dump gave a verdict"


@pytest.mark.slow
def test_a_dump_with_flipped_bits_gives_a_report_or_one_line(sample_vmcore: Path, tmp_path: Path) -> None:
    whole = sample_vmcore.read_bytes()
    cases = []
    for seed in FLIP_SEEDS:
        chance = random.Random(seed)
        data = bytearray(whole)
        # A third of the cases in the headers and tables, where each bit counts most.
        span = (1 << 13, 1 << 17, len(data))[seed % 3]
        for _ in range(1 << (seed % 8)):
            data[chance.randrange(span)] ^= 1 << chance.randrange(8)
        cases.append((f"flips of seed {seed}", bytes(data)))
    for run in run_all(cases, tmp_path):
        assert_sane(run)
