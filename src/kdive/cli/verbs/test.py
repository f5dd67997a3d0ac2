"""Crash this machine on purpose, to prove that its crashes are captured.

The checks of `kdive doctor` come first: a crash that would be lost is not tried. Then the machine crashes by SysRq, as
it would by itself: services are not stopped. After the reboot `kdive after`, which a unit runs, finds the dump by the
id of the test and reports on it; `kdive status` shows the result.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from typing import Annotated

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_OK, KdiveError
from kdive.options import Opt
from kdive.units import UnixSeconds

_NOT_ASKED = ("last-test", "last-crash")  # which the test is about


@dataclass(frozen=True)
class Options:
    yes_crash_this_machine: Annotated[bool, Opt(help="do not ask; crash it")] = False
    force: Annotated[bool, Opt(help="even where a check says that the crash would be lost", short="f")] = False
    dry_run: Annotated[bool, Opt(help="only run the checks", short="n")] = False


def run(options: Options, terminal: Terminal) -> int:
    """Crashes the machine; comes back only with --dry-run, or where it was not crashed."""
    from kdive.kdump import crash_test

    _check(options.force, terminal)
    if options.dry_run:
        terminal.write("this machine would be crashed now")
        return EXIT_OK
    if not options.yes_crash_this_machine:
        _ask(terminal)
    test = crash_test.begin(UnixSeconds(int(time.time())))
    terminal.write(f"crashing now; test {test.id}; after the reboot: kdive status")
    terminal.flush()
    crash_test.crash(test)
    time.sleep(10)
    raise KdiveError("the kernel did not crash", hint="journalctl -k | tail may say why")


def _check(force: bool, terminal: Terminal) -> None:
    """Raises KdiveError for a machine whose crash would be lost."""
    from kdive.kdump.doctor.examine import examine
    from kdive.kdump.doctor.host import Host

    wrong = [one for one in examine(Host()) if one.result in ("fail", "warn") and one.id not in _NOT_ASKED]
    for one in wrong:
        terminal.note(f"{one.id}: {one.reason}")
    failed = [one.id for one in wrong if one.result == "fail"]
    if failed and not force:
        raise KdiveError(
            f"the crash would leave no dump: {', '.join(failed)}", hint=f"kdive doctor {failed[0]} says what to do"
        )


def _ask(terminal: Terminal) -> None:
    """Raises KdiveError unless the name of this machine is typed."""
    name = os.uname().nodename
    terminal.write(f"{name} will crash and reboot: every program on it dies. Type its name to go on:")
    terminal.flush()
    if sys.stdin is None or sys.stdin.readline().strip() != name:
        raise KdiveError("nothing was done", hint="type the machine's name, or give --yes-crash-this-machine")
