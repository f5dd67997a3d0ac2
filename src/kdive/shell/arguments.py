"""The words behind a command, read into its options."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NoReturn, TypeVar

from kdive.errors import KdiveError
from kdive.options import add_options, from_arguments

T = TypeVar("T")


class _Parser(argparse.ArgumentParser):
    """One that raises where argparse would end the program."""

    def error(self, message: str) -> NoReturn:
        raise KdiveError(f"{self.prog}: {message}", hint=f"help {self.prog}")


def read_options(command: str, options: type[T], words: Sequence[str]) -> T:
    """`words` as `options`. Raises KdiveError for what the command does not take."""
    return from_arguments(options, _parser(command, options).parse_args(words))


def usage(command: str, options: type) -> str:
    """How the command is called, and what its options mean."""
    return _parser(command, options).format_help()


def _parser(command: str, options: type) -> _Parser:
    parser = _Parser(prog=command, add_help=False, allow_abbrev=False)
    add_options(parser, options)
    return parser
