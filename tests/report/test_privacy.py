"""What of a report leaves the house."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from kdive.diagnosis.engine import diagnose
from kdive.facts.codec import to_json
from kdive.facts.verdict import Report
from kdive.log.render import lines
from kdive.pipeline.report import make_report
from kdive.pipeline.request import ReportRequest
from kdive.report import to_html, to_markdown, to_text
from kdive.report import to_json as json_report
from kdive.report.privacy import PRIVATE, PUBLIC, TEAM, at_level
from tests.diagnosis.reports import facts_of, trace

SECRETS = {
    "host": "db-prod-17",
    "IP": "192.168.47.11",
    "IPv6": "fe80::5054:ff:fe12:3456",
    "long IPv6": "2001:db8:85a3:8d3:1319:8a2e:370:7348",
    "MAC": "52:54:00:ab:cd:ef",
    "UUID": "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
    "mail": "jane.doe@example.org",
    "serial": "CZ3142XYZ9",
}
OF_THE_KERNEL = {"command line": "secret_option=hunter2", "pointer": "ffff888003a14c00"}
LINES = [
    f"Linux version 6.1.0 ({SECRETS['mail']}) (gcc)",
    f"Command line: root=UUID={SECRETS['UUID']} {OF_THE_KERNEL['command line']}",
    f"eth0: {SECRETS['IP']} is up on {SECRETS['MAC']}, {SECRETS['IPv6']}, then {SECRETS['long IPv6']}",
    f"nfs: server {SECRETS['host']} not responding; usb 1-1: SerialNumber: {SECRETS['serial']}",
    "pci 0000:00:1f.2: [8086:2922] type 00 at 12:34:56, version 1.2.3.4-5",
    "BUG: kernel NULL pointer dereference, address: 0000000000000008",
    "Oops: 0000 [#1] SMP",
    *trace(
        "frob_read [frob]", "frob_poll [frob]", registers=[f"RAX: {OF_THE_KERNEL['pointer']} RBX: 0000000000000000"]
    ),
    "Kernel panic - not syncing: Fatal exception",
]


@pytest.fixture(scope="module")
def report() -> Report:
    facts = facts_of(LINES)
    banner = replace(facts.banner, nodename=SECRETS["host"], command_line=OF_THE_KERNEL["command line"])
    banner = replace(banner, dumpfile="/cases/ACME-4711/vmcore")
    facts = replace(facts, banner=banner, container=replace(facts.container, path="/cases/ACME-4711/vmcore"))
    return Report(facts, diagnose(facts), (), "")


def everything(report: Report) -> str:
    """All formats, one after the other."""
    texts = [to_text.render(report, 100, colour=False, brief=brief) for brief in (False, True)]
    texts += [to_markdown.render(report, False), json_report.render(report), to_html.render(report)]
    return "\n".join([*texts, json.dumps(to_json(report.facts))])


def test_everything_is_there_at_home(report: Report) -> None:
    shown = everything(at_level(report, PRIVATE))
    assert [name for name, text in (SECRETS | OF_THE_KERNEL).items() if text not in shown] == []


@pytest.mark.parametrize("level", [TEAM, PUBLIC])
def test_nothing_that_leads_to_a_machine_or_a_person_leaves_the_house(report: Report, level: str) -> None:
    shown = everything(at_level(report, level))
    assert [name for name, text in SECRETS.items() if text in shown] == []
    assert "ACME" not in shown


def test_no_command_line_and_no_kernel_address_is_public(report: Report) -> None:
    shown = everything(at_level(report, PUBLIC))
    assert [name for name, text in OF_THE_KERNEL.items() if text in shown] == []


@pytest.mark.parametrize("level", [TEAM, PUBLIC])
def test_the_verdict_and_the_place_of_its_evidence_stay(report: Report, level: str) -> None:
    masked = at_level(report, level)
    verdict, shown = report.diagnosis.verdict, masked.diagnosis.verdict
    assert verdict is not None and shown is not None
    assert (shown.class_, shown.function, shown.module) == ("null-deref", "frob_read", "frob")
    assert [item.source for item in shown.evidence] == [item.source for item in verdict.evidence]
    assert masked.diagnosis.signature == report.diagnosis.signature
    assert len(lines(masked.facts.log)) == len(LINES)  # type: ignore[arg-type]  # there is a log


def test_times_versions_and_devices_are_no_addresses(report: Report) -> None:
    text = "\n".join(lines(at_level(report, PUBLIC).facts.log))  # type: ignore[arg-type]  # there is a log
    assert "pci 0000:00:1f.2: [8086:2922] type 00 at 12:34:56, version 1.2.3.4-5" in text


def test_a_real_dump_shows_no_pointer_in_public(sample_vmcore: Path) -> None:
    report = make_report(ReportRequest(sample_vmcore, no_debuginfo=True), lambda what: None)
    assert "ffff" in everything(report)
    shown = everything(at_level(report, PUBLIC))
    assert "crashkernel=" not in shown
    assert "zoo_bug_leaf" in shown
    assert re.findall(r"ffff[0-9a-f]{12}", shown) == []
    assert [number for number in re.findall(r"\b[0-9]{19,20}\b", shown) if int(number) >= 1 << 63] == []
