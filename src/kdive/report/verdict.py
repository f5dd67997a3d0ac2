"""The verdict on the page: what crashed, who is guilty, how sure that is, and what to do."""

from __future__ import annotations

from kdive.facts.verdict import Finding, Report
from kdive.report import words
from kdive.report.blocks import Fields, Items, Paragraph, Section, Table
from kdive.report.brief import confidence, guilty, kernel, when, who
from kdive.report.machine import module_taints


def verdict_fields(report: Report) -> Fields:
    """The answer: what, who, how sure, and which machine."""
    verdict = report.diagnosis.verdict
    rows = [] if verdict is None else _finding_rows(verdict, report)
    rows += [
        (name, value) for name, value in (("Task", who(report)), ("When", when(report)), ("Kernel", kernel(report)))
    ]
    signature = report.diagnosis.signature
    if signature.text or signature.key:
        rows.append(("Signature", f"{signature.text}  ({signature.key})" if signature.key else signature.text))
    return Fields(tuple((name, value) for name, value in rows if value))


def verdict_sections(report: Report) -> tuple[Section, ...]:
    """Plain words, next steps, doubts and evidence."""
    verdict = report.diagnosis.verdict
    if verdict is None:
        return ()
    sections = []
    if verdict.explanation:
        sections.append(Section("What happened", (Paragraph(verdict.explanation),)))
    if verdict.next_steps:
        sections.append(Section("Next steps", (Items(verdict.next_steps, numbered=True),)))
    if verdict.doubts:
        sections.append(Section("Doubts", (Items(verdict.doubts),)))
    if verdict.evidence:
        rows = tuple((item.id, item.source, item.value) for item in verdict.evidence)
        sections.append(Section("Evidence", (Table(("", "from", "what it says"), rows),)))
    others = tuple(_finding_line(finding) for finding in report.diagnosis.findings if finding != verdict)
    if others:
        sections.append(Section("Also found", (Items(others),)))
    return tuple(sections)


def _finding_rows(verdict: Finding, report: Report) -> list[tuple[str, str]]:
    rows = [("Class", verdict.class_)]
    if verdict.class_ != "none":
        taints = module_taints(report, verdict.module)
        rows += [
            ("Guilty", guilty(verdict) + (f", a module that is {taints}" if taints else "")),
            ("Confidence", confidence(verdict)),
            ("Ended by", verdict.panic_reason),
        ]
    return rows


def _finding_line(finding: Finding) -> str:
    where = f" in {words.place(finding.function, finding.module)}" if finding.function else ""
    return f"{finding.title} ({finding.class_}{where}; {finding.confidence})"
