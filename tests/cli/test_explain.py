"""`kdive explain`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from kdive.cli.main import run
from kdive.compat.taint import letters
from kdive.diagnosis.classes import classes
from kdive.facts.verdict import CONFIDENCES
from kdive.kdump.doctor.examine import known as checks
from kdive.report.explanations import explanations

SOURCE = Path(__file__).parent.parent.parent / "src" / "kdive"


def explain(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert run(["explain", *words]) == 0
    return capsys.readouterr().out


def test_a_field_of_the_banner_is_explained_however_it_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert "blocked" in explain(capsys, "load", "average")
    assert explain(capsys, "LOAD AVERAGE") == explain(capsys, "load average")


def test_a_class_says_what_it_is_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    text = explain(capsys, "soft-lockup")
    assert classes()["soft-lockup"].meaning[:30] in " ".join(text.split())


def test_taints_are_explained_together(capsys: pytest.CaptureFixture[str]) -> None:
    text = explain(capsys, "GOE")
    assert "outside of the kernel's own source" in " ".join(text.split())
    assert "without a valid signature" in " ".join(text.split())


def test_a_group_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    text = explain(capsys, "check")
    assert all(name in text for name in checks())


def test_a_typing_error_is_answered_with_what_is_like_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "soft-lokup"]) == 2
    assert "did you mean hard-lockup, soft-lockup" in capsys.readouterr().err


def test_everything_has_a_text(capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(explain(capsys, "--json"))["explanations"]
    assert all(one["text"].strip().endswith((".", ")", "…")) for one in data), [
        one["name"] for one in data if not one["text"].strip().endswith((".", ")", "…"))
    ]
    names = {(one["kind"], one["name"]) for one in data}
    assert len(names) == len(data)


def test_nothing_that_a_report_can_say_is_left_out() -> None:
    named = {(one.kind, one.name) for one in explanations()}
    assert {("confidence", name) for name in CONFIDENCES} <= named
    assert {("taint", letter) for letter in letters(-1)} <= named
    kinds = {
        kind
        for path in (SOURCE / "diagnosis").rglob("*.py")
        for kind in re.findall(r'Evidence\([^)]*"([a-z-]+)"\)', path.read_text())
    }
    assert {("evidence", kind) for kind in kinds} <= named
    banner = (SOURCE / "report" / "banner.py").read_text()
    assert {("field", name) for name in re.findall(r'^        \("([A-Z ]+)", ', banner, re.M)} <= named
