"""List the crash dumps on this machine.

  kdive list
  kdive list /mnt/crashes --json

The newest first: kdive's own, and those of kdump-utils and kdump-tools. Without FOLDER it looks where the configuration
sends dumps to. `kdive report FOLDER` says why that crash happened.

Exits with 1 when there are none.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_NO_VERDICT, EXIT_OK
from kdive.options import Arg, Opt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kdive.kdump.dumps import StoredDump


@dataclass(frozen=True)
class Options:
    folder: Annotated[tuple[Path, ...], Arg("FOLDER", "where dumps lie (default: as configured)")] = ()
    json: Annotated[bool, Opt(help="JSON")] = False


def run(options: Options, terminal: Terminal) -> int:
    """Writes a line for each dump."""
    from kdive.kdump.dumps import dumps_in
    from kdive.kdump.places import configured, dump_folders

    folders = list(options.folder) or dump_folders(configured())
    dumps = dumps_in(folders)
    if options.json:
        terminal.write(_json(dumps))
    else:
        where = ", ".join(map(str, folders))
        terminal.write("\n".join(map(line, dumps)) if dumps else f"no dumps in {where}")
    return EXIT_OK if dumps else EXIT_NO_VERDICT


def line(dump: StoredDump) -> str:
    """The dump in one line, with what is not as it should be at its end."""
    from kdive.report.escape import printable
    from kdive.report.words import date, size

    kernel = dump.kernel if isinstance(dump.kernel, str) else ""
    notes = [*([f"incomplete: {dump.problem}"] if dump.problem else []), *(["a test"] if dump.test_id else [])]
    text = f"{date(dump.time)}  {size(dump.size):>8}  {dump.folder}"
    return printable("  ".join(filter(None, [text, kernel, "; ".join(notes)])))


def _json(dumps: Sequence[StoredDump]) -> str:
    import json

    from kdive.facts.codec import to_json

    return json.dumps({"schema": "kdive-dumps/1", "dumps": to_json(tuple(dumps))}, indent=2)
