"""Verdicts by the log alone: one real-looking log per class, with the function that its writer made guilty."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdive.diagnosis.engine import diagnose
from kdive.facts.verdict import Diagnosis
from kdive.pipeline.from_log import facts_of_log

LOGS = Path(__file__).parent.parent / "data" / "logs"

# log, class, guilty function, its module
CASES = [
    ("atomic-context", "atomic-context", "frob_sleepy", "frob"),
    ("boot-failure", "boot-failure", None, None),
    ("cpu-trap-arm64", "cpu-trap", "frob_undef", "frob"),
    ("cpu-trap-x86", "cpu-trap", "frob_ud2", "frob"),
    ("divide-error", "divide-error", "frob_divide", "frob"),
    ("double-fault", "double-fault", "frob_badstack", "frob"),
    ("external-abort", "external-abort", None, None),
    ("fs-panic", "fs-panic", "ext4_find_entry", None),
    ("gpf-x86", "gpf", "frob_unlink", "frob"),
    ("gpf-call", "gpf", "zoo_uaf_call_leaf", "crashzoo"),
    ("hard-lockup", "hard-lockup", "frob_hard", "frob"),
    ("hard-lockup-3.10", "hard-lockup", "frob_hard", "frob"),
    ("hung-task", "hung-task", "frob_wait", "frob"),
    ("init-died", "init-died", None, None),
    ("io-hang", "io-hang", None, None),
    ("kasan-invalid-free", "kasan-invalid-free", "frob_exit", "frob"),
    ("kasan-null-deref", "kasan-null-deref", "frob_touch", "frob"),
    ("kasan-oob", "kasan-oob", "frob_fill", "frob"),
    ("kasan-oob-decoded", "kasan-oob", "frob_bread_key", None),
    ("kasan-uaf", "kasan-uaf", "frob_get", "frob"),
    ("kasan-wild-access", "kasan-wild-access", "frob_touch", "frob"),
    ("kcsan", "kcsan", "frob_inc", "frob"),
    ("kernel-bug-arm64", "kernel-bug", "frob_assert", "frob"),
    ("kfence", "kfence", "frob_peek", "frob"),
    ("kmsan", "kmsan", "frob_check", "frob"),
    ("list-corruption-bug", "list-corruption", "zoo_list_leaf", "crashzoo"),
    ("list-corruption-warn-3.10", "list-corruption", "frob_queue", "frob"),
    ("lockdep", "lockdep", "frob_ab", "frob"),
    ("mce", "mce", None, None),
    ("memory-failure", "memory-failure", None, None),
    ("memory-leak", "memory-leak", "frob_open", "frob"),
    ("mm-corruption", "mm-corruption", "frob_free_page", "frob"),
    ("nmi", "nmi", None, None),
    ("none-near-misses", "none", None, None),
    ("null-deref-arm64", "null-deref", "frob_set", "frob"),
    ("null-deref-call-x86", "null-deref", "dev_open_op", "frobnet"),
    ("null-deref-ppc64", "null-deref", "frob_init", "frob"),
    ("null-deref-x86-3.10", "null-deref", "frob_read", "frob"),
    ("nx-smep-cfi-kcfi", "nx-smep-cfi", "frob_call", "frob"),
    ("nx-smep-cfi-nx", "nx-smep-cfi", "frob_jump", "frob"),
    ("oom-kill-only", "none", None, None),
    ("oom-panic", "oom-panic", None, None),
    ("page-fault-arm", "page-fault", "frob_ioctl", "frob"),
    ("page-fault-riscv", "page-fault", "frob_poke", "frob"),
    ("page-fault-s390x", "page-fault", "frob_show", "frob"),
    ("page-fault-x86", "page-fault", "frob_copy", "frob"),
    ("panic-other", "panic-other", "frob_giveup", "frob"),
    ("rcu-stall", "rcu-stall", "frob_rcu", "frob"),
    ("rcu-stall-self-3.10", "rcu-stall", "frob_rcu", "frob"),
    ("rcu-stall-self-x86", "rcu-stall", "frob_loop", "frob"),
    ("refcount", "refcount", "frob_put", "frob"),
    ("refcount-leak", "refcount-leak", None, None),
    ("serror", "serror", None, None),
    ("slab-corruption", "slab-corruption", "frob_open", "frob"),
    ("slab-double-free", "slab-corruption", "zoo_double_free_leaf", "crashzoo"),
    ("slab-poison", "slab-corruption", "zoo_uaf_write_leaf", "crashzoo"),
    ("soft-lockup", "soft-lockup", "frob_spin", "frob"),
    ("spinlock-bad-magic", "lockdep", "frob_lock", "frob"),
    ("stack-overflow-arm64", "stack-overflow", "frob_recurse", "frob"),
    ("stack-overflow-x86", "stack-overflow", "frob_recurse", "frob"),
    ("stack-protector", "stack-protector", "frob_smash", "frob"),
    ("sysrq-3.10", "sysrq", None, None),
    ("sysrq-after-oops", "null-deref", "frob_locked", "frob"),
    ("ubsan", "ubsan", "frob_index", None),
    ("usercopy", "usercopy", "frob_read", "frob"),
    ("warning-new-wording", "warning", "frob_check", "frob"),
    ("warning-panic", "warning", "frob_check", "frob"),
    ("workqueue-lockup", "workqueue-lockup", "frob_work", "frob"),
]


def diagnosis_of(name: str) -> Diagnosis:
    path = LOGS / f"{name}.log"
    return diagnose(facts_of_log(path, path.read_bytes()))


@pytest.mark.parametrize(("name", "class_", "function", "module"), CASES, ids=[case[0] for case in CASES])
def test_the_log_names_class_and_culprit(name: str, class_: str, function: str | None, module: str | None) -> None:
    verdict = diagnosis_of(name).verdict
    assert verdict is not None
    assert (verdict.class_, verdict.function, verdict.module) == (class_, function, module)


def test_a_hang_behind_an_oops_that_was_ended_by_hand_says_so() -> None:
    verdict = diagnosis_of("sysrq-after-oops").verdict
    assert verdict is not None
    assert verdict.panic_reason == "sysrq"


def test_wrappers_are_the_reason_of_the_end_and_not_the_cause() -> None:
    verdict = diagnosis_of("soft-lockup").verdict
    assert verdict is not None
    assert "softlockup: hung tasks" in verdict.panic_reason


def test_frames_that_were_passed_over_name_their_entry() -> None:
    verdict = diagnosis_of("kasan-oob").verdict
    assert verdict is not None
    assert ("memcpy", "T1.memory") in [(frame.function, frame.tier) for frame in verdict.skipped]


def test_the_place_of_a_fault_is_shown_at_its_own_line() -> None:
    verdict = diagnosis_of("null-deref-x86-3.10").verdict
    assert verdict is not None
    (place,) = [piece for piece in verdict.evidence if piece.kind == "ip"]
    line = int(place.source.removeprefix("log:"))
    facts = facts_of_log(LOGS, (LOGS / "null-deref-x86-3.10.log").read_bytes())
    assert "frob_read" in [one for record in facts.log.records for one in record.text.split("\n")][line]  # type: ignore[union-attr]


def test_evidence_has_ids_in_order() -> None:
    verdict = diagnosis_of("gpf-x86").verdict
    assert verdict is not None
    assert [piece.id for piece in verdict.evidence] == [f"E{number + 1}" for number in range(len(verdict.evidence))]


def test_a_log_without_a_crash_is_of_class_none_and_has_no_signature() -> None:
    diagnosis = diagnosis_of("none-near-misses")
    assert diagnosis.verdict is not None
    assert diagnosis.verdict.class_ == "none"
    assert (diagnosis.signature.text, diagnosis.signature.key) == ("", "")


def test_a_stall_s_bucket_is_where_the_cpu_entered_and_not_where_it_was_caught() -> None:
    diagnosis = diagnosis_of("soft-lockup")
    assert diagnosis.verdict is not None
    assert diagnosis.verdict.function == "frob_spin"
    assert diagnosis.signature.text == "kd1 soft-lockup:frob_work:frob"
