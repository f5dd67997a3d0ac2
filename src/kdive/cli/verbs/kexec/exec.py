"""Start the kernel that is loaded.

systemd stops all services first, where it runs. Elsewhere, and with --now, disks are synchronised and mounted
read-only, and the kernel starts at once; programs are not asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_OK
from kdive.options import Opt


@dataclass(frozen=True)
class Options:
    now: Annotated[bool, Opt(help="stop no services")] = False


def run(options: Options, terminal: Terminal) -> int:
    """Starts it; comes back only where systemd does the rest."""
    from kdive.kexec import start
    from kdive.kexec.calls import SystemCalls
    from kdive.kexec.load import Host
    from kdive.kexec.machine import read_machine

    host = Host(SystemCalls())
    start.check(host)
    if read_machine(host.root).systemd and not options.now:
        start.by_systemd()
        terminal.write("systemd stops the services, then the loaded kernel starts")
        return EXIT_OK
    terminal.flush()
    start.at_once(host)
    return EXIT_OK
