"""The `kdive` program: parses, runs one verb, and turns whatever happens into an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from kdive import registry
from kdive.cli import parser
from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_BROKEN_PIPE, EXIT_BUG, EXIT_INTERRUPTED, EXIT_OK, KdiveError
from kdive.options import from_arguments


def program() -> NoReturn:
    """The whole program, to its end.

    It ends at once when the verb has: Python would go on to free everything by itself, a tenth of a report's time.
    """
    code = run(name=os.path.basename(sys.argv[0]))
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def run(argv: Sequence[str] | None = None, name: str = "kdive") -> int:
    """Runs the command line `argv` (else the program's own); returns the exit code.

    `name` is what the program was called by: kdive takes the command lines of some older tools.
    """
    terminal = Terminal()
    try:
        code = _run_and_explain(sys.argv[1:] if argv is None else argv, name, terminal)
    except BrokenPipeError:
        _drop_output()
        code = EXIT_BROKEN_PIPE
    except KeyboardInterrupt:
        _drop_output()
        code = EXIT_INTERRUPTED
    except Exception:
        _explain_bug()
        code = EXIT_BUG
    return code


def _run_and_explain(argv: Sequence[str], name: str, terminal: Terminal) -> int:
    try:
        code = _run_verb(argv, terminal) if name.startswith("kdive") else _run_as(name, argv, terminal)
        terminal.flush()
    except KdiveError as error:
        terminal.complain(error)
        terminal.flush()
        code = error.exit_code
    return code


def _run_verb(argv: Sequence[str], terminal: Terminal) -> int:
    known = parser.verbs()
    # A verb on its own needs no other imported; anything else (--help, a typing error) needs them all.
    names = [argv[0]] if argv and argv[0] in known else known
    try:
        arguments = parser.build(names).parse_args(argv)
    except SystemExit as ended:  # argparse has printed what there was to say
        return ended.code if isinstance(ended.code, int) else EXIT_OK
    module = parser.load(arguments.verb)
    code: int = module.run(from_arguments(module.Options, arguments), terminal)
    return code


def _run_as(name: str, argv: Sequence[str], terminal: Terminal) -> int:
    """Runs the tool `name` where kdive knows its command line, else a verb: `python -m kdive` has another name too."""
    tool = name.replace("-", "_")
    if tool not in registry.names(parser.TOOLS):
        return _run_verb(argv, terminal)
    code: int = registry.load(parser.TOOLS, tool).run(argv, terminal)
    return code


def _drop_output() -> None:
    """Nobody reads it any more: what is still buffered must not raise once more when Python exits."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def _explain_bug() -> None:
    import traceback

    traceback.print_exc()
    print("kdive: this is a bug in kdive; please report it with the lines above", file=sys.stderr)
