"""Say what differs between two dumps, logs or saved facts: kernel, modules, tasks, memory.

  kdive diff vmcore-monday vmcore-tuesday

For whether two crashes are the same bug: `kdive report A B`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_NO_VERDICT, EXIT_OK
from kdive.options import Arg, Opt


@dataclass(frozen=True)
class Options:
    first: Annotated[Path, Arg("A", "a dump, its folder, a log, or saved facts")]
    second: Annotated[Path, Arg("B", "what to hold against it")]
    json: Annotated[bool, Opt(help="JSON")] = False


def run(options: Options, terminal: Terminal) -> int:
    """Writes what differs; exits with 0 where nothing does, else with 1."""
    from kdive.diagnosis.differences import differences_of_facts
    from kdive.pipeline.report import read_facts_of
    from kdive.pipeline.request import ReportRequest

    with terminal.progress() as progress:
        first, second = (read_facts_of(ReportRequest(path), progress) for path in (options.first, options.second))
    found = differences_of_facts(first, second)
    if options.json:
        import json

        from kdive.facts.codec import to_json

        terminal.write(json.dumps({"schema": "kdive-diff/1", "differences": to_json(found)}, indent=2))
    else:
        from kdive.report.comparison import difference_sections
        from kdive.report.text_page import render_sections

        title = f"{options.first} and {options.second}: " + (f"{len(found)} differences" if found else "no differences")
        terminal.write(render_sections(title, difference_sections(found), terminal.width, terminal.colour("auto")))
    return EXIT_NO_VERDICT if found else EXIT_OK
