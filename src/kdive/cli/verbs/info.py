"""Tell what a dump is.

Format, compression and dump level, which pages it keeps, the kernel and its build ID, when it crashed, and what
VMCOREINFO says: at once, whatever the size of the dump, and without debuginfo. FILE may be the folder of a dump.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_OK
from kdive.options import Arg, Opt


@dataclass(frozen=True)
class Options:
    file: Annotated[Path, Arg("FILE", "a dump, any file of a split one, or the folder it lies in")]
    json: Annotated[bool, Opt(help="JSON, with all notes and all of VMCOREINFO")] = False


def run(options: Options, terminal: Terminal) -> int:
    """Writes what the dump is."""
    from kdive.dumpfile.info import describe
    from kdive.dumpfile.open import open_dump

    with open_dump(options.file) as dump:
        info = describe(dump)
    if options.json:
        import json

        from kdive.facts.codec import to_json

        terminal.write(json.dumps({"schema": "kdive-info/1", **to_json(info)}, indent=2))
        return EXIT_OK
    from kdive.report.dump_info import info_section
    from kdive.report.text_page import render_sections

    terminal.write(render_sections(info.container.path, [info_section(info)], terminal.width, terminal.colour("auto")))
    return EXIT_OK
