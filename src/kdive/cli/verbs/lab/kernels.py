"""List the kernels that the lab can boot: those that are here, and those that the distribution has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_OK
from kdive.options import Opt


@dataclass(frozen=True)
class Options:
    arch: Annotated[str, Opt("ARCH", "x86_64 or aarch64", choices=("x86_64", "aarch64"))] = "x86_64"
    here: Annotated[bool, Opt(help="only those that were fetched: asks nobody")] = False
    mirror: Annotated[str, Opt("URL", "ask here instead of this machine's own mirror")] = ""
    json: Annotated[bool, Opt(help="JSON")] = False


def run(options: Options, terminal: Terminal) -> int:
    """Writes one line for each."""
    from kdive.lab.fetch import available
    from kdive.lab.store import Store

    store = Store()
    rows = {
        kernel.release: (kernel.release, kernel.version, kernel.suite or "a file", "fetched")
        for kernel in store.kernels()
        if kernel.arch == options.arch
    }
    if not options.here:
        with terminal.progress() as progress:
            for one in available(store, options.arch, mirror=options.mirror, progress=progress):
                megabytes = f"{one.package.size / 1e6:.0f} MB"
                rows.setdefault(one.release, (one.release, one.package.version, one.suite, megabytes))
    if options.json:
        import json

        fields = ("release", "version", "suite", "state")
        kernels = [dict(zip(fields, row, strict=True)) for row in rows.values()]
        terminal.write(json.dumps({"schema": "kdive-lab-kernels/1", "kernels": kernels}, indent=2))
        return EXIT_OK
    widths = [max((len(row[column]) for row in rows.values()), default=0) for column in range(3)]
    lines = [
        "  ".join([*(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)), row[3]])
        for row in rows.values()
    ]
    terminal.write("\n".join(lines) or "none yet: kdive lab fetch 6.1")
    return EXIT_OK
