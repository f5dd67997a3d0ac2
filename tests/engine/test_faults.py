"""What is left of a dump when writing or reading fails: it opens, says so, and holds no wrong page."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kdive.dumpfile.containers import elf as elf_container
from kdive.dumpfile.open import open_dump
from kdive.dumpfile.opened import Opened
from kdive.dumpfile.source import FileSource
from kdive.engine.output import FileOutput
from kdive.engine.reassemble import reassemble
from kdive.engine.split import write_split
from kdive.engine.write import write_dump
from kdive.engine.writing import OutputError, OutputFullError
from kdive.errors import DumpDamagedError, DumpError, KdiveError
from kdive.memory.open import open_memory
from tests.build_dump import PAGE_SIZE, build_elf, build_kdump
from tests.engine.copying import copy, pages_of, quick, windows

MAIN_HEADERS_BYTES = 3 * PAGE_SIZE

# Writes a dump in a process of its own, which ends on the way: by a signal, or because the file may not grow.
WRITER = """
import os, resource, signal, sys
from pathlib import Path
from tests.engine.copying import copy, quick, windows
from kdive.dumpfile.open import open_dump
from kdive.engine.write import write_dump
from kdive.memory.open import open_memory

source, target, format_, how = sys.argv[1:]

def report(progress):
    if progress.phase == "writing" and progress.done_pages > 2500 and how.startswith("SIG"):
        os.kill(os.getpid(), getattr(signal, how))

if how.isdecimal():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(how), int(how)))
with open_dump(Path(source)) as dump:
    result = write_dump(open_memory(dump), windows(dump), Path(target), quick(format=format_, level=0), report)
