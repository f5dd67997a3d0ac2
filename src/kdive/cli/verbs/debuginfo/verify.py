"""Say whether a vmlinux, or a package by its name, belongs to a dump.

  kdive debuginfo verify vmcore vmlinux
  kdive debuginfo verify vmcore kernel-debuginfo-3.10.0-1160.15.2.el7.x86_64.rpm

A package need not be there: its name says which kernel it is of. A dump of 3.10.0-1127.el7 and debuginfo of
3.10.0-1160.15.2.el7 is the mistake that costs most time: nothing fits, and nothing says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_MISMATCH, EXIT_OK
from kdive.options import Arg


@dataclass(frozen=True)
class Options:
    kernel: Annotated[str, Arg("KERNEL", 'a dump, a release as uname -r prints it, or "running"')]
    file: Annotated[Path, Arg("FILE", "a vmlinux, or the name of a package")]


def run(options: Options, terminal: Terminal) -> int:
    """Says it; exits with 0 when it fits, with 3 when it does not."""
    from kdive.symbols.debuginfo.fetch import PACKAGE_SUFFIXES
    from kdive.symbols.debuginfo.find import why_not
    from kdive.symbols.debuginfo.of_package import package_mismatch
    from kdive.symbols.debuginfo.target import find_target

    wanted = find_target(options.kernel)
    if options.file.name.endswith(PACKAGE_SUFFIXES):
        wrong = package_mismatch(options.file.name, wanted)
    else:
        wrong = why_not(options.file, wanted.kernel)
    terminal.write(wrong or f"{options.file}: fits {wanted.kernel.release}")
    return EXIT_MISMATCH if wrong else EXIT_OK
