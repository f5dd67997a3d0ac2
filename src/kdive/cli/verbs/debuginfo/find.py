"""Say which debuginfo for a dump is on this machine: beside the dump, installed, or in kdive's cache.

kdive debuginfo find vmcore
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_NO_VERDICT, EXIT_OK
from kdive.options import Arg, Opt


@dataclass(frozen=True)
class Options:
    kernel: Annotated[str, Arg("KERNEL", 'a dump, a release as uname -r prints it, or "running"')]
    debug_dir: Annotated[tuple[Path, ...], Opt("DIR", "look here as well")] = ()
    json: Annotated[bool, Opt(help="JSON")] = False


def run(options: Options, terminal: Terminal) -> int:
    """Lists them, the one that is used first; exits with 1 when there is none."""
    from kdive.symbols.debuginfo.find import candidates
    from kdive.symbols.debuginfo.target import find_target

    found = list(candidates(options.kernel, find_target(options.kernel).kernel, options.debug_dir))
    if options.json:
        import json

        shown = [{"path": str(one.path), "fits": not one.why_not, "why_not": one.why_not} for one in found]
        terminal.write(json.dumps({"schema": "kdive-debuginfo-find/1", "found": shown}, indent=2))
    else:
        lines = [f"{one.path}: {one.why_not or 'fits'}" for one in found]
        terminal.write("\n".join(lines or ["none; `kdive debuginfo fetch` brings it"]))
    return EXIT_OK if any(not one.why_not for one in found) else EXIT_NO_VERDICT