print(result.incomplete)
"""


def write_until(how: str, source: Path, target: Path, format_: str = "kdump") -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[2]
    return subprocess.run(
        [sys.executable, "-c", WRITER, source, target, format_, how], capture_output=True, text=True, cwd=root
    )


def assert_incomplete_but_right(target: Path, source: Path, least_pages: int) -> None:
    """The dump opens, is marked, and its pages are those of `source`."""
    with open_dump(target) as dump:
        assert dump.container.incomplete
        assert dump.vmcoreinfo["OSRELEASE"].startswith("5.10")  # type: ignore[index]
    kept = pages_of(target)
    assert len(kept) >= least_pages
    assert kept.items() <= pages_of(source).items()


@pytest.mark.parametrize("how", ["SIGKILL", "SIGTERM"])
@pytest.mark.parametrize("format_", ["kdump", "elf"])
def test_killed_writer_leaves_a_dump_that_says_so(tmp_path: Path, sample_vmcore: Path, how: str, format_: str) -> None:
    target = tmp_path / "out"
    ended = write_until(how, sample_vmcore, target, format_)
    assert ended.returncode == -getattr(signal, how)
    assert_incomplete_but_right(target, sample_vmcore, 2500)


@pytest.mark.parametrize("format_", ["kdump", "elf"])
def test_file_that_cannot_grow_is_an_incomplete_dump(tmp_path: Path, sample_vmcore: Path, format_: str) -> None:
    target = tmp_path / "out"
    ended = write_until(str(8 << 20), sample_vmcore, target, format_)
    assert ended.returncode == 0, ended.stderr
    assert os.strerror(errno.EFBIG) in ended.stdout
    assert_incomplete_but_right(target, sample_vmcore, 1000)


@pytest.mark.parametrize("format_", ["kdump", "elf"])
def test_dump_stops_at_the_limit_of_its_size(tmp_path: Path, sample_vmcore: Path, format_: str) -> None:
    result = copy(sample_vmcore, tmp_path / "out", quick(limit_bytes=7 << 20, format=format_))
    assert "limit" in result.incomplete
    assert result.lost > 0
    assert (tmp_path / "out").stat().st_size <= 7 << 20
    assert_incomplete_but_right(tmp_path / "out", sample_vmcore, 1000)


@pytest.mark.parametrize("limit", [0, 100, MAIN_HEADERS_BYTES, MAIN_HEADERS_BYTES + 10])
def test_no_room_for_headers_is_an_error_or_an_empty_dump(tmp_path: Path, limit: int) -> None:
    (tmp_path / "in").write_bytes(build_kdump(dict.fromkeys(range(9), b"page")))
    try:
        result = copy(tmp_path / "in", tmp_path / "out", quick(limit_bytes=limit))
    except OutputFullError:
        assert (tmp_path / "out").stat().st_size == 0
    else:
        assert "limit" in result.incomplete
        assert pages_of(tmp_path / "out") == {}


def test_every_limit_leaves_a_dump_with_right_pages(tmp_path: Path) -> None:
    pages = {pfn: os.urandom(PAGE_SIZE) for pfn in range(6)}
    (tmp_path / "in").write_bytes(build_kdump(pages))
    copy(tmp_path / "in", tmp_path / "whole", quick())
    whole = (tmp_path / "whole").stat().st_size
    for limit in range(MAIN_HEADERS_BYTES, whole + 1, 509):
        target = tmp_path / str(limit)
        result = copy(tmp_path / "in", target, quick(limit_bytes=limit))
        assert bool(result.incomplete) == (limit < whole)
        assert pages_of(target).items() <= pages.items()


def test_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(build_kdump({1: b"page"}))
    (tmp_path / "out").write_bytes(b"precious")
    with pytest.raises(OutputError, match="there already"):
        copy(tmp_path / "in", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"precious"


def test_only_its_owner_may_read_a_dump(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(build_kdump({1: b"page"}))
    copy(tmp_path / "in", tmp_path / "out")
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o600


class SourceWithHoles(FileSource):
    """A file of which some offsets cannot be read, like memory with broken hardware."""

    bad: range

    def read_into(self, offset: int, buffer: memoryview) -> None:
        if offset < self.bad.stop and offset + len(buffer) > self.bad.start:
            raise DumpDamagedError(f"reading at {offset:#x} failed: {os.strerror(errno.EIO)}")
        super().read_into(offset, buffer)


@pytest.mark.parametrize("format_", ["kdump", "elf"])
def test_pages_that_cannot_be_read_are_left_out_and_named(tmp_path: Path, format_: str) -> None:
    pages = {pfn: bytes([pfn + 1]) * PAGE_SIZE for pfn in range(40)}
    path = tmp_path / "in"
    path.write_bytes(build_elf(pages))
    source = SourceWithHoles(path)
    first_page = source.size - 40 * PAGE_SIZE
    source.bad = range(first_page + 7 * PAGE_SIZE + 5, first_page + 8 * PAGE_SIZE + 6)
    with elf_container.open_container([Opened(path, source, source.size)]) as dump:
        result = write_dump(
            open_memory(dump), windows(dump), tmp_path / "out", quick(level=0, compression="lzo", format=format_)
        )
    assert result.read_errors == (7, 8)
    assert (result.lost, result.kept) == (2, 38)
    assert "2 pages" in result.incomplete
    kept = pages_of(tmp_path / "out")
    assert {pfn: kept[pfn] for pfn in pages if pfn not in (7, 8)} == {
        pfn: content for pfn, content in pages.items() if pfn not in (7, 8)
    }
    with open_dump(tmp_path / "out") as dump:
        assert dump.container.incomplete


def test_pages_that_the_input_lost_are_not_claimed(tmp_path: Path) -> None:
    pages = {pfn: bytes([pfn + 1]) * PAGE_SIZE for pfn in range(9)}
    (tmp_path / "in").write_bytes(build_kdump(pages, lost=[2, 3], incomplete=True))
    result = copy(tmp_path / "in", tmp_path / "out", quick(level=0))
    assert (result.unavailable, result.kept, result.lost) == (2, 7, 0)
    with open_dump(tmp_path / "out") as dump:
        assert dump.container.pages_kept == 7


def test_flipped_bits_of_the_input_give_errors_and_no_others(tmp_path: Path) -> None:
    pages = {pfn: f"page {pfn}".encode() * 300 for pfn in range(20)}
    for codec in ("zstd", "zlib", "lzo", "snappy"):
        data = build_kdump(pages, codec=codec)
        for bit in range(0, 8 * len(data), 8 * len(data) // 80 + 1):
            damaged = bytearray(data)
            damaged[bit // 8] ^= 1 << bit % 8
            path = tmp_path / f"{codec}{bit}"
            path.write_bytes(damaged)
            try:
                result = copy(path, tmp_path / "out", quick(level=0))
            except KdiveError:
                continue
            finally:
                (tmp_path / "out").unlink(missing_ok=True)
            assert result.kept + result.zero + result.lost + result.unavailable <= result.pages


def test_split_set_with_a_full_disk_says_so_in_every_part(tmp_path: Path, sample_vmcore: Path) -> None:
    paths = [tmp_path / "part1", tmp_path / "part2"]
    with open_dump(sample_vmcore) as dump:
        result = write_split(open_memory(dump), windows(dump), paths, quick(limit_bytes=5 << 20))
    assert "limit" in result.incomplete
    assert_incomplete_but_right(paths[0], sample_vmcore, 1000)
    with FileOutput(tmp_path / "whole") as output:
        assert reassemble(paths, output, sync=False)
    assert_incomplete_but_right(tmp_path / "whole", sample_vmcore, 1000)


def test_part_that_is_not_given_is_named(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(build_kdump(dict.fromkeys(range(9), b"page")))
    paths = [tmp_path / "part1", tmp_path / "part2", tmp_path / "part3"]
    with open_dump(tmp_path / "in") as dump:
        write_split(open_memory(dump), windows(dump), paths, quick())
    with FileOutput(tmp_path / "whole") as output, pytest.raises(DumpError, match="leave out") as caught:
        reassemble([paths[0], paths[2]], output, sync=False)
    assert "part2" in caught.value.hint
    with FileOutput(tmp_path / "other") as output, pytest.raises(DumpError, match="not a part"):
        reassemble([tmp_path / "in"], output, sync=False)
