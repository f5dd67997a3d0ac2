"""Report on dumps that nobody has reported on yet; a unit runs this at each boot.

A new dump gets report.txt, report.html and report.json beside it, one line goes to the journal and is shown at login,
and mail and webhook of the configuration are told. A dump is never reported on twice. When the machine was crashed by
`kdive test`, the test gets its result. A dump on a raw partition is saved first; where the configuration says how many
dumps to keep, older ones go.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_OK, KdiveError
from kdive.options import Arg, Opt
from kdive.units import UnixSeconds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kdive.kdump.after import Told
    from kdive.kdump.config import KdumpConfig
    from kdive.kdump.dumps import StoredDump


@dataclass(frozen=True)
class Options:
    folder: Annotated[tuple[Path, ...], Arg("FOLDER", "where dumps lie (default: as configured)")] = ()
    quiet: Annotated[bool, Opt(help="tell nobody: neither journal nor login, mail or webhook", short="q")] = False
    deadline: Annotated[int, Opt("SECONDS", "for all reports together (default: 900)")] = 900


def run(options: Options, terminal: Terminal) -> int:
    """Reports, and writes a line for each."""
    from kdive.kdump import after, notices
    from kdive.kdump.dumps import dumps_in
    from kdive.kdump.places import configured, dump_folders

    with after.alone() as first:
        if not first:
            terminal.note("another kdive after is at work")
            return EXIT_OK
        config = configured()
        _try(terminal, lambda: _recover(config, terminal))
        dumps = dumps_in(list(options.folder) or dump_folders(config))
        test = after.settle_test(dumps)
        told = []
        for one in after.report_all(after.waiting(dumps), deadline_s=options.deadline):
            told.append(after.as_known_now(one, test))
            terminal.write(notices.line(told[-1]))
            terminal.flush()
            if not options.quiet:
                _tell(told[-1], config, terminal)
        if told and not options.quiet:
            _try(terminal, lambda: notices.at_login(told))
        if test and test.state == "failed":
            terminal.write(f"kdive: the test crash failed: {test.reason}")
        elif not told:
            terminal.write("no new dumps")
        if config.keep:
            _try(terminal, lambda: _prune(dumps, config.keep, terminal))
    return EXIT_OK


def _recover(config: KdumpConfig, terminal: Terminal) -> None:
    """Saves what lies on raw partitions."""
    from kdive.kdump.after import recover

    for place in recover(config):
        terminal.write(f"saved a raw dump to {place}")


def _prune(dumps: Sequence[StoredDump], keep: int, terminal: Terminal) -> None:
    """Keeps as many as are configured."""
    from kdive.kdump.dumps import Policy, removable, remove

    for dump in removable(dumps, Policy(keep=keep), UnixSeconds(int(time.time()))):
        remove(dump)
        terminal.write(f"removed {dump.folder}: {keep} dumps are kept")


def _tell(told: Told, config: KdumpConfig, terminal: Terminal) -> None:
    """Nobody who cannot be told keeps the others from it."""
    from kdive.kdump import notices

    host = notices.this_host()
    notices.to_journal(told)
    if config.mail_to:
        _try(terminal, lambda: notices.by_mail(told, config.mail_to, host, notices.sendmail()))
    if config.webhook:
        _try(terminal, lambda: notices.by_webhook(told, config.webhook, host))


def _try(terminal: Terminal, action: Callable[[], None]) -> None:
    try:
        action()
    except KdiveError as error:
        terminal.complain(error)
