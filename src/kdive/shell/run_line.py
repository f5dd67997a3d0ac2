"""One command line of the prompt, run."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from kdive import registry
from kdive.errors import KdiveError
from kdive.kernel.context import Kernel

COMMANDS = "kdive.commands"


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
    known = registry.names(COMMANDS)
    if words[0] not in known:
        raise KdiveError(f"{words[0]}: no such command", hint=f"there are: {', '.join(known)}, q")
    if len(words) > 1:
        raise KdiveError(f"{words[0]}: {words[1]}: it takes no arguments", hint=f"type {words[0]} alone")
    command = registry.load(COMMANDS, words[0])
    yield from command.text(command.run(kernel, command.Options()))
