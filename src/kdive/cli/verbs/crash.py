"""Look into a dump by the commands of crash.

  kdive crash vmcore
  kdive crash vmlinux vmcore
  kdive crash -s -i commands.txt vmcore

Prints the machine and its kernel, then runs the commands of -i FILE, and those typed at the prompt or given on standard
input, to `q` or its end. `log | grep -i oops` and `log > FILE` do what a shell does. Debuginfo is used where it is at
hand, else the types that the kernel holds of itself. `help` lists the commands, `help ps` explains one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_OK, DumpError, KdiveError
from kdive.options import Arg, Opt

if TYPE_CHECKING:
    from kdive.kernel.context import Kernel

_PROMPT = "crash> "
_LINE_LIMIT = 1 << 16
_LEAVE = ("q", "quit", "exit")


@dataclass(frozen=True)
class Options:
    files: Annotated[tuple[Path, ...], Arg("FILE", "the dump, and where you have it the vmlinux, in any order")]
    vmlinux: Annotated[Path | None, Opt("FILE", "debuginfo of the kernel that crashed")] = None
    silent: Annotated[bool, Opt(help="without the block about the machine", short="s")] = False
    input: Annotated[Path | None, Opt("FILE", "run the commands in FILE first", short="i")] = None


def run(options: Options, terminal: Terminal) -> int:
    """Runs the commands, to the last."""
    from kdive.dumpfile.open import open_dump
    from kdive.kernel.context import Kernel
    from kdive.memory.open import open_memory
    from kdive.symbols.find import SymbolOptions, find_symbols

    path, vmlinux = _dump_and_vmlinux(options)
    given = list(_given(options.input)) if options.input else []
    with open_dump(path) as dump:
        memory = open_memory(dump)
        symbols = find_symbols(memory, SymbolOptions(vmlinux))
        if symbols.program is None:
            raise DumpError("there are no names and types to read kernel memory with", hint=symbols.rung.lift)
        kernel = Kernel(memory, symbols, symbols.program)
        if not options.silent:
            _run_line(kernel, "sys", terminal)
            terminal.write("\n")
        for line in chain(given, _typed(terminal)):
            if line in _LEAVE:
                break
            _run_line(kernel, line, terminal)
    return EXIT_OK


def _dump_and_vmlinux(options: Options) -> tuple[Path, Path | None]:
    """Which of the files is which: crash takes them in any order."""
    from kdive.dumpfile.recognise import recognise

    dumps = [path for path in options.files if recognise(path).kind == "dump"]
    others = [path for path in options.files if path not in dumps]
    if not dumps and len(options.files) == 1:
        return options.files[0], options.vmlinux  # opening it says what it is
    if len(dumps) != 1 or len(others) + (options.vmlinux is not None) > 1:
        named = ", ".join(f"{path}: {recognise(path).what}" for path in options.files)
        raise KdiveError(f"one dump and at most one vmlinux are wanted; {named}", hint="kdive crash [VMLINUX] VMCORE")
    return dumps[0], others[0] if others else options.vmlinux


def _given(path: Path) -> Iterator[str]:
    """The commands in a file."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            while line := file.readline(_LINE_LIMIT):
                yield line.strip()
    except OSError as error:
        raise KdiveError(f"{path}: {error.strerror}", hint="check the name and the permissions") from None


def _typed(terminal: Terminal) -> Iterator[str]:
    """The lines of standard input, asked for at a terminal."""
    while sys.stdin is not None:
        if sys.stdin.isatty():
            terminal.write_now(_PROMPT)
        try:
            line = sys.stdin.readline(_LINE_LIMIT)
        except KeyboardInterrupt:
            terminal.write_now("\n")
            continue
        if not line:
            return
        yield line.strip()


def _run_line(kernel: Kernel, text: str, terminal: Terminal) -> None:
    """A command that fails says why, one that is interrupted ends, and the next one is run."""
    from kdive.cli.crash_output import write_lines
    from kdive.shell.redirect import read_line
    from kdive.shell.run_line import run_line

    try:
        line = read_line(text)
        write_lines(run_line(kernel, line.command), line, terminal)
    except KdiveError as error:
        terminal.flush()
        terminal.complain(error)
    except KeyboardInterrupt:
        terminal.flush()
