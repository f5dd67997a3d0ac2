"""The bundled sample, opened by our own reader: figures known from makedumpfile, drgn and readelf."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kdive.dumpfile.dump import Dump
from kdive.dumpfile.open import open_dump
from kdive.errors import PageAbsentError, PageExcludedError
from kdive.facts.missing import Missing


@pytest.fixture
def dump(sample_vmcore: Path) -> Iterator[Dump]:
    with open_dump(sample_vmcore) as dump:
        yield dump


def test_container_says_what_makedumpfile_wrote(dump: Dump) -> None:
    container = dump.container
    assert (container.format, container.version, container.codecs) == ("kdump-compressed", 6, ("zstd",))
    assert (container.dump_level, container.incomplete, container.damage) == (31, "", ())
    assert (container.pages_total, container.pages_kept) == (61149, 14449)
    assert container.partial


def test_identity_comes_from_the_header(dump: Dump) -> None:
    identity = dump.identity
    assert (identity.release, identity.arch, identity.cpus) == ("5.10.0-32-cloud-amd64", "x86_64", 2)
    assert identity.version == "#1 SMP Debian 5.10.223-1 (2024-08-10)"
    assert (dump.arch, dump.order, dump.word_size, dump.page_size) == ("x86_64", "<", 8, 4096)


def test_vmcoreinfo_and_notes_are_read(dump: Dump) -> None:
    assert not isinstance(dump.vmcoreinfo, Missing)
    assert dump.vmcoreinfo["OSRELEASE"] == "5.10.0-32-cloud-amd64"
    assert [(note.name, note.type) for note in dump.notes] == [("CORE", 1), ("CORE", 1), ("VMCOREINFO", 0)]


def physical_of(dump: Dump, symbol: str) -> int:
    """Where a variable of the kernel image lies: the image is mapped from ffffffff80000000, moved by phys_base."""
    assert not isinstance(dump.vmcoreinfo, Missing)
    assert dump.physical_base is not None
    return int(dump.vmcoreinfo[f"SYMBOL({symbol})"], 16) - 0xFFFFFFFF80000000 + dump.physical_base


def test_kernel_variables_lie_where_phys_base_says(dump: Dump) -> None:
    assert b"5.10.0-32-cloud-amd64\0" in dump.read_physical(physical_of(dump, "init_uts_ns"), 400)


def test_excluded_and_absent_pages_are_told_apart(dump: Dump) -> None:
    first = dump.segments()[0]
    with pytest.raises(PageExcludedError, match="excluded at dump level 31"):
        for pfn in range(first.physical // 4096, (first.physical + first.size) // 4096):
            dump.read_physical(pfn * 4096, 8)
    with pytest.raises(PageAbsentError):
        dump.read_physical(0xA0000, 8)
    with pytest.raises(PageAbsentError):
        dump.read_physical(2**63, 8)


def test_a_read_across_pages_joins_them(dump: Dump) -> None:
    start = physical_of(dump, "_stext")
    whole = dump.read_physical(start, 3 * 4096)
    assert len(whole) == 3 * 4096
    assert whole[4000:5000] == dump.read_physical(start + 4000, 1000)
