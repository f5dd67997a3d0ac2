"""NULL pointers, and what is not one."""

from __future__ import annotations

from tests.diagnosis.reports import culprit, trace, verdict_of

END = "Kernel panic - not syncing: Fatal exception"


def test_the_offset_of_the_member_is_told() -> None:
    headline = "BUG: kernel NULL pointer dereference, address: 0000000000000028"
    verdict = verdict_of([headline, *trace("frob_read [frob]", "vfs_read"), END])
    assert culprit(verdict) == ("null-deref", "frob_read", "frob")
    assert verdict.title == "NULL pointer dereference in frob_read [frob]"
    assert "a member 0x28 bytes into a structure at NULL" in verdict.explanation


def test_a_call_through_null_is_blamed_on_its_caller() -> None:
    lines = trace("RIP", "frob_open [frob]", "vfs_open")
    lines[1] = "RIP: 0010:0x0"
    verdict = verdict_of(["BUG: kernel NULL pointer dereference, address: 0000000000000000", *lines, END])
    assert culprit(verdict) == ("null-deref", "frob_open", "frob")
    assert "called a function through a pointer that was never set" in verdict.explanation


def test_the_first_address_behind_the_page_is_no_null_pointer() -> None:
    headline = "BUG: unable to handle page fault for address: 0000000000001000"
    assert culprit(verdict_of([headline, *trace("frob_read [frob]"), END])) == ("page-fault", "frob_read", "frob")
