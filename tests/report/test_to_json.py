"""The JSON report: what docs/report-schema.md promises."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from kdive.facts.codec import from_json, to_json
from kdive.facts.crash import Facts
from kdive.facts.verdict import Report
from kdive.report.to_json import render, render_error
from tests.report.build_report import bare_report, hostile_report, report_with, sample_report

DOCS = Path(__file__).parent.parent.parent / "docs"


def schema() -> Any:
    return json.loads((DOCS / "schema" / "kdive-report-1.json").read_text())


def data(report: Report) -> Any:
    return json.loads(render(report))


@pytest.mark.parametrize("report", [sample_report(), hostile_report(), bare_report(), report_with(None)])
def test_a_report_fits_the_schema(report: Report) -> None:
    jsonschema.validate(data(report), schema(), cls=jsonschema.Draft202012Validator)


def test_an_error_fits_the_schema() -> None:
    failed = json.loads(render_error("no such file", "check the name"))
    jsonschema.validate(failed, schema(), cls=jsonschema.Draft202012Validator)
    assert failed["verdict"] is None
    assert failed["error"] == {"message": "no such file", "hint": "check the name"}


def test_the_schema_names_every_member() -> None:
    properties = schema()["$defs"]["report"]["properties"]
    assert set(data(sample_report())) == set(properties)
    text = (DOCS / "report-schema.md").read_text()
    assert all(f"`{name}`" in text for name in properties)


def test_the_verdict_holds_class_function_and_module() -> None:
    found = data(sample_report())
    assert found["schema"] == "kdive-report/1"
    assert found["rung"] == "btf"
    assert found["lift"] == "install linux-image-5.10.0-32-cloud-amd64-dbg"
    verdict = found["verdict"]
    assert (verdict["class"], verdict["function"], verdict["module"]) == ("kernel-bug", "zoo_bug_leaf", "crashzoo")
    assert verdict["evidence"][0] == {
        "id": "E1",
        "kind": "headline",
        "source": "log:2",
        "value": "kernel BUG at crashzoo.c:59!",
    }
    assert found["signature"] == {"text": "kd1:kernel-bug:zoo_bug_leaf:crashzoo", "key": "abcdefghijklm"}


def test_a_frame_of_the_kernel_has_module_null() -> None:
    found = data(sample_report())
    assert [frame["module"] for frame in found["stack"]] == [None, "crashzoo", "crashzoo", None]
    assert found["verdict"]["skipped"][0]["module"] is None
    assert found["stacks"][1]["frames"][0]["module"] is None


def test_what_is_missing_says_why() -> None:
    found = data(sample_report())
    assert found["banner"]["kernel"] == {"missing": "no debuginfo"}
    assert found["missing"] == [
        {"fact": "banner.kernel", "reason": "no debuginfo"},
        {"fact": "memory.slab", "reason": "no vmstat"},
    ]


def test_no_verdict_is_null_with_an_error() -> None:
    found = data(report_with(None))
    assert found["verdict"] is None
    assert found["error"]["message"]


def test_the_facts_of_a_report_can_be_stored_and_read_back() -> None:
    facts = hostile_report().facts
    assert from_json(Facts, json.loads(json.dumps(to_json(facts)))) == facts
