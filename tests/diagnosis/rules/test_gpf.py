"""General protection faults, the kernel's and those of programs."""

from __future__ import annotations

from tests.diagnosis.reports import LIFE, culprit, trace, verdict_of

END = "Kernel panic - not syncing: Fatal exception"


def test_list_poison_in_the_address_names_the_kind_of_mistake() -> None:
    headline = "general protection fault, probably for non-canonical address 0xdead000000000122: 0000 [#1] SMP"
    verdict = verdict_of([headline, *trace("frob_unlink [frob]", "frob_ioctl [frob]"), END])
    assert culprit(verdict) == ("gpf", "frob_unlink", "frob")
    assert "LIST_POISON2" in verdict.explanation


def test_a_register_speaks_where_the_headline_has_no_address() -> None:
    registers = ["RAX: 6b6b6b6b6b6b6b6b RBX: 0000000000000000 RCX: 0000000000000001"]
    lines = ["general protection fault: 0000 [#1] SMP", *trace("frob_unlink [frob]", registers=registers), END]
    verdict = verdict_of(lines)
    assert "Register rax held freed memory (slab poison 0x6b)." in verdict.explanation


def test_ordinary_registers_say_nothing() -> None:
    registers = ["RAX: 0000000000000005 RBX: 00007ffd11223344 RCX: ffff888003a41000"]
    lines = ["general protection fault: 0000 [#1] SMP", *trace("frob_unlink [frob]", registers=registers), END]
    assert "Register" not in verdict_of(lines).explanation


def test_a_program_s_fault_is_no_crash_of_the_kernel() -> None:
    assert verdict_of(["traps: frobd[812] general protection fault ip:5555 sp:7ffd error:0", *LIFE]).class_ == "none"
