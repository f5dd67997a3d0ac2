"""The writer that needs no more than the standard library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kdive.dumpfile.open import open_dump
from kdive.engine.output import FileOutput
from kdive.engine.plain_writer import write_plain
from kdive.engine.writing import WriteOptions, WriteResult
from kdive.memory.open import open_memory
from tests.build_dump import PAGE_SIZE, build_elf, build_kdump
from tests.engine.copying import copy, pages_of, quick

WITHOUT_LIBRARIES = """
import sys
for name in ("numpy", "zstandard", "cramjam", "lzallright", "drgn", "ctypes"):
    sys.modules[name] = None
from pathlib import Path
from kdive.dumpfile.open import open_dump
from kdive.engine.output import FileOutput
from kdive.engine.plain_writer import write_plain
from kdive.engine.writing import WriteOptions
from kdive.memory.open import open_memory
with open_dump(Path(sys.argv[1])) as dump, FileOutput(Path(sys.argv[2])) as output:
    result = write_plain(open_memory(dump), output, WriteOptions())
assert not result.incomplete
"""


def write(source: Path, target: Path, options: WriteOptions) -> WriteResult:
    with open_dump(source) as dump, FileOutput(target, limit_bytes=options.limit_bytes) as output:
        return write_plain(open_memory(dump), output, options)


def test_dump_of_an_elf_vmcore_without_any_library(tmp_path: Path, sample_vmcore: Path) -> None:
    copy(sample_vmcore, tmp_path / "vmcore", quick(format="elf", level=0))
    subprocess.run([sys.executable, "-c", WITHOUT_LIBRARIES, tmp_path / "vmcore", tmp_path / "out"], check=True)
    assert pages_of(tmp_path / "out") == pages_of(sample_vmcore)
    with open_dump(tmp_path / "out") as dump:
        assert dump.container.codecs == ("zlib",)


@pytest.mark.parametrize("build", [build_elf, build_kdump])
def test_pages_are_kept_whatever_the_level(tmp_path: Path, build: object) -> None:
    pages = {0: b"first", 3: bytes(PAGE_SIZE), 4: bytes(range(256)) * 16, 700: b"x" * PAGE_SIZE}
    (tmp_path / "in").write_bytes(build(pages))  # type: ignore[operator]
    result = write(tmp_path / "in", tmp_path / "out", quick(level=31))
    assert (result.zero, result.kept, result.lost, result.incomplete) == (1, 3, 0, "")
    assert pages_of(tmp_path / "out") == {pfn: content.ljust(PAGE_SIZE, b"\0") for pfn, content in pages.items()}


def test_what_cannot_be_read_or_no_longer_fits_is_counted(tmp_path: Path, sample_vmcore: Path) -> None:
    pages = {pfn: f"page {pfn}".encode() for pfn in range(8)}
    data = bytearray(build_kdump(pages, codec="zlib"))
    data[-4] ^= 0xFF  # the checksum of the last page
    (tmp_path / "in").write_bytes(data)
    result = write(tmp_path / "in", tmp_path / "out", quick())
    assert (result.kept, result.lost, result.read_errors) == (7, 1, (7,))
    assert "1 pages" in result.incomplete
    result = write(sample_vmcore, tmp_path / "small", quick(limit_bytes=6 << 20))
    assert "limit" in result.incomplete
    assert result.lost > 0
    assert pages_of(tmp_path / "small").items() <= pages_of(sample_vmcore).items()


def test_memory_that_ends_within_a_page_is_filled_with_zeros(tmp_path: Path) -> None:
    data = bytearray(build_elf({0: b"first", 1: b"second" * 600}))
    for member in (32, 40):  # p_filesz, p_memsz of the only segment
        data[64 + 56 + member : 64 + 56 + member + 8] = (PAGE_SIZE + 100).to_bytes(8, "little")
    (tmp_path / "in").write_bytes(data)
    write(tmp_path / "in", tmp_path / "out", quick())
    assert pages_of(tmp_path / "out")[1] == (b"second" * 600)[:100].ljust(PAGE_SIZE, b"\0")
