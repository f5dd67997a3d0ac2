"""The pages that makedumpfile keeps of raw dumps, level by level; where kdive keeps others, the reason is known."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kdive.dumpfile.dump import Dump
from kdive.dumpfile.open import open_dump
from kdive.engine.kinds import PageKind, excluded_kinds
from kdive.engine.selection import windows
from kdive.facts.missing import Missing
from kdive.formats import vmcoreinfo
from kdive.memory.open import open_memory

LEVELS = (0, 2, 4, 8, 16, 31)
MAKEDUMPFILE = shutil.which(os.environ.get("KDIVE_MAKEDUMPFILE", "makedumpfile"))
FOLDER = os.environ.get("KDIVE_RAW_DUMPS", "")
DUMPS = sorted(path for path in Path(FOLDER).rglob("*") if path.is_file() and "vmcore" in path.name) if FOLDER else []
DUMPS = [path for path in DUMPS if "dmesg" not in path.name]


def pages_in(dump: Dump, count: int) -> NDArray[np.bool_]:
    kept = np.zeros(count, np.bool_)
    for start, size in dump.kept_ranges():
        kept[start // dump.page_size : (start + size) // dump.page_size] = True
    return kept


@pytest.mark.skipif(not DUMPS, reason="KDIVE_RAW_DUMPS does not name a folder with raw dumps")
@pytest.mark.skipif(not MAKEDUMPFILE, reason="makedumpfile is not installed")
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("path", DUMPS, ids=lambda path: "/".join(path.parts[-3:]))
def test_the_pages_kept_are_those_that_makedumpfile_keeps(tmp_path: Path, path: Path, level: int) -> None:
    assert MAKEDUMPFILE
    written = tmp_path / "dump"
    done = subprocess.run([MAKEDUMPFILE, "-c", "-d", str(level), path, written], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"makedumpfile cannot read this dump: {done.stderr.strip()[-200:]}")
    with open_dump(path) as dump, open_dump(written) as theirs:
        count = -(-max(segment.physical + segment.size for segment in dump.segments()) // dump.page_size)
        kinds = np.full(-(-count // (1 << 15)) << 15, PageKind.HOLE, np.uint8)
        memory = open_memory(dump)
        for window in windows(memory):
            kinds[window.first_pfn : window.first_pfn + len(window.kinds)] = window.kinds
        ours = pages_in(dump, count) & ~np.isin(kinds[:count], [int(kind) for kind in excluded_kinds(level)])
        different = np.flatnonzero(ours != pages_in(theirs, count))
        assert not isinstance(dump.vmcoreinfo, Missing)
        tail = vmcoreinfo.offset(dump.vmcoreinfo, "page.compound_info")
        if tail is None or not len(different):
            assert different.tolist() == []
            return
        # Before its commit f50c015 makedumpfile took the second page of each compound page of the kernel, slabs above
        # all, for memory of a process: it did not know what the member that marks tails is called since Linux 7.1.
        assert level & 8
        assert ours[different].all()
        structs = vmcoreinfo.symbol(dump.vmcoreinfo, "vmemmap")
        assert structs is not None
        assert all(memory.read_word(structs + pfn * 64 + tail) & 1 for pfn in different.tolist())
