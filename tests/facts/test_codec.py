"""Facts survive the way to JSON and back; hostile facts end in a KdiveError."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kdive.errors import KdiveError
from kdive.facts.codec import from_json, read_facts, to_json
from kdive.facts.crash import Facts, Rung
from kdive.facts.log import LogEvent, LogRecord
from kdive.facts.machine import Banner, Container
from kdive.facts.missing import Missing
from kdive.facts.stacks import Frame
from kdive.facts.verdict import Finding, Report
from kdive.units import Address
from tests.facts.strategies import values_of

PLAIN: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@pytest.mark.parametrize("type_", [LogRecord, LogEvent, Frame, Banner, Container, Finding, Rung])
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(choice=st.data())
def test_what_was_written_reads_back_the_same(type_: type, choice: st.DataObject) -> None:
    value = choice.draw(values_of(type_))
    assert from_json(type_, json.loads(json.dumps(to_json(value)))) == value


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(values_of(Report))
def test_a_whole_report_reads_back_the_same(report: Report) -> None:
    assert from_json(Report, json.loads(json.dumps(to_json(report)))) == report


def test_an_address_is_an_integer_and_missing_says_why() -> None:
    data = to_json(Banner(task=Address(0xFFFF9843C2F90000), panic=Missing("page excluded")))
    assert data["task"] == 0xFFFF9843C2F90000
    assert data["panic"] == {"missing": "page excluded"}


def test_a_finding_is_written_with_the_name_class() -> None:
    data = to_json(Finding("kernel-bug", "BUG", "certain", ()))
    assert data["class"] == "kernel-bug"
    assert "class_" not in data


def test_unknown_keys_are_ignored_and_absent_ones_take_their_default() -> None:
    assert from_json(Rung, {"name": "btf", "new in a later version": [1]}) == Rung("btf")


def test_a_wrong_shape_is_named_with_its_place() -> None:
    data = {"function": "f", "pc": "0x10"}
    with pytest.raises(KdiveError, match=r"no integer of 64 bits at frames\[1\]\.pc"):
        from_json(
            LogEvent, {"kind": "k", "line": 0, "end_line": 1, "headline": "h", "frames": [{"function": ""}, data]}
        )


@pytest.mark.parametrize("value", [True, 1 << 64, -(1 << 63) - 1, 1.0, "1", None, []])
def test_only_an_integer_of_64_bits_is_an_integer(value: object) -> None:
    with pytest.raises(KdiveError):
        from_json(LogEvent, {"kind": "k", "line": value, "end_line": 1, "headline": "h"})


@pytest.mark.parametrize("value", [[1, 2], [1, 2, 3, 4], [1, 2, "3"], [1, 2, 10**400], [1, 2, float("nan")], "abc"])
def test_a_load_average_is_three_finite_numbers(value: object) -> None:
    with pytest.raises(KdiveError):
        from_json(Banner, {"load_average": value})


def test_lone_surrogates_do_not_travel() -> None:
    assert to_json(LogRecord("a\udc80b")) == to_json(LogRecord("a?b"))
    assert from_json(LogRecord, {"text": "a\udc80b"}).text == "a?b"


@settings(deadline=None)
@given(PLAIN)
def test_any_data_gives_facts_or_a_kdive_error(data: Any) -> None:
    for type_ in (Facts, Banner, LogEvent):
        try:
            from_json(type_, data)
        except KdiveError as error:
            assert error.hint


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not valid JSON"),
        (b"\xff\xfe", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b"1" * 10_000, "not valid JSON"),
        (b"[{},{}]", "no schema"),
        (b'{"schema": "kdive-facts/99"}', "schema 'kdive-facts/99'"),
        (b'{"schema": "kdive-facts/1"}', "no 'container' at the top level"),
        (b"{}," * 2_000_001, "larger than stored facts can be"),
        (b" " * ((64 << 20) + 1), "larger than stored facts can be"),
    ],
)
def test_a_file_that_holds_no_facts_is_refused_in_one_line(data: bytes, words: str) -> None:
    with pytest.raises(KdiveError) as refused:
        read_facts(data, "facts.json")
    assert words in refused.value.message
    assert "\n" not in refused.value.message


def test_stored_facts_are_read_from_bytes() -> None:
    facts = Facts(Container("x", "elf"), Rung("log"), Banner(), Missing("a"), Missing("b"))
    assert read_facts(json.dumps(to_json(facts)).encode(), "facts.json") == facts
