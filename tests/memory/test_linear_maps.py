"""Architectures whose page tables are not walked: their linear maps, and a log read through them."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdive.dumpfile.open import open_dump
from kdive.errors import PageAbsentError
from kdive.log.from_memory import read_log
from kdive.memory.memory import Memory
from kdive.memory.open import open_memory
from tests.build_dump import PAGE_SIZE, build_kdump
from tests.log.build_log import Ring, virtual

BASE = f"OSRELEASE=built\nPAGESIZE={PAGE_SIZE}\n"
IMAGE, DIRECT = 0xFFFFFFFF80000000, 0xFFFFAF8000000000  # riscv64


def opened(tmp_path: Path, machine: str, info: str, *, word_size: int = 8) -> Memory:
    path = tmp_path / "vmcore"
    dump = build_kdump({2: b"here", 0x80402: b"image"}, vmcoreinfo=BASE + info, machine=machine, word_size=word_size)
    path.write_bytes(dump)
    return open_memory(open_dump(path))


def test_memory_of_power_starts_at_one_address(tmp_path: Path) -> None:
    memory = opened(tmp_path, "ppc64le", "")
    assert memory.read(0xC000000000002000, 4) == b"here"
    with pytest.raises(PageAbsentError):
        memory.read(0xC008000000002000, 4)


def test_virtual_is_physical_on_s390x_until_it_was_moved(tmp_path: Path) -> None:
    assert opened(tmp_path, "s390x", "").read(0x2000, 4) == b"here"
    moved = "IDENTITYBASE=1000000\nKERNELOFFSET=3ffe0000000\nKERNELOFFPHYS=80400000\n"
    memory = opened(tmp_path, "s390x", moved)
    assert memory.read(0x1002000, 4) == b"here"
    assert memory.read(0x3FFE0002000, 5) == b"image"


def test_image_and_linear_map_of_riscv64_have_their_own_offsets(tmp_path: Path) -> None:
    memory = opened(
        tmp_path,
        "riscv64",
        f"NUMBER(PAGE_OFFSET)={DIRECT:#x}\nNUMBER(phys_ram_base)=0\nNUMBER(KERNEL_LINK_ADDR)={IMAGE:#x}\n"
        f"NUMBER(va_kernel_pa_offset)={IMAGE - 0x80400000:#x}\n",
    )
    assert memory.read(DIRECT + 0x2000, 4) == b"here"
    assert memory.read(IMAGE + 0x2000, 5) == b"image"


@pytest.mark.parametrize(
    ("stext", "offset", "start"),
    [(0xC1000000, 0, 0xC0000000), (0xD5000000, 0x14000000, 0xC0000000), (0xB1000000, 0, 0xB0000000)],
)
def test_low_memory_of_i686_starts_below_the_image(tmp_path: Path, stext: int, offset: int, start: int) -> None:
    memory = opened(tmp_path, "i686", f"SYMBOL(_stext)={stext:x}\nKERNELOFFSET={offset:x}\n", word_size=4)
    assert memory.read(start + 0x2000, 4) == b"here"


def test_a_log_is_read_through_the_linear_map(tmp_path: Path) -> None:
    ring = Ring(word_size=4)
    ring.add(b"on 32 bits")
    first_pfn = (virtual(0, 4) - 0xC0000000) // PAGE_SIZE
    content = ring.memory()
    pages = {first_pfn + i: content[i * PAGE_SIZE :][:PAGE_SIZE] for i in range(-(-len(content) // PAGE_SIZE))}
    info = f"{BASE}SYMBOL(_stext)=c1000000\n{ring.info()}"
    path = tmp_path / "vmcore"
    path.write_bytes(build_kdump(pages, vmcoreinfo=info, machine="i686", word_size=4))
    with open_dump(path) as dump:
        assert [record.text for record in read_log(open_memory(dump)).records] == ["on 32 bits"]
