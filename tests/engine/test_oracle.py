"""Dumps of real machines beside makedumpfile's, and beside what the kernels' own lists say that their pages are.

The machines are crashed once for all tests (tests/lab/crashes.py). KDIVE_RAW_DUMPS names a folder with further raw
dumps, KDIVE_MAKEDUMPFILE another makedumpfile.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from benchmarks import oracle
from benchmarks.oracle import LEVELS, NO_REASON, Compared, NotReadError, Oracle, pages_in
from kdive.dumpfile.open import open_dump
from kdive.engine.save import DumpRequest, save
from kdive.engine.writing import WriteOptions
from kdive.memory.open import open_memory
from tests.engine.owned import Owned, owned
from tests.lab.crashes import KERNELS
from tests.lab.need import need

MAKEDUMPFILE = os.environ.get("KDIVE_MAKEDUMPFILE") or shutil.which("makedumpfile") or ""
FURTHER = os.environ.get("KDIVE_RAW_DUMPS", "")
CACHE, ANY_CACHE, USER, FREE = 2, 4, 8, 16  # bits of a level
KINDS = {"much free": 0, "none free": 1}  # of the dumps of each kernel


def compare(path: Path, work: Path) -> list[Compared]:
    if not MAKEDUMPFILE:
        need("makedumpfile")
    one = Oracle(path, MAKEDUMPFILE, work)
    return [one.compare(level) for level in LEVELS]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_pages_with_the_same_content_as_makedumpfile(
    raw_dumps: dict[str, list[Path]], tmp_path: Path, kind: str
) -> None:
    for compared in compare(raw_dumps["6.1"][KINDS[kind]], tmp_path):
        assert (compared.more, compared.fewer, compared.content) == (0, 0, 0)
        assert compared.pages > 10_000


def test_of_the_newest_kernel_pages_differ_for_a_known_reason_alone(
    raw_dumps: dict[str, list[Path]], tmp_path: Path
) -> None:
    for compared in compare(raw_dumps["newest"][KINDS["none free"]], tmp_path):
        assert (compared.fewer, compared.content) == (0, 0)
        assert NO_REASON not in compared.reasons
        assert compared.level & USER or compared.more == 0


@pytest.mark.skipif(not FURTHER, reason="KDIVE_RAW_DUMPS does not name a folder with raw dumps")
def test_the_same_of_further_dumps(tmp_path: Path) -> None:
    for path in oracle.raw_dumps([Path(FURTHER)]):
        try:
            results = compare(path, tmp_path)
        except NotReadError:
            continue  # of another architecture
        for compared in results:
            assert (path, compared.fewer, compared.content) == (path, 0, 0)
            assert NO_REASON not in compared.reasons


@dataclass(frozen=True)
class Proof:
    """What a kernel says of its pages, and which of them the dump of each level keeps."""

    truth: Owned
    kept: dict[int, set[int]]


@pytest.fixture(scope="module", params=[f"{kernel}, {kind}" for kernel in KERNELS for kind in KINDS])
def proof(
    request: pytest.FixtureRequest, raw_dumps: dict[str, list[Path]], tmp_path_factory: pytest.TempPathFactory
) -> Proof:
    kernel, kind = request.param.split(", ")
    source = raw_dumps[kernel][KINDS[kind]]
    written = tmp_path_factory.mktemp("proof") / "dump"
    with open_dump(source) as dump:
        truth = owned(open_memory(dump))
        count = max(segment.physical + segment.size for segment in dump.segments()) // dump.page_size
    kept = {}
    for level in LEVELS:
        save(DumpRequest(source, (written,), (level,), WriteOptions(compression="", sync=False), overwrite=True))
        with open_dump(written) as dump:
            kept[level] = set(np.flatnonzero(pages_in(dump, count)).tolist())
    return Proof(truth, kept)


def test_nothing_that_the_kernel_owns_is_left_out_at_any_level(proof: Proof) -> None:
    for what, pages in proof.truth.kernel.items():
        assert pages, what
        for level, kept in proof.kept.items():
            assert (what, level, pages - kept) == (what, level, set())


def test_what_is_on_the_free_lists_is_what_a_level_leaves_out_as_free(proof: Proof) -> None:
    assert proof.kept[0] - proof.kept[FREE] == proof.truth.free
    assert proof.kept[17] == proof.kept[16]  # zeros are told by their descriptors
    for level in (2, 4, 8):
        assert proof.truth.free <= proof.kept[level]


def test_the_page_cache_goes_with_its_bits_alone(proof: Proof) -> None:
    cache = proof.truth.cache
    assert len(cache) > 1_000
    for level in (0, 1, USER, FREE, 17):
        assert cache <= proof.kept[level]
    assert not cache & proof.kept[ANY_CACHE]
    assert not cache & proof.kept[31]
    # Nothing but the page cache goes; of larger folios the lists name the first page alone.
    assert proof.kept[0] - proof.kept[CACHE] >= cache
    assert not (proof.kept[0] - proof.kept[ANY_CACHE]) & proof.truth.free


def test_the_memory_of_processes_goes_with_its_bit_alone(proof: Proof) -> None:
    # What is mapped into processes but not theirs: page cache, and pages of the kernel such as the vdso.
    theirs = proof.truth.mapped - proof.truth.cache
    left_out = proof.kept[0] - proof.kept[USER]
    assert len(theirs - left_out) < 32
    assert len(left_out - theirs) < 1_000  # in the swap cache, or about to be mapped or freed
    for level in (2, 4, FREE, 17):
        assert theirs - proof.truth.free <= proof.kept[level]
