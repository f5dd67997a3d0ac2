"""What is written into a dump is read from it, whatever the container."""

from __future__ import annotations

from pathlib import Path

import drgn
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kdive.dumpfile.dump import Dump
from kdive.dumpfile.open import open_dump
from kdive.errors import PageAbsentError, PageExcludedError
from tests.build_dump import PAGE_SIZE, build_elf, build_kdump, flatten, split_kdump

PFNS = st.integers(0, 5000)
PAGES = st.dictionaries(PFNS, st.binary(min_size=1, max_size=64), min_size=1, max_size=40)
EXCLUDED = st.sets(PFNS, max_size=40)
quickly = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("round_trip")


def holds(dump: Dump, pages: dict[int, bytes], excluded: set[int]) -> None:
    for pfn in {*pages, *excluded, 0, 5001, 2**40}:
        if pfn in pages:
            assert dump.read_physical(pfn * PAGE_SIZE, PAGE_SIZE) == pages[pfn].ljust(PAGE_SIZE, b"\0")
        else:
            with pytest.raises(PageExcludedError if pfn in excluded else PageAbsentError):
                dump.read_physical(pfn * PAGE_SIZE, 1)
    kept = [pfn for start, size in dump.kept_ranges() for pfn in range(start // PAGE_SIZE, (start + size) // PAGE_SIZE)]
    assert kept == sorted(pages)
    covered = {
        pfn
        for segment in dump.segments()
        for pfn in range(segment.physical // PAGE_SIZE, (segment.physical + segment.size) // PAGE_SIZE)
    }
    assert covered == {*pages, *excluded}
    assert (dump.container.pages_total, dump.container.pages_kept) == (len(covered), len(pages))
    assert (dump.container.incomplete, dump.container.damage) == ("", ())


@quickly
@given(
    PAGES, EXCLUDED, st.sampled_from(["", "zlib", "lzo", "snappy", "zstd"]), st.integers(1, 6), st.sampled_from("<>")
)
def test_kdump_compressed(
    folder: Path, pages: dict[int, bytes], excluded: set[int], codec: str, version: int, order: str
) -> None:
    path = folder / "kdump"
    path.write_bytes(build_kdump(pages, ram=excluded, codec=codec, version=version, order=order))  # type: ignore[arg-type]
    with open_dump(path) as dump:
        holds(dump, pages, excluded - set(pages))


@quickly
@given(PAGES, EXCLUDED, st.booleans(), st.sampled_from("<>"))
def test_elf(folder: Path, pages: dict[int, bytes], excluded: set[int], xnum: bool, order: str) -> None:
    excluded -= set(pages)
    path = folder / "elf"
    path.write_bytes(build_elf(pages, excluded=excluded, xnum=xnum, order=order))  # type: ignore[arg-type]
    with open_dump(path) as dump:
        holds(dump, pages, excluded)


@quickly
@given(PAGES, st.integers(1, 70_000), st.booleans())
def test_flattened(folder: Path, pages: dict[int, bytes], record_size: int, rewrite_header: bool) -> None:
    path = folder / "flat"
    content = build_kdump(pages, codec="zstd")
    path.write_bytes(flatten(content, record_size=record_size + 500, rewrite_header=rewrite_header))
    with open_dump(path) as dump:
        holds(dump, pages, set())


@quickly
@given(PAGES, st.lists(st.integers(1, 5000), max_size=4, unique=True))
def test_split(tmp_path: Path, pages: dict[int, bytes], boundaries: list[int]) -> None:
    end = max(pages) + 1
    parts = split_kdump(pages, sorted(boundary for boundary in boundaries if boundary < end))
    paths = [tmp_path / f"part{number}" for number in range(len(parts))]
    for path, data in zip(paths, parts, strict=True):
        path.write_bytes(data)
    with open_dump(paths[len(paths) // 2]) as dump:
        holds(dump, pages, set())
    for path in paths:
        path.unlink()


def same_as_drgn(path: Path) -> int:
    """Reads every kept page by both readers; returns how many there are."""
    program = drgn.Program()
    program.set_core_dump(path)
    count = 0
    with open_dump(path) as dump:
        for start, size in dump.kept_ranges():
            assert dump.read_physical(start, size) == program.read(start, size, physical=True)
            count += size // PAGE_SIZE
        absent = dump.segments()[-1].physical + dump.segments()[-1].size
        with pytest.raises(drgn.FaultError):
            program.read(absent, 8, physical=True)
    return count


def test_every_page_of_the_sample_is_what_drgn_reads(sample_vmcore: Path) -> None:
    assert same_as_drgn(sample_vmcore) == 14449


def test_every_page_of_further_dumps_is_what_drgn_reads(more_samples: Path) -> None:
    for path in sorted(more_samples.glob("*.vmcore")):
        assert same_as_drgn(path) > 0
