"""Classes that need no more than their row in the table."""

from __future__ import annotations

from dataclasses import replace

from kdive.facts.log import Log
from kdive.facts.verdict import CERTAIN, LIKELY
from tests.diagnosis.reports import LIFE, culprit, facts_of, verdict_of


def test_hardware_is_guilty_and_no_function() -> None:
    verdict = verdict_of(["Kernel panic - not syncing: mce: Fatal local machine check"])
    assert culprit(verdict) == ("mce", None, None)
    assert "No software is at fault" in verdict.explanation


def test_a_log_without_a_crash_says_so() -> None:
    verdict = verdict_of(LIFE)
    assert (verdict.class_, verdict.title, verdict.confidence) == ("none", "no crash in this log", CERTAIN)


def test_a_log_without_a_crash_whose_beginning_is_lost_is_less_sure() -> None:
    log = facts_of(LIFE).log
    assert isinstance(log, Log)
    verdict = verdict_of(LIFE, log=replace(log, lost_records=7))
    assert (verdict.class_, verdict.confidence) == ("none", LIKELY)
    assert any("overwritten" in doubt for doubt in verdict.doubts)
