"""Translation on arm64, over built dumps of every granule."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from kdive.dumpfile.open import open_dump
from kdive.errors import KdiveError, PageAbsentError
from kdive.memory.memory import Memory
from kdive.memory.open import open_memory
from tests.build_dump import build_elf, build_kdump
from tests.memory.build_tables import build_tables

RAM = 0x40000000
ROOT = RAM + 0x2000000


@dataclass(frozen=True)
class Machine:
    page_shift: int
    va_bits: int  # as built
    used_bits: int  # as the CPU was set to
    walked_bits: int  # that index the tables

    @property
    def page_size(self) -> int:
        return 1 << self.page_shift

    @property
    def image(self) -> int:
        """The image, in the upper half of the kernel's addresses (v5.4 and later)."""
        return (1 << 64) - (1 << self.used_bits - 1) + 0x20000000

    @property
    def vmalloc(self) -> int:
        return self.image + 0x80000000

    @property
    def direct(self) -> int:
        return (1 << 64) - (1 << self.used_bits)

    @property
    def lpa2(self) -> bool:
        return self.walked_bits == 52 and self.page_shift != 16

    def output(self, physical: int) -> int:
        """The address bits of an entry."""
        if self.lpa2:
            return physical & ((1 << 50) - 1) | (physical >> 50 & 3) << 8
        if self.page_shift == 16:
            return physical & ((1 << 48) - 1) | (physical >> 48 & 15) << 12
        return physical | 3 << 8  # shareability, no address bits

    def shifts(self) -> list[int]:
        return list(range(self.page_shift, self.walked_bits, self.page_shift - 3))[::-1]

    def tables(self, data: int) -> dict[int, bytes]:
        block = self.shifts()[-2]
        return build_tables(
            {
                self.image: (ROOT & -(1 << block), block),
                self.vmalloc: (data, self.page_shift),
                self.direct: (RAM, block),
            },
            root=ROOT,
            shifts=self.shifts(),
            first_free=RAM + 0x100000,
            page_size=self.page_size,
            index_bits=self.page_shift - 3,
            va_bits=self.walked_bits,
            table_entry=lambda physical: self.output(physical) | 3,
            leaf_entry=lambda physical, shift: (
                self.output(physical) | 1 << 54 | 1 << 10 | (3 if shift == self.page_shift else 1)
            ),
        )

    def info(self) -> str:
        block = 1 << self.shifts()[-2]
        root_symbol = self.image + ROOT % block
        return (
            f"OSRELEASE=6.1.0-arm64\nPAGESIZE={self.page_size}\nSYMBOL(swapper_pg_dir)={root_symbol:x}\n"
            f"SYMBOL(_stext)={self.image + 0x10000:x}\nNUMBER(VA_BITS)={self.va_bits}\n"
            f"NUMBER(kimage_voffset)={root_symbol - ROOT:#x}\nNUMBER(PHYS_OFFSET)={RAM:#x}\n"
            f"NUMBER(TCR_EL1_T1SZ)={64 - self.used_bits:#x}\nKERNELOFFSET=80000\n"
        )


MACHINES = [
    Machine(12, 48, 48, 48),
    Machine(12, 39, 39, 39),
    Machine(14, 47, 47, 47),
    Machine(14, 48, 48, 48),
    Machine(16, 42, 42, 42),
    Machine(16, 48, 48, 48),
    Machine(16, 52, 52, 52),
    Machine(16, 52, 48, 52),  # built for 52 bits, CPU with 48: the end of the larger top table is used
    Machine(12, 52, 52, 52),  # LPA2
    Machine(12, 52, 48, 48),
    Machine(14, 52, 52, 52),
]


def opened(tmp_path: Path, content: bytes) -> Memory:
    path = tmp_path / "vmcore"
    path.write_bytes(content)
    return open_memory(open_dump(path))


