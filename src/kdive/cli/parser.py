"""The command line, put together from the verbs' declarations."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from types import ModuleType
from typing import Any

from kdive import __version__, registry
from kdive.options import add_options, takes_rest

VERBS = "kdive.cli.verbs"
TOOLS = "kdive.cli.tools"  # a file for each older tool by whose name kdive may be called
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
    """The module of `verb` ("report", "lab.crash"), with its `Options` and its `run(options, terminal)`."""
    return registry.load(VERBS, verb)


def build(names: Iterable[str]) -> argparse.ArgumentParser:
    """The parser of a command line that may use the verbs `names`."""
    parser = Parser(prog="kdive", description=DESCRIPTION, epilog=EPILOG, formatter_class=Formatter, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"kdive {__version__}", help="print the version")
    _add_verbs(parser, "VERB", "verbs", names)
    return parser


def leaves(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parsers of all verbs that do something, by what one types: "report", "lab crash"."""
    found: dict[str, argparse.ArgumentParser] = {}
    for name, verb in _below(parser).items():
        inner = leaves(verb)
        found |= {f"{name} {part}": one for part, one in inner.items()} or {name: verb}
    return found


def _below(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    groups = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return {name: verb for group in groups for name, verb in group.choices.items()}


def _add_verbs(
    parser: argparse.ArgumentParser, metavar: str, title: str, names: Iterable[str], above: str = ""
) -> None:
    """Adds the verbs `names`; one that is a package has verbs of its own."""
    group = parser.add_subparsers(metavar=metavar, title=title, required=True)
    for name in names:
        module = load(above + name)
        text = (module.__doc__ or "").strip()
        summary = text.split("\n", 1)[0]
        leaf = not hasattr(module, "__path__")
        # Where another tool's options are taken, none may look like one to argparse.
        bare: dict[str, Any] = {"prefix_chars": "\0", "add_help": False} if leaf and takes_rest(module.Options) else {}
        verb = group.add_parser(
            name,
            help=summary[0].lower() + summary[1:].rstrip("."),
            description=text,
            formatter_class=Formatter,
            allow_abbrev=False,
            **bare,
        )
        if not leaf:
            _add_verbs(verb, "WHAT", "what to do", registry.names(module.__name__), f"{above}{name}.")
            continue
        verb.set_defaults(verb=above + name)
        add_options(verb, module.Options)


def _columns() -> int:
    """Columns of the terminal, as COLUMNS or the terminal itself says."""
    import shutil

    return max(40, shutil.get_terminal_size().columns - 2)
