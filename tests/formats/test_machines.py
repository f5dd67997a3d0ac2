"""One name for each architecture."""

from __future__ import annotations

import pytest

from kdive.formats import machines
from kdive.formats.record import ByteOrder


@pytest.mark.parametrize(
    ("e_machine", "elf_word_size", "order", "expected"),
    [
        (62, 8, "<", ("x86_64", 8)),
        (62, 4, "<", ("x86_64", 8)),
        (3, 8, "<", ("i686", 4)),
        (183, 8, "<", ("aarch64", 8)),
        (40, 8, "<", ("arm", 4)),
        (21, 8, "<", ("ppc64le", 8)),
        (21, 8, ">", ("ppc64", 8)),
        (22, 8, ">", ("s390x", 8)),
        (243, 8, "<", ("riscv64", 8)),
        (243, 4, "<", ("riscv32", 4)),
        (258, 8, "<", ("loongarch64", 8)),
        (9999, 8, "<", ("", 8)),
    ],
)
def test_elf_machines(e_machine: int, elf_word_size: int, order: ByteOrder, expected: tuple[str, int]) -> None:
    assert machines.of_elf(e_machine, elf_word_size, order) == expected


@pytest.mark.parametrize(
    ("machine", "name"),
    [("i386", "i686"), ("i586", "i686"), ("armv7l", "arm"), ("arm64", "aarch64"), ("aarch64", "aarch64"), ("", "")],
)
def test_names_of_uname(machine: str, name: str) -> None:
    assert machines.of_utsname(machine) == name
