"""The kernel's own counts, in the bundled dump: `kmem -i` of crash says the same."""

from __future__ import annotations

from pathlib import Path

from kdive.dumpfile.open import open_dump
from kdive.facts.missing import Missing
from kdive.memory.open import open_memory
from kdive.memory.zones import count_free_pages
from tests.build_dump import build_elf


def test_free_pages_are_those_of_all_zones(sample_vmcore: Path) -> None:
    with open_dump(sample_vmcore) as dump:
        assert count_free_pages(open_memory(dump)) == 41878


def test_without_nodes_there_is_no_count(tmp_path: Path) -> None:
    (tmp_path / "vmcore").write_bytes(build_elf({1: b"one"}))
    with open_dump(tmp_path / "vmcore") as dump:
        count = count_free_pages(open_memory(dump))
    assert count == Missing("VMCOREINFO does not name NR_FREE_PAGES and zone.vm_stat")
