"""Evidence out of a report, pointed at its own line of the log rather than at the report's headline."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from kdive.facts.log import Log
from kdive.facts.missing import Missing
from kdive.facts.verdict import Evidence, Finding

_REPORT_LINES = 200  # of a report, behind its headline
_OWN_LINES = frozenset(("ip", "frame", "register", "code", "allocated-by", "freed-by"))  # kinds that have one
_PLACE = re.compile(r"\bRIP: |\bpc : |\bNIP |\bepc : |\bPC is at |PSW")


def located(findings: Sequence[Finding], log: Log | Missing) -> list[Finding]:
    """`findings` with each piece of evidence at the first line, from the headline on, that says it."""
    if isinstance(log, Missing):
        return list(findings)
    lines = [line for record in log.records for line in record.text.split("\n")]
    return [
        replace(finding, evidence=tuple(_located(piece, lines) for piece in finding.evidence)) for finding in findings
    ]


def _located(piece: Evidence, lines: Sequence[str]) -> Evidence:
    if not piece.source.startswith("log:") or piece.kind not in _OWN_LINES:
        return piece
    start = int(piece.source.removeprefix("log:"))
    word = re.split(r"[ +:=]", piece.value)[0]
    wanted = word.upper() + ":" if piece.kind == "register" else word
    for number, line in enumerate(lines[start : start + _REPORT_LINES], start):
        if wanted in line and (piece.kind != "ip" or _PLACE.search(line)):
            return replace(piece, source=f"log:{number}")
    return piece
