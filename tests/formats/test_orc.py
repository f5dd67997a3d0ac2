from __future__ import annotations

import pytest

from kdive.formats.orc import ENTRY_SIZE, OrcEntry, Unwindable, unwindable


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        # 5.10 and 6.1: sp_reg 5 (sp), offset 8, type call
        ("080000000500", Unwindable.YES),
        ("100000000500", Unwindable.YES),
        # code that is not to be unwound, in every version
        ("000000000000", Unwindable.UNDEFINED),
        # 5.10: the bit `end`, 10 in the flags; since 6.4: type 1 in bits 8 to 10
        ("000000000004", Unwindable.END),
        ("000000000001", Unwindable.END),
        # an old end of stack with offset 0 and a register
        ("a80000000501", Unwindable.YES),
    ],
)
def test_entries_tell_whether_code_can_be_unwound(entry: str, expected: Unwindable) -> None:
    data = bytes.fromhex(entry)
    assert len(data) == ENTRY_SIZE
    assert unwindable(OrcEntry.read(data, 0, "<")) is expected
