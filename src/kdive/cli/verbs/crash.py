"""Look into a dump by the commands of crash.

Prints the machine and its kernel, then runs the commands typed at the prompt or given on standard input, to `q` or its
end. Debuginfo is used where it is at hand, else the types that the kernel holds of itself.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_OK, DumpError, KdiveError
from kdive.options import Arg, Opt

if TYPE_CHECKING:
    from kdive.kernel.context import Kernel

_PROMPT = "crash> "
_LINE_LIMIT = 1 << 16


@dataclass(frozen=True)
class Options:
    dump: Annotated[Path, Arg("DUMP", "a dump, any file of a split one, or the folder it lies in")]
    vmlinux: Annotated[Path | None, Opt("FILE", "debuginfo of the kernel that crashed")] = None
    silent: Annotated[bool, Opt(help="without the block about the machine", short="s")] = False


def run(options: Options, terminal: Terminal) -> int:
    """Runs the commands, to the last."""
    from kdive.dumpfile.open import open_dump
    from kdive.kernel.context import Kernel
    from kdive.memory.open import open_memory
    from kdive.symbols.find import SymbolOptions, find_symbols

    with open_dump(options.dump) as dump:
        memory = open_memory(dump)
        symbols = find_symbols(memory, SymbolOptions(options.vmlinux))
        if symbols.program is None:
            raise DumpError("there are no names and types to read kernel memory with", hint=symbols.rung.lift)
        kernel = Kernel(memory, symbols, symbols.program)
        if not options.silent:
            _run_line(kernel, "sys", terminal)
            terminal.write("\n")
        while (line := _next_line(terminal)) not in ("q", "exit", None):
            _run_line(kernel, line or "", terminal)
    return EXIT_OK


def _next_line(terminal: Terminal) -> str | None:
    """None at the end of the input."""
    if sys.stdin is None:
        return None
    if sys.stdin.isatty():
        terminal.write_now(_PROMPT)
    line = sys.stdin.readline(_LINE_LIMIT)
    return line.strip() if line else None


def _run_line(kernel: Kernel, line: str, terminal: Terminal) -> None:
    """A command that fails says why, and the next one is run."""
    from kdive.report.escape import printable
    from kdive.shell.run_line import run_line

    try:
        for text in run_line(kernel, line):
            terminal.write(printable(text))
    except KdiveError as error:
        terminal.flush()
        terminal.complain(error)
    terminal.flush()
