"""vmcore-dmesg(8): the log out of a dump, done by kdive."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kdive import __version__
from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_OK, KdiveError

_EXIT_FAILED = 1
_HELP = "usage: vmcore-dmesg VMCORE     done by kdive: see `kdive dmesg --help`"


def run(argv: Sequence[str], terminal: Terminal) -> int:
    """Does what vmcore-dmesg(8) would with `argv`."""
    from kdive.cli.verbs import dmesg

    if argv in (["-h"], ["--help"]):
        terminal.write(_HELP)
        return EXIT_OK
    if argv in (["-v"], ["--version"]):
        terminal.write(f"vmcore-dmesg by kdive {__version__}")
        return EXIT_OK
    try:
        if len(argv) != 1 or argv[0].startswith("-"):
            raise KdiveError("one dump is wanted, and no options", hint=_HELP)
        return dmesg.run(dmesg.Options(Path(argv[0])), terminal)
    except KdiveError as error:
        terminal.complain(error)
        return _EXIT_FAILED