def dump(machine: Machine, data: int, *, keep_tables: bool = True) -> bytes:
    page_size = machine.page_size
    pages = {data // page_size: b"in vmalloc", RAM // page_size + 2: b"in the linear map"}
    root_page = {ROOT // page_size: bytes(page_size)}
    tables = machine.tables(data) if keep_tables else root_page
    return build_kdump({**pages, **tables}, vmcoreinfo=machine.info(), machine="aarch64", page_size=page_size)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: f"{machine.page_size >> 10}K-{machine.va_bits}")
def test_pages_and_blocks_are_found_with_every_granule(tmp_path: Path, machine: Machine) -> None:
    data = RAM + 0x30000000
    memory = opened(tmp_path, dump(machine, data))
    assert memory.read(machine.vmalloc, 10) == b"in vmalloc"
    assert memory.read(machine.direct + 2 * machine.page_size, 17) == b"in the linear map"
    assert memory.kaslr_offset == 0x80000
    with pytest.raises(PageAbsentError):
        memory.read(machine.vmalloc + machine.page_size, 8)


def test_an_address_with_tag_and_authentication_code_is_the_same_address(tmp_path: Path) -> None:
    machine = MACHINES[0]
    memory = opened(tmp_path, dump(machine, RAM + 0x30000000))
    assert memory.read(machine.vmalloc & ~(0xFF << 56), 10) == b"in vmalloc"
    assert memory.read(machine.vmalloc & ~(0x5A << 48), 10) == b"in vmalloc"
    with pytest.raises(PageAbsentError):
        memory.read(machine.vmalloc & ~(1 << 55), 10)


@pytest.mark.parametrize("machine", MACHINES[:9], ids=lambda machine: f"{machine.page_size >> 10}K-{machine.va_bits}")
def test_output_addresses_above_48_bits_are_put_together(machine: Machine) -> None:
    from kdive.memory import paging_arm64

    physical = (1 << 51 | 1 << 49) + (5 << machine.page_shift)
    if not (machine.lpa2 or machine.page_shift == 16):
        physical &= (1 << 48) - 1
    assert paging_arm64.output_address(machine.output(physical) | 3, machine.page_shift, machine.lpa2) == physical


def test_the_linear_map_is_read_without_tables(tmp_path: Path) -> None:
    machine = MACHINES[0]
    memory = opened(tmp_path, dump(machine, RAM + 0x30000000, keep_tables=False))
    assert memory.read(machine.direct + 2 * machine.page_size, 17) == b"in the linear map"
    with pytest.raises(PageAbsentError):
        memory.read(machine.vmalloc, 8)


# What Debian's kernels said in VMCOREINFO, and where their page tables put one page of the linear map: with and without
# KASLR of the linear map, with 48 bits, and with 52 of which the CPU used 48 or all.
@pytest.mark.parametrize(
    ("info", "address", "physical"),
    [
        (
            "48 0xffffc59380000000 0xffffdce786a00000 0x10 ffffdce7c6c10000 ffffdce7c7f8f000",
            *(0xFFFF3A6CDFEDC380, 0x5FEDC380),
        ),
        ("48 0x40000000 0xffffbbe159800000 0x10 ffffbbe199a10000 ffffbbe19ad8f000", 0xFFFF00001FEDC380, 0x5FEDC380),
        (
            "52 0xfff0a460c0000000 0xffffa8a509600000 0x10 ffffa8a549810000 ffffa8a54b079000",
            *(0xFFFF5B9F9FEEBDC0, 0x5FEEBDC0),
        ),
        ("52 0x40000000 0xffff94745a800000 0xc ffff94749aa10000 ffff94749c279000", 0xFFF000001FDFADC0, 0x5FDFADC0),
    ],
)
def test_the_linear_map_lies_where_real_kernels_had_it(tmp_path: Path, info: str, address: int, physical: int) -> None:
    keys = ["VA_BITS", "PHYS_OFFSET", "kimage_voffset", "TCR_EL1_T1SZ"]
    values = info.split()
    lines = ["OSRELEASE=6.1.0-built", "PAGESIZE=4096"]
    lines += [f"NUMBER({key})={value}" for key, value in zip(keys, values[:4], strict=True)]
    lines += [f"SYMBOL(_stext)={values[4]}", f"SYMBOL(swapper_pg_dir)={values[5]}"]
    note = "".join(f"{line}\n" for line in lines)
    memory = opened(tmp_path, build_kdump({1: b""}, vmcoreinfo=note, machine="aarch64"))
    assert memory.translate(address) == physical


def test_the_linear_map_of_kernels_before_the_flip_lies_in_the_upper_half(tmp_path: Path) -> None:
    stext, direct = 0xFFFF000008080000, 0xFFFF800000000000
    info = (
        f"OSRELEASE=4.14.0\nPAGESIZE=4096\nSYMBOL(_stext)={stext:x}\nSYMBOL(swapper_pg_dir)={stext + 0x1000000:x}\n"
        f"NUMBER(VA_BITS)=48\nNUMBER(kimage_voffset)={stext - RAM - 0x80000:#x}\nNUMBER(PHYS_OFFSET)={RAM:#x}\n"
    )
    memory = opened(tmp_path, build_kdump({(RAM >> 12) + 2: b"here"}, vmcoreinfo=info, machine="aarch64"))
    assert memory.read(direct + 0x2000, 4) == b"here"


def test_without_what_translation_needs_the_segments_serve_or_the_error_says_so(tmp_path: Path) -> None:
    info = "OSRELEASE=4.4.0\nPAGESIZE=4096\nSYMBOL(_stext)=ffffffc000080000\n"
    elf = opened(tmp_path, build_elf({2: b"here"}, vmcoreinfo=info, e_machine=183, virtual=0xFFFFFFC000000000))
    assert elf.read(0xFFFFFFC000002000, 4) == b"here"
    kdump = opened(tmp_path, build_kdump({2: b"here"}, vmcoreinfo=info, machine="aarch64"))
    with pytest.raises(KdiveError, match="kimage_voffset"):
        kdump.read(0xFFFFFFC000002000, 4)
