"""One command line of the prompt, run."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from kdive import registry
from kdive.errors import KdiveError
from kdive.kernel.context import Kernel
from kdive.shell.arguments import read_options, usage

COMMANDS = "kdive.commands"
_HELP = "help"


def run_line(kernel: Kernel, line: str) -> Iterator[str]:
    """The lines that the command in `line` prints; none for an empty line or a comment.

    Raises KdiveError where there is no such command, or it fails.
    """
    try:
        words = shlex.split(line, comments=True)
    except ValueError as error:
        raise KdiveError(f"{line.strip()}: {error}", hint="close the quotes") from error
    if not words:
        return
    name, *rest = words
    if name == _HELP:
        yield from _help(rest)
        return
    _must_be_known(name)
    command = registry.load(COMMANDS, name)
    yield from command.text(command.run(kernel, read_options(name, command.Options, rest)))


def _help(names: list[str]) -> Iterator[str]:
    """What each command is for, or how some of them are called."""
    for name in names or registry.names(COMMANDS):
        _must_be_known(name)
        module = registry.load(COMMANDS, name)
        about = (module.__doc__ or "").strip()
        if names:
            yield from (*about.splitlines(), "", *usage(name, module.Options).rstrip().splitlines())
        else:
            yield f"{name:<8}{about.splitlines()[0]}"


def _must_be_known(name: str) -> None:
    known = registry.names(COMMANDS)
    if name not in known:
        raise KdiveError(f"{name}: no such command", hint=f"there are: {', '.join(known)}, help, q")
