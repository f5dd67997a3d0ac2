"""Saved registers, by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdive.dumpfile.open import open_dump
from kdive.formats import prstatus
from kdive.formats.prstatus import Prstatus


def test_the_crashed_cpu_of_the_sample_stands_in_its_kernel(sample_vmcore: Path) -> None:
    with open_dump(sample_vmcore) as dump:
        status = prstatus.parse(dump.notes[0].data, dump.arch, dump.order)
    assert status is not None
    assert status.pid == 104  # insmod
    assert (status.registers["cs"], status.registers["ss"]) == (0x10, 0x18)
    assert status.registers["rip"] >> 47 == status.registers["rsp"] >> 47 == 0x1FFFF


@pytest.mark.parametrize(("arch", "size", "last"), [("x86_64", 336, "gs"), ("aarch64", 392, "pstate")])
def test_size_is_the_kernels_and_what_is_packed_is_read_back(arch: str, size: int, last: str) -> None:
    status = Prstatus(117, {name: index for index, name in enumerate(prstatus.REGISTER_NAMES[arch])})
    for order in ("<", ">"):
        data = prstatus.pack(status, arch, order)
        assert len(data) == size
        assert prstatus.parse(data, arch, order) == status
    assert list(status.registers)[-1] == last


def test_short_notes_and_unknown_machines_have_no_registers() -> None:
    assert prstatus.parse(bytes(300), "x86_64", "<") is None
    assert prstatus.parse(bytes(4096), "ppc64le", "<") is None
