"""Take back what kdive setup did.

Files are put back as they were, other tools' services enabled again, the capture kernel unloaded, its image removed.
Dumps stay. A file that somebody has changed since stays as it is, and is named.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Annotated

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_OK, KdiveError
from kdive.options import Opt


@dataclass(frozen=True)
class Options:
    dry_run: Annotated[bool, Opt(help="only show what would be put back", short="n")] = False


def run(options: Options, terminal: Terminal) -> int:
    """Takes it back, or shows what."""
    from kdive.kdump.setup import alone, take_back
    from kdive.kdump.setup_files import saved_paths
    from kdive.kexec.calls import SystemCalls
    from kdive.kexec.load import Host, unload
    from kdive.kexec.state import read_state

    if options.dry_run:
        terminal.write("\n".join(f"would put back {path}" for path in saved_paths()) or "nothing is to be put back")
        return EXIT_OK
    if os.geteuid() != 0:
        raise KdiveError("only root can take it back", hint="sudo kdive teardown")
    with alone():
        paths = saved_paths()
        if read_state().crash_loaded is True:
            unload(True, Host(SystemCalls()))
            terminal.write("unloaded  the capture kernel")
        for note in take_back():
            terminal.note(note)
    terminal.write(
        "\n".join(f"put back  {path}" for path in paths if path not in saved_paths()) or "nothing was set up"
    )
    return EXIT_OK
