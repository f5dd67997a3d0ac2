"""Check each link of the chain from a crash to its dump.

  kdive doctor
  kdive doctor memory-reserved panic-triggers
  kdive doctor --fix panic-triggers
  kdive doctor --root sosreport-web1/ --json

Each check says what it found and where, and what to do about it; --fix does it where that is safe. Nothing is written
without --fix, nothing is loaded, and nothing is sent without --network. DIR is a saved tree of a machine's files
(/proc, /sys, /etc, /boot), or a sosreport, unpacked.

Exits with 0 when all is well, with 1 for warnings, with 2 when a crash would not be captured.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_OK, KdiveError
from kdive.options import Arg, Opt

if TYPE_CHECKING:
    from kdive.kdump.doctor.examine import Checked
    from kdive.kdump.doctor.host import Host

_EXIT_CODES = {"ok": EXIT_OK, "skip": EXIT_OK, "warn": 1, "fail": 2}


@dataclass(frozen=True)
class Options:
    check: Annotated[tuple[str, ...], Arg("CHECK", "look at these alone (default: at all)")] = ()
    root: Annotated[Path, Opt("DIR", "look at this saved tree instead of the machine", folder=True)] = Path("/")
    fix: Annotated[bool, Opt(help="mend what the checks find, where that is safe")] = False
    network: Annotated[bool, Opt(help="ask the dump's target whether it answers")] = False
    full: Annotated[bool, Opt(help="explain every check, and show what it saw")] = False
    list: Annotated[bool, Opt(help="list the checks, and look at nothing")] = False
    json: Annotated[bool, Opt(help="JSON")] = False


def run(options: Options, terminal: Terminal) -> int:
    """Writes what is found; mends it before, where that is wanted."""
    from kdive.kdump.doctor import page
    from kdive.kdump.doctor.examine import examine, known, worst
    from kdive.kdump.doctor.host import Host
    from kdive.report.escape import lines_of

    if options.list:
        terminal.write("\n".join(known()))
        return EXIT_OK
    if not options.root.is_dir():
        raise KdiveError(f"{options.root}: this is no folder", hint="give the folder of an unpacked tree")
    host = Host(options.root, network=options.network)
    checked = examine(host, options.check)
    if options.fix:
        checked = _mended(host, checked, options, terminal)
    if options.json:
        terminal.write(page.as_json(checked, str(options.root)))
    else:
        terminal.write(lines_of(page.as_text(checked, terminal.width, options.full)))
    return _EXIT_CODES[worst(checked)]


def _mended(host: Host, checked: tuple[Checked, ...], options: Options, terminal: Terminal) -> tuple[Checked, ...]:
    """What the checks find after everything was mended that can be; each may uncover another."""
    from kdive.facts.missing import Missing
    from kdive.kdump.doctor.examine import examine, mend

    if not host.live:
        raise KdiveError("a saved tree is evidence, and stays as it is", hint="run it on the machine itself")
    tried: set[str] = set()
    while wrong := next((one for one in checked if one.fixable and one.id not in tried), None):
        tried.add(wrong.id)
        try:
            done = mend(host, wrong)
        except KdiveError as error:
            terminal.complain(error)
        else:
            terminal.note(f"{wrong.id}: {done.reason if isinstance(done, Missing) else done}")
        host = host.again()
        checked = examine(host, options.check)
    return checked
