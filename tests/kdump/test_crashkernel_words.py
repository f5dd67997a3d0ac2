"""crashkernel=, as the kernel reads it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdive.kdump.crashkernel_words import read_word, reservation

MB, GB = 1 << 20, 1 << 30
RHEL = "2G-64G:256M,64G-:512M"


@pytest.mark.parametrize(
    ("values", "ram", "size"),
    [
        (["256M"], 4 * GB, 256 * MB),
        (["0x10000000"], 4 * GB, 256 * MB),
        (["256m@16M"], 4 * GB, 256 * MB),
        ([RHEL], 1 * GB, 0),
        ([RHEL], 2 * GB, 256 * MB),
        ([RHEL], 64 * GB - 128 * MB, 256 * MB),
        ([RHEL], 64 * GB, 512 * MB),
        # The firmware keeps some: the kernel rounds up to 128 MB before it looks.
        ([RHEL], 2 * GB - 100 * MB, 256 * MB),
        ([RHEL], 64 * GB - 1, 512 * MB),
        (["128M", "256M"], 4 * GB, 256 * MB),
        (["512M,high", "256M"], 16 * GB, 256 * MB),
        (["512M,high"], 16 * GB, 512 * MB),
        (["auto"], 16 * GB, 0),
        (["0192M"], 16 * GB, 0),
        (["256Q"], 16 * GB, 0),
        (["1G-:x"], 16 * GB, 0),
        (["4G-2G:64M"], 16 * GB, 0),
        ([], 16 * GB, 0),
    ],
)
def test_what_is_reserved(values: list[str], ram: int, size: int) -> None:
    assert reservation(values, ram, "x86_64").size == size


def test_high_memory_comes_with_some_low_memory_that_the_kernel_adds_by_itself() -> None:
    found = reservation(["1G,high"], 64 * GB, "x86_64")
    assert (found.size, found.low) == (GB, 256 * MB)
    assert reservation(["1G,high"], 64 * GB, "aarch64").low == 128 * MB
    assert reservation(["1G,high", "72M,low"], 64 * GB, "x86_64").low == 72 * MB
    assert reservation(["1G,high", "0,low"], 64 * GB, "x86_64").low == 0
    assert reservation(["1G,high", "much,low"], 64 * GB, "x86_64").size == 0


def test_cma_is_added_to_what_else_is_reserved() -> None:
    found = reservation(["256M", "1G,cma"], 64 * GB, "x86_64")
    assert (found.size, found.cma) == (256 * MB, GB)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (RHEL, "256 MB, because 16 GB lie in 2 GB-64 GB"),
        ("192M", "192 MB, whatever the machine's memory"),
        ("192M@64M", "192 MB, at 0x4000000, whatever the machine's memory"),
        ("32G-:1G", "nothing, because 16 GB lie in none of its ranges"),
        ("auto", "only kernels of RHEL up to 8 know auto"),
        ("lots", "lots is no size"),
        ("2G:256M", "2G:256M is no range with a size, as 2G-4G:256M is"),
        ("256M@there", "there is no address"),
    ],
)
def test_it_is_said_why(value: str, why: str) -> None:
    assert reservation([value], 16 * GB, "x86_64").why == why


@given(st.text("0123456789kKmMgG:,-@xhiglowcma", max_size=40), st.integers(0, 1 << 45))
def test_any_word_is_understood_or_refused(value: str, ram: int) -> None:
    word = read_word(value)
    assert bool(word.problem) != bool(word.parts)
    assert word.size(ram) >= 0
    assert reservation([value], ram, "x86_64").why
