"""A saved report held against its dump: `kdive report DUMP --verify report.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_NO_VERDICT, EXIT_OK, KdiveError
from kdive.facts.codec import from_json, to_json
from kdive.facts.recheck import CONFIRMED, Rechecked
from kdive.facts.verdict import Evidence, Report
from kdive.report.escape import printable

_LIMIT_BYTES = 64 << 20
_CLAIMS_LIMIT = 10_000


def verify(saved: Path, report: Report, as_json: bool, terminal: Terminal) -> int:
    """Writes what became of each piece of evidence; exits with 0 when all of them hold."""
    from kdive.diagnosis.recheck import recheck

    data = _read(saved)
    claims = [claim for finding in _findings(data) for claim in _claims(saved, finding)]
    if not claims:
        raise KdiveError(f"{saved}: has no evidence to verify", hint="save it with `kdive report --json`")
    checked = recheck(report.facts, report.diagnosis, list(dict.fromkeys(claims))[:_CLAIMS_LIMIT])
    signature = data.get("signature")
    key = signature.get("key") if isinstance(signature, dict) else ""
    same = key == report.diagnosis.signature.key
    if as_json:
        shown = {"schema": "kdive-verified/1", "same_signature": same, "evidence": to_json(checked)}
        terminal.write(json.dumps(shown, indent=2))
    else:
        terminal.write("\n".join(_lines(checked, same)))
    return EXIT_OK if same and all(one.answer == CONFIRMED for one in checked) else EXIT_NO_VERDICT


def _lines(checked: tuple[Rechecked, ...], same: bool) -> list[str]:
    lines = []
    for one in checked:
        claim = one.claim
        lines.append(f"{claim.id or '-':<4} {one.answer:<13} {claim.source:<18} {printable(claim.value)}")
        if one.answer != CONFIRMED:
            lines.append(f"{'':<37} there is: {printable(one.found)}")
    held = sum(one.answer == CONFIRMED for one in checked)
    other = "" if same else "; the signature is another one: the report is not of this crash, or of an older kdive"
    return [*lines, f"{held} of {len(checked)} pieces of evidence hold{other}"]


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            text = file.read(_LIMIT_BYTES + 1)
        data = json.loads(text) if len(text) <= _LIMIT_BYTES else None
    except OSError as error:
        raise KdiveError(f"{path}: {error.strerror}", hint="check the name and the permissions") from None
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict) or not str(data.get("schema", "")).startswith("kdive-report/"):
        raise KdiveError(f"{path}: not a report", hint="save one with `kdive report --json`")
    return data


def _findings(data: dict[str, Any]) -> list[Any]:
    findings = data.get("findings")
    return [data.get("verdict"), *(findings if isinstance(findings, list) else [])]


def _claims(path: Path, finding: Any) -> list[Evidence]:
    evidence = finding.get("evidence") if isinstance(finding, dict) else None
    try:
        return [from_json(Evidence, item) for item in evidence] if isinstance(evidence, list) else []
    except KdiveError as error:
        raise KdiveError(f"{path}: {error.message}", hint="save the report again") from None
