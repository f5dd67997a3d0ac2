"""The command line, put together from the verbs' declarations."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from types import ModuleType
from typing import Any

from kdive import __version__, registry
from kdive.options import add_options

VERBS = "kdive.cli.verbs"
DESCRIPTION = "Open Linux kernel crash dumps and say why the kernel crashed."
EPILOG = """\
exit codes:
  0    done; for report: there is a verdict
  1    the input was opened, but there is no verdict (or nothing to show)
  2    bad input or usage
  3    the vmlinux does not belong to the dump
  70   a bug in kdive (a traceback is printed)
  130  stopped by Ctrl-C
  141  the reader of the output went away

`kdive VERB --help` says more about one of them.
"""


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Keeps the line breaks of docstrings; lists verbs one a line, without a heading of their own."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=min(100, _columns()))


class Parser(argparse.ArgumentParser):
    """A parser whose help meets a closed pipe or a full disk like all other output: argparse hides both."""

    def _print_message(self, message: str, file: Any = None) -> None:
        stream = file or sys.stderr
        if stream is not None:
            stream.write(message)


def verbs() -> list[str]:
    """The verbs there are; none is imported."""
    return registry.names(VERBS)


def load(verb: str) -> ModuleType:
    """The module of `verb`, with its `Options` and its `run(options, terminal)`."""
    return registry.load(VERBS, verb)


def build(names: Iterable[str]) -> argparse.ArgumentParser:
    """The parser of a command line that may use the verbs `names`."""
    parser = Parser(prog="kdive", description=DESCRIPTION, epilog=EPILOG, formatter_class=Formatter, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"kdive {__version__}", help="print the version")
    group = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs", required=True)
    for name in names:
        module = load(name)
        text = (module.__doc__ or "").strip()
        summary = text.split("\n", 1)[0]
        verb = group.add_parser(
            name,
            help=summary[0].lower() + summary[1:].rstrip("."),
            description=text,
            formatter_class=Formatter,
            allow_abbrev=False,
        )
        add_options(verb, module.Options)
    return parser


def _columns() -> int:
    """Columns of the terminal, as COLUMNS or the terminal itself says."""
    import shutil

    return max(40, shutil.get_terminal_size().columns - 2)
