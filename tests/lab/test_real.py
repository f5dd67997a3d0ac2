"""Real kernels crash, real capture kernels save the dump, and the report is right: end to end.

Runs where QEMU is installed; KDIVE_LAB=1 makes a missing program a failure, KDIVE_LAB=0 leaves these tests out. Kernels
and compilers are fetched once, into the user's cache.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kdive.lab import matrix
from kdive.lab.corpus import DONE, Case, Status
from kdive.lab.prepare import Bench
from kdive.lab.score import score
from tests.cli.run import kdive
from tests.lab.crashes import CPUS, KERNELS, Crash

# Of different classes; where the crash happens, who is guilty and what is left to read differs in each.
KINDS = ("null-deref-timer", "bug", "soft-lockup", "stack-overflow", "hung-task", "oom-user")


@pytest.fixture(scope="module")
def crashes(corpus: Path, make_crashes: Crash) -> tuple[Path, dict[Case, Status]]:
    """A corpus with every kind on every kernel."""
    return corpus, make_crashes(KINDS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("kernel", KERNELS)
def test_the_report_names_what_was_done(
    kernel: str, kind: str, benches: dict[str, Bench], crashes: tuple[Path, dict[Case, Status]]
) -> None:
    corpus, results = crashes
    case = Case(kind, benches[kernel].kernel.release, CPUS)
    assert results[case] == Status(DONE, seconds=results[case].seconds)
    scored = score(corpus / case.folder, None)
    assert scored.misses() == []
    assert scored.answers["no debuginfo"].rung == "btf"


def test_a_second_run_makes_nothing_again(benches: dict[str, Bench], crashes: tuple[Path, dict[Case, Status]]) -> None:
    corpus, _ = crashes
    made: list[Case] = []
    matrix.run([benches["6.1"].plan(KINDS[0], CPUS)], corpus, 1, lambda case, status: made.append(case))
    assert made == []


def machines(folder: Path) -> list[int]:
    """PIDs of what runs below `folder`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if Path(os.readlink(process / "cwd")).is_relative_to(folder):
                found.append(int(process.name))
        except OSError:
            continue
    return found


def test_a_killed_lab_leaves_no_machine_and_the_next_run_no_files(benches: dict[str, Bench], tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "kdive", "lab", "crash", "sysrq", "-o", str(tmp_path / "out")]
    lab = subprocess.Popen(argv)
    ends = time.monotonic() + 60
    while not machines(tmp_path) and time.monotonic() < ends:
        time.sleep(0.1)
    assert machines(tmp_path)
    lab.send_signal(signal.SIGKILL)
    lab.wait()
    time.sleep(1)
    assert machines(tmp_path) == []
    assert len(list((tmp_path / ".kdive-lab").iterdir())) == 1
    shown = kdive("lab", "crash", "sysrq", "-o", tmp_path / "out")
    assert shown.returncode == 0
    assert "nothing is at fault" in shown.stdout
    assert not (tmp_path / ".kdive-lab").exists()
