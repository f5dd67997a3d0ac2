"""Reference counts that went wrong."""

from __future__ import annotations

import pytest

from tests.diagnosis.reports import LIFE, culprit, trace, verdict_of


def warned(headline: str) -> list[str]:
    lines = trace("refcount_warn_saturate", "frob_put [frob]", "frob_ioctl [frob]")
    return [
        "------------[ cut here ]------------",
        headline,
        "WARNING: CPU: 1 PID: 77 at lib/refcount.c:28 refcount_warn_saturate+0x16/0x80",
        *lines[:-1],
    ]


@pytest.mark.parametrize(
    ("headline", "words"),
    [
        ("refcount_t: underflow; use-after-free.", "given back once too often"),
        ("refcount_t: addition on 0; use-after-free.", "after its last reference was given back"),
        ("refcount_t: saturated; leaking memory.", "references were taken without end"),
    ],
)
def test_the_caller_of_the_check_is_guilty_and_the_mistake_is_told(headline: str, words: str) -> None:
    verdict = verdict_of([*warned(headline), "Kernel panic - not syncing: panic_on_warn set ..."])
    assert culprit(verdict) == ("refcount", "frob_put", "frob")
    assert words in verdict.explanation


def test_a_count_that_went_wrong_on_a_machine_that_lived_on_is_no_crash() -> None:
    assert verdict_of([*warned("refcount_t: underflow; use-after-free."), *LIFE]).class_ == "none"
