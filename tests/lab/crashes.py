"""Crashes of real machines, made once for all tests that look at their dumps."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kdive.lab import matrix
from kdive.lab.corpus import DONE, Case, Status
from kdive.lab.prepare import Bench, Wanted, prepare
from kdive.lab.store import Store
from tests.lab.need import need

KERNELS = ("6.1", "newest")
CPUS = 2

Crash = Callable[[tuple[str, ...]], dict[Case, Status]]


@pytest.fixture(scope="session")
def benches() -> dict[str, Bench]:
    """What crashing needs, of each of KERNELS."""
    need("qemu-system-x86_64", "apt-get", "dpkg-deb")
    return {kernel: prepare(Store(), Wanted(kernel, "x86_64"), lambda what: None) for kernel in KERNELS}


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that all crashes of a test run lie in."""
    return tmp_path_factory.mktemp("corpus")


@pytest.fixture(scope="session")
def make_crashes(benches: dict[str, Bench], corpus: Path) -> Crash:
    """Crashes every kernel in some ways, as `kdive lab matrix` does: what is there already is not made again."""

    def make(kinds: tuple[str, ...]) -> dict[Case, Status]:
        plans = [bench.plan(kind, CPUS) for bench in benches.values() for kind in kinds]
        return matrix.run(plans, corpus, len(os.sched_getaffinity(0)), lambda case, status: None)

    return make


@pytest.fixture(scope="session")
def raw_dumps(benches: dict[str, Bench], corpus: Path, make_crashes: Crash) -> dict[str, list[Path]]:
    """Dumps that leave nothing out, by kernel: of a machine with much free, and of one without free memory."""
    kinds = ("bug", "oom-user")
    made = make_crashes(kinds)
    dumps: dict[str, list[Path]] = {}
    for kernel, bench in benches.items():
        cases = [Case(kind, bench.kernel.release, CPUS) for kind in kinds]
        assert [made[case].state for case in cases] == [DONE, DONE]
        dumps[kernel] = [corpus / case.folder / "vmcore" for case in cases]
    return dumps
