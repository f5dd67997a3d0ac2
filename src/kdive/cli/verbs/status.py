"""Say whether this machine is ready to capture a crash.

One screen: what is wrong first, then what is reserved and loaded, the image, where dumps go, the last test and the last
dump. `kdive doctor` looks closer. DIR is a saved tree of a machine's files, or a sosreport, unpacked.

Exits with 0 when a crash would be captured, with 3 when not.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_OK, KdiveError
from kdive.options import Opt

EXIT_NOT_READY = 3  # as kdumpctl and init scripts have it: not running


@dataclass(frozen=True)
class Options:
    root: Annotated[Path, Opt("DIR", "look at this saved tree instead of the machine", folder=True)] = Path("/")
    json: Annotated[bool, Opt(help="JSON")] = False


def run(options: Options, terminal: Terminal) -> int:
    """Writes the screen."""
    from kdive.kdump.doctor.host import Host
    from kdive.kdump.status import as_json, as_text, read_status
    from kdive.report.escape import lines_of

    if not options.root.is_dir():
        raise KdiveError(f"{options.root}: this is no folder", hint="give the folder of an unpacked tree")
    status = read_status(Host(options.root))
    terminal.write(as_json(status) if options.json else lines_of(as_text(status)))
    return EXIT_OK if status.ready else EXIT_NOT_READY
