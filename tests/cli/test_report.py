"""`kdive report`: from a real dump and a real log to a verdict."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.cli.run import kdive

SCHEMA = Path(__file__).parent.parent.parent / "docs" / "schema" / "kdive-report-1.json"


@pytest.fixture(scope="session")
def from_dump(sample_vmcore: Path) -> Any:
    """The JSON report on the bundled dump."""
    done = kdive("report", "--json", sample_vmcore)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.fixture(scope="session")
def from_log(sample_console: Path) -> Any:
    """The JSON report on the same machine's console log."""
    done = kdive("report", "--json", sample_console)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_json_fits_the_schema(from_dump: Any, from_log: Any) -> None:
    schema = json.loads(SCHEMA.read_text())
    for report in (from_dump, from_log):
        jsonschema.validate(report, schema, cls=jsonschema.Draft202012Validator)


def test_dump_and_log_give_the_same_verdict_and_signature(from_dump: Any, from_log: Any) -> None:
    for report in (from_dump, from_log):
        verdict = report["verdict"]
        assert (verdict["class"], verdict["function"], verdict["module"]) == ("kernel-bug", "zoo_bug_leaf", "crashzoo")
        assert report["error"] is None
    assert from_dump["signature"] == from_log["signature"]
    assert from_dump["signature"]["key"]


def test_the_stack_goes_from_the_guilty_function_to_its_callers(from_dump: Any) -> None:
    functions = [frame["function"] for frame in from_dump["stack"]]
    start = functions.index("zoo_bug_leaf")
    assert functions[start : start + 3] == ["zoo_bug_leaf", "zoo_bug", "zoo_init"]


def test_the_banner_names_the_crashed_task(from_dump: Any) -> None:
    banner = from_dump["banner"]
    assert (banner["command"], banner["pid"], banner["cpu"]) == ("insmod", 104, 0)
    assert banner["release"] == "5.10.0-32-cloud-amd64"
    assert banner["partial"] is True


def test_text_begins_with_the_verdict(sample_vmcore: Path) -> None:
    shown = kdive("report", sample_vmcore)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "zoo_bug_leaf" in "".join(shown.stdout.splitlines()[:4])
    assert "MACHINE: x86_64" in shown.stdout


def test_brief_says_the_same_in_a_few_lines(sample_vmcore: Path) -> None:
    shown = kdive("report", "--brief", sample_vmcore)
    assert shown.returncode == 0
    assert "kernel-bug in zoo_bug_leaf [crashzoo]" in shown.stdout
    assert 4 <= len(shown.stdout.splitlines()) <= 12


def test_brief_json_has_the_verdict_of_the_full_report(sample_vmcore: Path, from_dump: Any) -> None:
    quick = json.loads(kdive("report", "--brief", "--json", sample_vmcore).stdout)
    for member in ("class", "function", "module"):
        assert quick["verdict"][member] == from_dump["verdict"][member]


def test_markdown_and_html_say_the_same(sample_console: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    shown = kdive("report", "--md", "--html", page, sample_console)
    assert shown.returncode == 0
    assert shown.stdout.startswith("## ")
    assert "zoo_bug_leaf" in shown.stdout
    assert "zoo_bug_leaf" in page.read_text()


def test_a_log_is_read_from_standard_input(sample_console: Path, from_log: Any) -> None:
    shown = kdive("report", "--json", "-", stdin=sample_console.read_bytes())
    assert json.loads(shown.stdout)["verdict"] == from_log["verdict"]


def test_stored_facts_give_the_same_report(sample_vmcore: Path, from_dump: Any, tmp_path: Path) -> None:
    stored = tmp_path / "facts.json"
    assert kdive("report", "--brief", "--save-facts", stored, sample_vmcore).returncode == 0
    again = json.loads(kdive("report", "--json", stored).stdout)
    for member in ("verdict", "signature", "stack", "stacks", "banner", "rung"):
        assert again[member] == from_dump[member], member


def test_a_log_without_a_crash_has_class_none_and_exits_1(tmp_path: Path) -> None:
    quiet = tmp_path / "console.log"
    quiet.write_text("[    0.000000] Linux version 6.1.0\n[    1.000000] Run /init as init process\n")
    done = kdive("report", "--json", quiet)
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert (report["verdict"]["class"], report["verdict"]["function"]) == ("none", None)


@pytest.mark.parametrize("argv", [["/no/such/file"], ["--html", "/no/such/folder/x.html"]])
def test_a_failure_is_json_too(argv: list[str], sample_console: Path) -> None:
    done = kdive("report", "--json", *argv, *([sample_console] if len(argv) > 1 else []))
    assert done.returncode == 2
    failed = json.loads(done.stdout)
    assert failed["verdict"] is None
    assert failed["error"]["message"]
    assert failed["error"]["hint"]
    assert done.stderr.splitlines()[0] == f"kdive: {failed['error']['message']}"


def test_a_vmlinux_of_another_kernel_exits_3(sample_vmcore: Path, sample_module: Path) -> None:
    refused = kdive("report", "--vmlinux", sample_module, sample_vmcore)
    assert refused.returncode in (2, 3)
    assert len(refused.stderr.splitlines()) == 2


def test_hostile_text_of_a_log_does_not_reach_the_terminal() -> None:
    log = b"[    1.000000] kernel BUG at \x1b]0;owned\x07\x1b[2J\xff\xfex.c:1!\n[    1.1] RIP: 0010:f\x1b[31m+0x1/0x2\n"
    for form in ((), ("--brief",), ("--md",)):
        shown = kdive("report", *form, "-", stdin=log)
        assert "\x1b" not in shown.stdout + shown.stderr
        assert "Traceback" not in shown.stderr


def test_a_reader_that_goes_away_ends_it_silently(sample_console: Path) -> None:
    command = f"{sys.executable} -u -m kdive report {sample_console} | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] in ("0", "141")
    assert done.stderr == ""


def test_a_locale_without_unicode_gets_the_report_too(sample_console: Path) -> None:
    shown = kdive("report", sample_console, PYTHONIOENCODING="ascii", LC_ALL="C")
    assert shown.returncode == 0
    assert "zoo_bug_leaf" in shown.stdout
