"""Bad addresses, and what programs do to themselves."""

from __future__ import annotations

import pytest

from tests.diagnosis.reports import LIFE, culprit, trace, verdict_of

END = "Kernel panic - not syncing: Fatal exception"


@pytest.mark.parametrize(
    ("address", "words", "step"),
    [
        ("6b6b6b6b6b6b6ba3", "freed memory (slab poison 0x6b)", "after it was freed"),
        ("dead000000000108", "LIST_POISON1", "removed from its list"),
        ("fffffffffffffff4", "the error number -12 used as a pointer", "IS_ERR()"),
        ("0000746e65726170", 'the text "parent"', "whose string"),
        ("00007f2a11223344", "an address of user space", "copy_from_user()"),
    ],
)
def test_what_the_address_tells_is_told(address: str, words: str, step: str) -> None:
    headline = f"BUG: unable to handle page fault for address: {address}"
    verdict = verdict_of([headline, *trace("frob_read [frob]", "vfs_read"), END])
    assert culprit(verdict) == ("page-fault", "frob_read", "frob")
    assert words in verdict.explanation
    assert any(step in one for one in verdict.next_steps)


def test_an_address_that_tells_nothing_is_only_named() -> None:
    headline = "BUG: unable to handle page fault for address: ffffc90000a41000"
    verdict = verdict_of([headline, *trace("frob_read [frob]"), END])
    assert verdict.explanation.startswith("The kernel used an address that is no good. It happened while")
    assert [piece.value for piece in verdict.evidence if piece.kind == "address"] == ["0xffffc90000a41000"]


def test_a_program_s_segfault_is_no_crash_of_the_kernel() -> None:
    line = "frobd[812]: segfault at 6b6b6b6b ip 00005555 sp 00007ffd error 4 in frobd[5555]"
    assert verdict_of([line, *LIFE]).class_ == "none"


@pytest.mark.parametrize(
    ("code", "access", "words"),
    [
        ("0002", "write", "where it has no memory"),
        ("0003", "write", "is write-protected"),
        ("0009", "read", "bits that must not be set"),
    ],
)
def test_the_error_code_tells_what_was_wrong_with_the_access(code: str, access: str, words: str) -> None:
    lines = [
        "BUG: unable to handle page fault for address: ffffffff81a41000",
        f"#PF: supervisor {access} access in kernel mode",
        f"#PF: error_code(0x{code}) - {'permissions violation' if int(code, 16) & 1 else 'not-present page'}",
        f"Oops: {code} [#1] PREEMPT SMP NOPTI",
        *trace("frob_patch [frob]", registers=["RSP: 0018:ffffc90000257e10 EFLAGS: 00010202"]),
    ]
    verdict = verdict_of([*lines, END])
    assert culprit(verdict) == ("page-fault", "frob_patch", "frob")
    assert words in verdict.explanation
