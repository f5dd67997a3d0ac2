"""Record how a kernel lays out its structures.

  kdive lab layout vmcore -o tests/data/layouts/debian-6.1.0-56-x86_64.json

The file holds types, members, enumerators and names of symbols (never addresses) that kdive asks a kernel for, and its
VMCOREINFO: what tests of kdive run over where no dump is. They come from the dump itself; a kernel that carries no
types needs its vmlinux.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from kdive.cli.files import write_file
from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_OK
from kdive.options import Arg, Opt


@dataclass(frozen=True)
class Options:
    vmcore: Annotated[Path, Arg("VMCORE", "a dump of that kernel")]
    vmlinux: Annotated[Path | None, Opt("FILE", "the kernel's debuginfo, instead of what the dump says")] = None
    output: Annotated[Path | None, Opt("FILE", "write it here (default: standard output)", short="o")] = None


def run(options: Options, terminal: Terminal) -> int:
    """Writes the layout."""
    from kdive.compat.recorded import to_text
    from kdive.pipeline.layout import record

    with terminal.progress() as progress:
        progress("reading names and types")
        text = to_text(record(options.vmcore, options.vmlinux))
    if options.output is None:
        terminal.write(text)
        return EXIT_OK
    write_file(options.output, text)
    return EXIT_OK
