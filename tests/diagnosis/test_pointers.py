"""What bad pointers look like, and what only looks like it."""

from __future__ import annotations

import pytest

from kdive.diagnosis.pointers import ARM64, explain


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (0, "null-offset"),
        (0x18, "null-offset"),
        (0xFFFF, "user"),
        (0xDEAD000000000100, "list-poison"),
        (0xDEAD000000000128, "list-poison"),
        (0x6B6B6B6B6B6B6B6B, "poison"),
        (0x6B6B6B6B6B6B6BA3, "poison"),
        (0x5A5A5A5A5A5A5A5A, "poison"),
        (0xFFFFFFFFFFFFFFF4, "error"),
        (int.from_bytes(b"hello wo", "little"), "text"),
        (0xFFFF888003A41000 ^ (1 << 62), "bit-flip"),
        (0x00007F2A11223344, "user"),
        (0xFFFF888003A41000, ""),
        (0xFFFFFFFF81000000, ""),
        (0x0123456789ABCDEF, ""),
    ],
)
def test_a_value_is_told_by_its_kind(value: int, kind: str) -> None:
    assert explain(value).kind == kind


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (0xFFFF3D0CCA481310, ""),  # the linear map of 48 bits
        (0xFFF00000031DDC80, ""),  # of 52 bits
        (0xFFFF800008003DE0, ""),  # a stack
        (0xBFFF3D0CCA481310, "bit-flip"),
        (0x0000FFFF98A41000, "user"),
        (0xDEAD000000000108, "list-poison"),
    ],
)
def test_arm64_has_more_addresses_of_the_kernel(value: int, kind: str) -> None:
    assert explain(value, ARM64).kind == kind


def test_an_error_pointer_names_its_number() -> None:
    assert explain((1 << 64) - 12).words == "the error number -12 used as a pointer"


def test_a_member_behind_a_poisoned_link_names_its_offset() -> None:
    assert explain(0xDEAD000000000108).words.endswith("plus 0x8")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0xDEAD000000000100, "LIST_POISON1"),
        (0xDEAD000000000122, "LIST_POISON2"),
        (0xDEAD000000000200, "LIST_POISON2"),  # before 5.3
        (0xDEAD000000000128, "LIST_POISON1"),
        (0xDEAD00000000012A, "LIST_POISON2"),
        (0x00200200, "LIST_POISON2"),
    ],
)
def test_both_ends_of_a_removed_entry_are_told_apart(value: int, words: str) -> None:
    assert explain(value).words.startswith(words)
