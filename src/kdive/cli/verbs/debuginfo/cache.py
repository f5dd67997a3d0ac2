"""Show or shrink the cache of fetched debuginfo.

kdive debuginfo cache
kdive debuginfo cache --limit 5G
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_OK
from kdive.options import Opt
from kdive.units import ByteCount, size


@dataclass(frozen=True)
class Options:
    limit: Annotated[
        ByteCount | None, Opt("SIZE", "remove the longest unused until the rest fits in SIZE (0: all)", parse=size)
    ] = None
    json: Annotated[bool, Opt(help="JSON")] = False


def run(options: Options, terminal: Terminal) -> int:
    """Lists what is there, last used first."""
    from kdive.symbols.debuginfo.cache import Cache, as_data

    cache = Cache()
    removed = cache.prune(options.limit) if options.limit is not None else []
    entries = cache.entries()
    if options.json:
        import json

        shown = {
            "folder": str(cache.folder),
            "entries": [as_data(entry) for entry in entries],
            "removed": [as_data(entry) for entry in removed],
        }
        terminal.write(json.dumps({"schema": "kdive-debuginfo-cache/1", **shown}, indent=2))
        return EXIT_OK
    lines = [f"{cache.folder}: {sum(entry.size for entry in entries) >> 20} MB"]
    lines += [f"  {entry.release:<40}{entry.size >> 20:>6} MB  {entry.source}" for entry in entries]
    lines += [f"  removed: {entry.release}" for entry in removed]
    terminal.write("\n".join(lines))
    return EXIT_OK
