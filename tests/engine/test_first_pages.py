"""Dumps that end early: the log is in them, and what a stopped machine leaves opens."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from kdive.dumpfile.open import open_dump
from kdive.engine.first_pages import first_pages
from kdive.engine.output import FileOutput
from kdive.engine.verify import check
from kdive.engine.write import write_dump
from kdive.log.format import human
from kdive.log.from_memory import read_log
from kdive.memory.open import open_memory
from tests.build_dump import PAGE_SIZE, build_kdump
from tests.engine.copying import copy, pages_of, quick, windows


def log_of(path: Path) -> list[str]:
    with open_dump(path) as dump:
        return list(human(read_log(open_memory(dump))))


def test_a_tenth_of_a_dump_has_the_log(tmp_path: Path, sample_vmcore: Path) -> None:
    copy(sample_vmcore, tmp_path / "raw", quick(level=0, format="elf"))
    for source in (sample_vmcore, tmp_path / "raw"):
        for codec in ("zstd", "zlib", "lzo"):
            whole = copy(source, tmp_path / "whole", quick(compression=codec))
            result = copy(source, tmp_path / "cut", quick(compression=codec, limit_bytes=whole.written // 10))
            assert result.incomplete
            assert log_of(tmp_path / "cut") == log_of(sample_vmcore)
            with open_dump(tmp_path / "cut") as dump:
                assert dump.container.incomplete
            assert pages_of(tmp_path / "cut").items() <= pages_of(sample_vmcore).items()
            (tmp_path / "whole").unlink()
            (tmp_path / "cut").unlink()


def test_the_image_of_the_kernel_follows_the_log(sample_vmcore: Path) -> None:
    with open_dump(sample_vmcore) as dump:
        needed, image = first_pages(dump)
        stext = open_memory(dump).translate(int(dump.vmcoreinfo["SYMBOL(_stext)"], 16))  # type: ignore[index]
    assert stext // PAGE_SIZE in needed
    assert stext // PAGE_SIZE + 1 in image
    assert not np.isin(image, needed).any()
    assert (np.diff(needed) > 0).all()
    assert (np.diff(image) > 0).all()


def test_a_dump_that_says_nothing_of_its_kernel_has_no_first_pages(tmp_path: Path) -> None:
    pages = {pfn: bytes([pfn + 1]) * PAGE_SIZE for pfn in range(9)}
    hostile = "OSRELEASE=6.1\nSYMBOL(_stext)=ffffffffffffffff\nSYMBOL(prb)=ffffffff81000000\nSYMBOL(x)=zz\n"
    for text in (
        "",
        hostile,
        hostile + "NUMBER(phys_base)=0\nKERNELOFFSET=0\nSYMBOL(swapper_pg_dir)=ffffffff80001000\n",
    ):
        (tmp_path / "in").write_bytes(build_kdump(pages, vmcoreinfo=text))
        assert copy(tmp_path / "in", tmp_path / "out").kept == 9
        assert pages_of(tmp_path / "out") == pages
        (tmp_path / "out").unlink()


def test_the_order_of_pages_in_the_file_costs_no_byte(tmp_path: Path, sample_vmcore: Path) -> None:
    """The sample has its pages in the order of memory."""
    result = copy(sample_vmcore, tmp_path / "out", quick())
    assert result.written == sample_vmcore.stat().st_size
    assert (tmp_path / "out").read_bytes() != sample_vmcore.read_bytes()
    assert check(tmp_path / "out").whole


class StoppedMachine(FileOutput):
    """A file of which a copy is made each time that it was sent to the disk: what a power cut leaves."""

    copies = 0

    def sync(self) -> None:
        super().sync()
        self.copies += 1
        shutil.copy(self.path, f"{self.path}{self.copies}")


@pytest.mark.parametrize("source_format", ["kdump", "elf"])
def test_what_reached_the_disk_before_the_power_was_cut_opens(
    tmp_path: Path, sample_vmcore: Path, source_format: str
) -> None:
    copy(sample_vmcore, tmp_path / "in", quick(format=source_format))
    options = quick(sync=True, sync_bytes=2 << 20)
    with open_dump(tmp_path / "in") as dump, StoppedMachine(tmp_path / "out") as output:
        write_dump(open_memory(dump), windows(dump), output, options)
    assert output.copies > 4
    wanted, counts = pages_of(sample_vmcore), []
    for number in range(1, output.copies - 1):  # the last two have all pages, before and after the mark is taken off
        path = Path(f"{output.path}{number}")
        with open_dump(path) as dump:
            assert dump.container.incomplete
        pages = pages_of(path)
        assert pages.items() <= wanted.items()
        assert log_of(path) == log_of(sample_vmcore)
        counts.append(len(pages))
    assert counts == sorted(set(counts))
    assert counts[0] > 1000
    assert check(Path(f"{output.path}{output.copies}")).whole


def test_pages_written_first_are_found_in_every_format_of_input(tmp_path: Path, sample_vmcore: Path) -> None:
    pages = {pfn: bytes([pfn % 251 + 1]) * 100 for pfn in range(40_000)}
    (tmp_path / "in").write_bytes(build_kdump(pages, codec="", vmcoreinfo="OSRELEASE=6.1\n"))
    copy(tmp_path / "in", tmp_path / "out", quick(jobs=2))
    assert check(tmp_path / "out").pages == 40_000
    copy(sample_vmcore, tmp_path / "jobs", quick(jobs=2))
    copy(sample_vmcore, tmp_path / "one", quick())
    assert (tmp_path / "jobs").read_bytes() == (tmp_path / "one").read_bytes()
