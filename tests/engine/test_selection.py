"""Windows over machines that were built with known pages, and over the bundled dump."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from kdive.dumpfile.open import open_dump
from kdive.engine.classify import WINDOW_PAGES
from kdive.engine.kinds import PageKind, excluded_kinds
from kdive.engine.selection import Selection, Summary, Window, windows
from kdive.memory.open import open_memory
from tests.build_dump import build_elf
from tests.engine.build_pages import FIRST_PFN, GENERATIONS, SECTIONS, Use, grown, machine, without

USES = [
    Use(FIRST_PFN, "free", 8),
    Use(FIRST_PFN + 256, "anonymous", 4),
    Use(FIRST_PFN + 272, "cache"),
    Use(FIRST_PFN + 273, "cache_private"),
    Use(FIRST_PFN + 274, "kernel"),
    Use(FIRST_PFN + 276, "slab", 2),
    Use(FIRST_PFN + 512, "hugetlb", 9),
]


def select(path: Path, data: bytes) -> tuple[list[Window], Summary]:
    path.write_bytes(data)
    with open_dump(path) as dump:
        selection = Selection(open_memory(dump))
        return list(selection.windows()), selection.summary()


@pytest.mark.parametrize("name", GENERATIONS)
def test_a_machine_of_each_generation_is_told_page_by_page(tmp_path: Path, name: str) -> None:
    generation = GENERATIONS[name]
    uses = [use for use in USES if not (name == "v2.6.38" and use.what == "slab")]
    (window,), summary = select(tmp_path / "vmcore", machine(generation, uses))
    assert window.first_pfn == 0
    assert np.flatnonzero(window.present).tolist() == list(range(2048))
    assert set(window.kinds[2048:].tolist()) == {PageKind.HOLE}
    sized = generation.order != "none"
    for use in uses:
        whole = use.what == "free" or sized
        wanted = [generation.kind(use.what)] * (use.pages if whole else 1)
        assert window.kinds[use.first : use.first + len(wanted)].tolist() == wanted, use
    assert summary.pages[PageKind.FREE] == (0 if "free" in generation.not_recognised else 256)
    assert sum(summary.pages.values()) == 2048
    assert not summary.warnings or name == "v2.6.38"


@pytest.mark.parametrize("model", sorted(SECTIONS))
def test_struct_pages_are_found_in_every_model_of_memory(tmp_path: Path, model: str) -> None:
    (window,), summary = select(tmp_path / "vmcore", machine(GENERATIONS["v6.16"], USES, model=model))
    assert np.flatnonzero(window.kinds == PageKind.FREE).tolist() == list(range(FIRST_PFN, FIRST_PFN + 256))
    assert summary.pages[PageKind.USER] == 16 + 512
    assert (summary.warnings, summary.reasons) == ((), ())


def test_memory_behind_the_last_section_is_unknown_and_kept(tmp_path: Path) -> None:
    data = machine(GENERATIONS["v6.16"], USES, end_pfn=WINDOW_PAGES + 64)
    (first, second), summary = select(tmp_path / "vmcore", data)
    assert first.present.all()
    assert second.first_pfn == WINDOW_PAGES
    assert second.kinds[:64].tolist() == [PageKind.UNKNOWN] * 64
    assert summary.pages[PageKind.UNKNOWN] == 64
    assert summary.reasons == ("64 pages are kept: their struct pages cannot be read",)


def test_no_free_page_on_a_kernel_that_names_them_is_a_warning(tmp_path: Path) -> None:
    uses = [use for use in USES if use.what != "free"]
    _, summary = select(tmp_path / "vmcore", machine(GENERATIONS["v6.16"], uses))
    assert summary.warnings == ("free pages not recognised: this kernel may mark them in a way that is not known here",)


def test_the_count_of_the_kernel_is_the_check_of_ours(tmp_path: Path) -> None:
    uses = [*USES, *(Use(FIRST_PFN + 300 + i, "free") for i in range(100))]
    assert not select(tmp_path / "right", machine(GENERATIONS["v6.16"], uses, counted_free=350))[1].warnings
    _, summary = select(tmp_path / "wrong", machine(GENERATIONS["v6.16"], uses, counted_free=9000))
    assert summary.warnings == ("356 free pages recognised, but the kernel counted 9000",)


def test_what_a_kernel_does_not_name_is_a_warning_and_a_reason(tmp_path: Path) -> None:
    _, summary = select(tmp_path / "vmcore", machine(without(GENERATIONS["v6.16"], "page.private"), USES))
    assert summary.warnings == ("free pages not recognised: VMCOREINFO does not say how",)
    assert summary.reasons == ("free pages are kept: VMCOREINFO does not name page.private",)


def test_a_dump_without_vmcoreinfo_is_kept_whole(tmp_path: Path) -> None:
    (window,), summary = select(tmp_path / "vmcore", build_elf({1: b"one", 2: b"two"}, vmcoreinfo=""))
    assert set(window.kinds[window.present].tolist()) == {PageKind.UNKNOWN}
    assert summary.warnings[0].startswith("no page was recognised: all pages are kept: ")


@pytest.mark.parametrize("key", ["SYMBOL(mem_section)=", "LENGTH(mem_section)=", "SIZE(mem_section)="])
def test_damaged_tables_of_sections_keep_everything(tmp_path: Path, key: str) -> None:
    data = machine(GENERATIONS["v6.16"], USES)
    position = data.index(key.encode()) + len(key)
    (window,), summary = select(tmp_path / "vmcore", data[:position] + b"7" + data[position + 1 :])
    assert set(window.kinds[window.present].tolist()) == {PageKind.UNKNOWN}
    assert summary.pages[PageKind.UNKNOWN] == 2048


def test_struct_pages_that_the_file_lost_are_unknown(tmp_path: Path) -> None:
    """The dump ends behind its 20th page, which holds the struct pages of pfn 1216 to 1279."""
    data = machine(GENERATIONS["v6.16"], USES, model="vmemmap")
    (window,), summary = select(tmp_path / "vmcore", data[: len(data) - (FIRST_PFN - 20) * 4096])
    assert window.kinds[FIRST_PFN:1280].tolist() == [PageKind.FREE] * 256
    assert window.kinds[1280:2048].tolist() == [PageKind.UNKNOWN] * 768
    assert summary.reasons == ("768 pages are kept: their struct pages cannot be read",)


def test_the_bundled_dump_holds_just_what_level_31_keeps(sample_vmcore: Path) -> None:
    """makedumpfile wrote it: each page that is in it is one that its kinds keep, and no other."""
    with open_dump(sample_vmcore) as dump:
        kept = np.zeros(1 << 18, np.bool_)
        for start, size in dump.kept_ranges():
            kept[start // 4096 : (start + size) // 4096] = True
        excluded = [int(kind) for kind in excluded_kinds(31)]
        for window in windows(open_memory(dump)):
            ours = window.present & ~np.isin(window.kinds, excluded)
            assert np.array_equal(ours, kept[window.first_pfn : window.first_pfn + WINDOW_PAGES])


def test_memory_stays_flat_however_large_the_machine_is(tmp_path: Path) -> None:
    data = machine(GENERATIONS["v6.16"], USES, sections=128)
    peaks, free = [], []
    for sections in (2, 128):
        path = tmp_path / f"vmcore-{sections}"
        path.write_bytes(grown(data, sections * WINDOW_PAGES))
        with open_dump(path) as dump:
            selection = Selection(open_memory(dump))
            tracemalloc.start()
            assert sum(1 for _ in selection.windows()) == sections
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
            free.append(selection.summary().pages[PageKind.FREE])
    assert free == [2 * 256, 128 * 256]
    assert peaks[1] < 1.1 * peaks[0] < 8 << 20
