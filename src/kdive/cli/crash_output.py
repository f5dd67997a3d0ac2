"""What the commands of the crash prompt print: on the screen, into a program, or into a file."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import IO

from kdive.cli.terminal import Terminal
from kdive.errors import KdiveError
from kdive.report.escape import printable
from kdive.shell.redirect import Line


def write_lines(lines: Iterable[str], where: Line, terminal: Terminal) -> None:
    """Writes `lines` to where the command line says. Raises KdiveError where that cannot be."""
    if not where.pipe and not where.file:
        for text in lines:
            terminal.write(printable(text))
        terminal.flush()
        return
    terminal.flush()
    with _opened(where) as stream, suppress(BrokenPipeError):  # `| head` has seen enough
        for text in lines:
            stream.write(printable(text) + "\n")


@contextmanager
def _opened(where: Line) -> Iterator[IO[str]]:
    if where.file:
        try:
            with open(where.file, "a" if where.append else "w", encoding="utf-8") as file:
                yield file
        except OSError as error:
            raise KdiveError(f"{where.file}: {error.strerror}", hint="choose a place that you can write to") from error
        return
    # The user's own words for the user's own shell, as at any prompt.
    program = subprocess.Popen(where.pipe, shell=True, stdin=subprocess.PIPE, text=True, encoding="utf-8")
    assert program.stdin is not None
    try:
        yield program.stdin
    finally:
        with suppress(BrokenPipeError):
            program.stdin.close()
        program.wait()
