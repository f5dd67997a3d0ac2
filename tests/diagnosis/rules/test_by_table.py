"""Classes that need no more than their row in the table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kdive.diagnosis.engine import diagnose
from kdive.facts.log import Log
from kdive.facts.verdict import CERTAIN, LIKELY
from kdive.pipeline.from_log import facts_of_log
from tests.diagnosis.reports import LIFE, culprit, facts_of, verdict_of


def test_hardware_is_guilty_and_no_function() -> None:
    verdict = verdict_of(["Kernel panic - not syncing: mce: Fatal local machine check"])
    assert culprit(verdict) == ("mce", None, None)
    assert "No software is at fault" in verdict.explanation


def test_who_allocated_and_freed_the_object_is_told() -> None:
    log = Path(__file__).parents[2] / "data" / "logs" / "kasan-uaf.log"
    verdict = diagnose(facts_of_log(log, log.read_bytes())).verdict
    assert verdict is not None
    assert (
        "The object of 64 bytes in the cache kmalloc-64 was allocated by `frob_open` and freed by `frob_release`."
        in (verdict.explanation)
    )
    history = [(piece.kind, piece.value) for piece in verdict.evidence]
    assert ("allocated-by", "frob_open") in history
    assert ("freed-by", "frob_release") in history


def test_a_log_without_a_crash_says_so() -> None:
    verdict = verdict_of(LIFE)
    assert (verdict.class_, verdict.title, verdict.confidence) == ("none", "no crash in this log", CERTAIN)


def test_a_log_without_a_crash_whose_beginning_is_lost_is_less_sure() -> None:
    log = facts_of(LIFE).log
    assert isinstance(log, Log)
    verdict = verdict_of(LIFE, log=replace(log, lost_records=7))
    assert (verdict.class_, verdict.confidence) == ("none", LIKELY)
    assert any("overwritten" in doubt for doubt in verdict.doubts)
