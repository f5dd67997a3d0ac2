"""A machine of 1 TB is dumped in the memory that a small one takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.dump import KDIVE, Run, run
from benchmarks.simulated import MOSTLY_FREE, simulate
from kdive.dumpfile.open import open_dump

PEAK = 100 << 20  # bytes, with the interpreter


def dumped(sources: list[Path], folder: Path, size: int) -> Run:
    """The dump of a machine of `size` bytes, made of the first of `sources` whose tables have room for it."""
    for source in sources:
        try:
            simulate(source, folder / "machine", size, MOSTLY_FREE, zero_share=0.99)
        except ValueError:
            continue
        return run([KDIVE, "dump", "-d", "31", str(folder / "machine"), str(folder / "out")], folder / "out")
    pytest.fail("no machine has room in its page tables")


def test_memory_is_flat_whatever_the_size_of_the_machine(raw_dumps: dict[str, list[Path]], tmp_path: Path) -> None:
    small = dumped(raw_dumps["6.1"], tmp_path, 1 << 30)
    large = dumped(raw_dumps["6.1"], tmp_path, 1 << 40)
    assert (small.code, large.code) == (0, 0)
    assert large.peak < PEAK
    assert large.peak < small.peak + (16 << 20)
    with open_dump(tmp_path / "out") as dump:
        container = dump.container
        assert container.incomplete == ""
        assert container.pages_total is not None and container.pages_total > (1 << 40) // 4096
        # One block of 2 MB in each section of 128 MB is the kernel's, and what the small machine had.
        assert container.pages_kept is not None
        assert 0 < container.pages_kept - (1 << 40 >> 27) * 512 < 100_000
