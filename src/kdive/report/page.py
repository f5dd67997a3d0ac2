"""The whole report as a page, most important first."""

from __future__ import annotations

from kdive.facts.verdict import Report
from kdive.report.banner import banner_section, dump_section
from kdive.report.blocks import Page
from kdive.report.brief import title
from kdive.report.crashed import stack_section
from kdive.report.gaps import gaps_sections
from kdive.report.log_lines import log_section
from kdive.report.machine import blocked_section, cpus_section, memory_section, modules_section
from kdive.report.verdict import verdict_fields, verdict_sections


def make_page(report: Report) -> Page:
    """The page that every renderer shows."""
    return Page(
        title=title(report),
        verdict=verdict_fields(report),
        sections=(
            *verdict_sections(report),
            *stack_section(report),
            *log_section(report),
            banner_section(report),
            *cpus_section(report),
            *blocked_section(report),
            *modules_section(report),
            *memory_section(report),
            dump_section(report),
            *gaps_sections(report),
        ),
    )
