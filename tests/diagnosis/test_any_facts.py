"""Whatever the facts, there is a diagnosis and no exception."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from kdive.diagnosis.engine import diagnose, settled_by_log
from kdive.facts.crash import Facts
from kdive.facts.verdict import CONFIDENCES
from tests.facts.strategies import values_of


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(values_of(Facts))
def test_any_facts_give_a_diagnosis(facts: Facts) -> None:
    diagnosis = diagnose(facts)
    if diagnosis.verdict is not None:
        assert diagnosis.verdict.confidence in CONFIDENCES
        assert diagnosis.findings[0] == diagnosis.verdict
    settled_by_log(facts)
