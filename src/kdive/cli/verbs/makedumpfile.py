"""Take the command line of makedumpfile(8).

  kdive makedumpfile -l --message-level 7 -d 31 /proc/vmcore /var/crash/vmcore
  ln -s "$(command -v kdive)" /usr/local/sbin/makedumpfile

Options and exit codes are makedumpfile's, so that a core_collector line or a script works as written: `kdive
makedumpfile --help` lists them. Called as `makedumpfile`, through a link, kdive does the same. What makedumpfile does
to keep its own memory small (-b, --cyclic-buffer, --work-dir) has no meaning here and is passed over; what kdive cannot
do (Xen, eppic macros, sadump disk sets) is an error.

Exits with 0 when the dump is complete, 1 when it failed, 2 when the vmlinux of -x is of another kernel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from kdive.cli.terminal import Terminal
from kdive.cli.tools import makedumpfile
from kdive.options import Arg


@dataclass(frozen=True)
class Options:
    arguments: Annotated[tuple[str, ...], Arg("ARGUMENT", "as for makedumpfile(8)", rest=True)]


def run(options: Options, terminal: Terminal) -> int:
    """Does what makedumpfile(8) would."""
    return makedumpfile.run(options.arguments, terminal, "kdive makedumpfile")
