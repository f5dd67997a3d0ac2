"""Say why the kernel crashed.

INPUT is a dump (or the folder it lies in), a log of the machine (a console log, vmcore-dmesg.txt, `journalctl -k`,
files of pstore), or facts that were saved with --save-facts. "-" reads a log from standard input.
No debuginfo is needed; where it is at hand, it is found or can be named, and the report says more.

With two inputs, it says whether both crashes are the same bug, and why.

Exits with 0 when there is a verdict, and with 1 when the machine reported no crash; of two, with 0 for the same bug.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from kdive.cli.files import write_file
from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_NO_VERDICT, EXIT_OK, KdiveError
from kdive.options import Arg, Opt

if TYPE_CHECKING:
    from kdive.facts.verdict import Report
    from kdive.pipeline.request import ReportRequest

_MAX_LOG_BYTES = 256 << 20  # read from standard input


@dataclass(frozen=True)
class Options:
    input: Annotated[Path, Arg("INPUT", 'a dump, its folder, a log, or saved facts; "-": a log on standard input')]
    other: Annotated[Path | None, Arg("OTHER", "a second crash: say whether both are the same bug")] = None
    vmlinux: Annotated[Path | None, Opt("FILE", "the kernel's debuginfo", exclusive="debuginfo")] = None
    no_debuginfo: Annotated[bool, Opt(help="use no debuginfo, even where it is at hand", exclusive="debuginfo")] = False
    debug_dir: Annotated[
        tuple[Path, ...], Opt("DIR", "look for debuginfo here first; may be repeated", folder=True)
    ] = ()
    force: Annotated[bool, Opt(help="use a vmlinux that does not belong to the dump")] = False
    console: Annotated[bool, Opt(help="take INPUT for a log, whatever it looks like")] = False
    brief: Annotated[bool, Opt(help="the answer alone, as fast as can be: nothing that does not change it is read")] = (
        False
    )
    md: Annotated[bool, Opt(help="Markdown, for a ticket", exclusive="format")] = False
    json: Annotated[bool, Opt(help="JSON, see docs/report-schema.md; also when it fails", exclusive="format")] = False
    html: Annotated[Path | None, Opt("FILE", "write one self-contained page as well")] = None
    save_facts: Annotated[Path | None, Opt("FILE", "write what was read, to report on it again elsewhere")] = None
    verify: Annotated[Path | None, Opt("FILE", "read each piece of evidence of a saved JSON report once more")] = None
    level: Annotated[
        str,
        Opt(
            "LEVEL",
            "what may be shown: private (all), team (no hosts, no network addresses), public (no command line and no"
            " kernel addresses either)",
            choices=("private", "team", "public"),
        ),
    ] = "private"
    width: Annotated[int, Opt("N", "columns of the text (default: the terminal's, else 80)")] = 0
    colour: Annotated[str, Opt("WHEN", "auto, always or never", choices=("auto", "always", "never"))] = "auto"


def run(options: Options, terminal: Terminal) -> int:
    """Writes the report; the exit code says whether there is a verdict."""
    try:
        report = _make_report(options, options.input, terminal)
        if options.other is not None:
            return _compare(options, report, _make_report(options, options.other, terminal), terminal)
        if options.verify is not None:
            from kdive.cli.verify_report import verify

            return verify(options.verify, report, options.json, terminal)
        _write_files(options, report)
    except KdiveError as error:
        _write_error(options, terminal, error.message, error.hint)
        raise
    except Exception as error:
        _write_error(options, terminal, f"a bug in kdive: {error!r}", "please report it, with the traceback")
        raise
    terminal.write(_render(options, report, terminal))
    verdict = report.diagnosis.verdict
    return EXIT_NO_VERDICT if verdict is None or verdict.class_ == "none" else EXIT_OK


def _compare(options: Options, first: Report, second: Report, terminal: Terminal) -> int:
    """Writes whether both are the same bug; exits with 0 when they are, most likely at least."""
    from kdive.diagnosis.compare import compare
    from kdive.facts.comparison import LIKELY_SAME, SAME

    if options.html or options.save_facts or options.md:
        raise KdiveError("two crashes are compared as text or JSON", hint="leave --html, --md and --save-facts out")
    comparison = compare(first, second)
    if options.json:
        import json

        from kdive.facts.codec import to_json

        terminal.write(json.dumps({"schema": "kdive-comparison/1", **to_json(comparison)}, indent=2))
    else:
        from kdive.report.comparison import answer, comparison_sections
        from kdive.report.text_page import render_sections

        width, colour = options.width or terminal.width, terminal.colour(options.colour)
        terminal.write(render_sections(answer(comparison), comparison_sections(comparison), width, colour))
    return EXIT_OK if comparison.answer in (SAME, LIKELY_SAME) else EXIT_NO_VERDICT


def _write_error(options: Options, terminal: Terminal, message: str, hint: str) -> None:
    """With --json, readers get JSON whatever happens."""
    if options.json:
        from kdive.report.to_json import render_error

        terminal.write(render_error(message, hint))


def _make_report(options: Options, path: Path, terminal: Terminal) -> Report:
    from kdive.pipeline.report import make_report

    request = _request(options, path, terminal)
    with terminal.progress() as progress:
        report = make_report(request, progress)
    if options.level == "private":
        return report
    from kdive.report.privacy import at_level

    return at_level(report, options.level)


def _request(options: Options, path: Path, terminal: Terminal) -> ReportRequest:
    from kdive.pipeline.request import ReportRequest

    from_stdin = str(path) == "-"
    return ReportRequest(
        path=Path("standard input") if from_stdin else path,
        text=terminal.read_input(_MAX_LOG_BYTES) if from_stdin else None,
        console=options.console,
        vmlinux=options.vmlinux,
        debug_dirs=options.debug_dir,
        force=options.force,
        no_debuginfo=options.no_debuginfo,
        # The other outputs show all that there is.
        brief=options.brief and not (options.html or options.save_facts),
    )


def _render(options: Options, report: Report, terminal: Terminal) -> str:
    if options.json:
        from kdive.report import to_json

        return to_json.render(report)
    if options.md:
        from kdive.report import to_markdown

        return to_markdown.render(report, options.brief)
    from kdive.report import to_text

    return to_text.render(report, options.width or terminal.width, terminal.colour(options.colour), options.brief)


def _write_files(options: Options, report: Report) -> None:
    if options.save_facts:
        import json

        from kdive.facts.codec import to_json

        write_file(options.save_facts, json.dumps(to_json(report.facts), indent=1))
    if options.html:
        from kdive.report import to_html

        write_file(options.html, to_html.render(report))
