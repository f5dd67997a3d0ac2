"""Members of structures that only the dump describes."""

from __future__ import annotations

import struct

import pytest

from kdive.compat.members import Members
from kdive.errors import DumpDamagedError


def test_values_come_in_the_order_in_which_they_were_asked_for() -> None:
    members = Members("s", 24, {"last": (16, "I"), "first": (0, "Q"), "middle": (10, "H")}, "<")
    data = b"\xff" * 3 + struct.pack("<QxxHxxxxIxxxx", 1, 2, 3)
    assert members.read(data, 3) == (3, 1, 2)
    assert members.size == 24


def test_members_in_the_order_of_their_offsets_are_read_in_it() -> None:
    members = Members("s", 12, {"one": (0, "I"), "two": (8, "I")}, ">")
    assert members.read(struct.pack(">III", 1, 9, 2)) == (1, 2)


def test_a_single_member_is_a_tuple_too() -> None:
    assert Members("s", 8, {"only": (4, "I")}, "<").read(struct.pack("<II", 7, 8)) == (8,)


@pytest.mark.parametrize(
    "members", [{"a": (0, "Q"), "b": (7, "B")}, {"a": (5, "I")}, {"a": (-1, "B")}, {"a": (1 << 70, "B")}]
)
def test_members_that_overlap_or_do_not_fit_are_refused(members: dict[str, tuple[int, str]]) -> None:
    with pytest.raises(DumpDamagedError, match="VMCOREINFO is damaged"):
        Members("s", 8, members, "<")
