"""Unload the kernel that is loaded for a reboot, or for a crash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_OK
from kdive.options import Opt


@dataclass(frozen=True)
class Options:
    panic: Annotated[bool, Opt(help="the kernel that starts when this one crashes", short="p")] = False


def run(options: Options, terminal: Terminal) -> int:
    """Unloads it."""
    from kdive.kexec.calls import SystemCalls
    from kdive.kexec.load import Host, unload

    unload(options.panic, Host(SystemCalls()))
    terminal.write("nothing is loaded for a crash any more" if options.panic else "nothing is loaded any more")
    return EXIT_OK
