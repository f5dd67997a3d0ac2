"""The end of the first process, and of other tasks that must not end."""

from __future__ import annotations

import pytest

from tests.diagnosis.reports import LIFE, culprit, verdict_of


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("0x0000000b", "was killed by signal 11 (SIGSEGV)"),
        ("0x00000087", "was killed by signal 7 (SIGBUS)"),
        ("0x00007f00", "exited by itself with status 127"),
        ("0x00000000", "exited by itself with status 0"),
    ],
)
def test_the_exit_code_is_decoded_and_no_function_is_guilty(code: str, words: str) -> None:
    verdict = verdict_of([f"Kernel panic - not syncing: Attempted to kill init! exitcode={code}"])
    assert culprit(verdict) == ("init-died", None, None)
    assert words in verdict.explanation


def test_the_end_of_the_idle_task_is_another_panic() -> None:
    verdict = verdict_of(["Kernel panic - not syncing: Attempted to kill the idle task!"])
    assert culprit(verdict) == ("panic-other", None, None)


@pytest.mark.parametrize(
    "line",
    [
        'containerd[812]: msg="Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b"',
        "frobd[812]: Attempted to kill init!",
        "systemd[1]: Shutting down.",
        "init[901]: segfault at 0 ip 00005555 sp 00007ffd error 6 in init[5555]",
    ],
)
def test_what_a_program_says_of_init_is_no_crash(line: str) -> None:
    assert verdict_of([line]).class_ == "none"
    assert verdict_of([line, *LIFE]).class_ == "none"
