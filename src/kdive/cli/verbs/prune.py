"""Remove old crash dumps.

  kdive prune --keep 5
  kdive prune --older-than 30d --total 20G --dry-run

Removes the folders of dumps, the oldest first, and says which. The newest whole dump always stays, whatever is asked,
and so does one that was written to within ten minutes. Without FOLDER it looks where the configuration sends dumps to;
without any of the limits it keeps as many as the configuration says (`keep`).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from kdive import units
from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_OK, KdiveError
from kdive.options import Arg, Opt
from kdive.units import ByteCount, UnixSeconds

_AGES = {"h": 3600, "d": 86400, "w": 7 * 86400}


def age(text: str) -> int:
    """Seconds of "12h", "30d", "2w". Raises ValueError for anything else."""
    number, unit = text[:-1], text[-1:]
    if unit not in _AGES or not (number.isascii() and number.isdigit()):
        raise ValueError(f"{text}: not an age; 12h, 30d and 2w are")
    return int(number) * _AGES[unit]


def count(text: str) -> int:
    """The number of dumps to keep. Raises ValueError for anything but 1 and more."""
    if not (text.isascii() and text.isdigit() and int(text)):
        raise ValueError(f"{text}: not a number of dumps; at least one is kept")
    return int(text)


@dataclass(frozen=True)
class Options:
    folder: Annotated[tuple[Path, ...], Arg("FOLDER", "where dumps lie (default: as configured)")] = ()
    keep: Annotated[int | None, Opt("N", "keep the N newest", parse=count)] = None
    older_than: Annotated[int | None, Opt("AGE", "remove what is older than 12h, 30d, 2w", parse=age)] = None
    total: Annotated[ByteCount | None, Opt("SIZE", "keep no more than 20G in all", parse=units.size)] = None
    incomplete: Annotated[bool, Opt(help="remove those that are not whole")] = False
    dry_run: Annotated[bool, Opt(help="only say what would be removed", short="n")] = False


def run(options: Options, terminal: Terminal) -> int:
    """Removes them, a line for each."""
    from kdive.cli.verbs.list import line
    from kdive.kdump.dumps import Policy, dumps_in, removable, remove
    from kdive.kdump.places import configured, dump_folders

    policy = Policy(options.keep, options.older_than, options.total, options.incomplete)
    if policy == Policy():
        keep = configured().keep
        if not keep:
            raise KdiveError("nothing says which dumps may go", hint="give --keep 5, --older-than 30d or --total 20G")
        policy = Policy(keep=keep)
    dumps = dumps_in(list(options.folder) or dump_folders(configured()))
    gone = removable(dumps, policy, UnixSeconds(int(time.time())))
    for dump in gone:
        if not options.dry_run:
            remove(dump)
        terminal.write(f"{'would remove' if options.dry_run else 'removed'}  {line(dump)}")
    freed = sum(dump.size for dump in gone)
    terminal.write(_summary(len(gone), len(dumps) - len(gone), freed))
    return EXIT_OK


def _summary(gone: int, left: int, freed: int) -> str:
    from kdive.report.words import size

    return f"{gone} of {gone + left} dumps, {size(freed)}; {left} stay"
