"""`kdive report DUMP --verify report.json`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kdive.cli.main import run


@pytest.fixture(scope="module")
def saved(sample_vmcore: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The sample's report as JSON."""
    import contextlib
    import io

    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        assert run(["report", "--json", "--no-debuginfo", str(sample_vmcore)]) == 0
    return text.getvalue()


def test_every_piece_of_evidence_of_the_sample_holds(
    saved: str, sample_vmcore: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "report.json").write_text(saved)
    assert run(["report", "--no-debuginfo", str(sample_vmcore), "--verify", str(tmp_path / "report.json")]) == 0
    out = capsys.readouterr().out.splitlines()
    count = len(json.loads(saved)["verdict"]["evidence"])
    assert sum(" confirmed " in line for line in out) >= count > 2
    assert out[-1].endswith("pieces of evidence hold")


def test_an_invented_frame_is_found_out(
    saved: str, sample_vmcore: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = json.loads(saved)
    frame = next(item for item in data["verdict"]["evidence"] if item["source"].startswith("stack:"))
    frame["value"] = "invented_function+0x16"
    (tmp_path / "report.json").write_text(json.dumps(data))
    assert run(["report", "--no-debuginfo", str(sample_vmcore), "--verify", str(tmp_path / "report.json")]) == 1
    out = capsys.readouterr().out
    assert "contradicted" in out
    assert "there is: zoo_bug_leaf+0x16 [crashzoo]" in out


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": "kdive-report/1"}', '{"schema": 1}', "[" * 100_000])
def test_what_is_no_report_is_an_error(text: str, sample_console: Path, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(text)
    assert run(["report", str(sample_console), "--verify", str(tmp_path / "report.json")]) == 2
