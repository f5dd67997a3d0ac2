"""Options declared as a dataclass, read from a command line.

    @dataclass(frozen=True)
    class Options:
        path: Annotated[Path, Arg("PATH", "the dump")]
        raw: Annotated[bool, Opt(help="as the kernel wrote it")] = False
        debug_dir: Annotated[tuple[Path, ...], Opt("DIR", "look for debuginfo here too")] = ()

A field becomes `--field-name` (`from_` becomes `--from`); a flag, one value, or (a tuple) a value each time it is
given. A positional tuple takes all that is left.
"""

from __future__ import annotations

import argparse
import types
from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


@dataclass(frozen=True)
class Opt:
    """An option. Options with the same `exclusive` name shut each other out."""

    metavar: str = ""  # none for a flag
    help: str = ""
    choices: tuple[str, ...] = ()
    exclusive: str = ""
    folder: bool = False  # completion offers folders only
    short: str = ""  # a letter that stands for it: "o" for -o
    parse: Callable[[str], Any] | None = None  # makes the value out of the text; raises ValueError


@dataclass(frozen=True)
class Arg:
    """A positional argument; it may be left out where its field has a default."""

    metavar: str
    help: str = ""
    choices: tuple[str, ...] = ()
    rest: bool = False  # all that is left, what looks like options too: kdive has none of its own there


def takes_rest(options: type) -> bool:
    """Whether the whole command line belongs to one argument."""
    hints = get_type_hints(options, include_extras=True)
    return any(getattr(mark, "rest", False) for hint in hints.values() for mark in get_args(hint))


def add_options(parser: argparse.ArgumentParser, options: type) -> None:
    """Declares the fields of the dataclass `options` on `parser`."""
    hints = get_type_hints(options, include_extras=True)
    exclusive: dict[str, Any] = {}
    for field in fields(options):
        type_, mark = get_args(hints[field.name])
        if isinstance(mark, Arg):
            _add_argument(parser, field, type_, mark)
            continue
        target: Any = parser
        if mark.exclusive:
            target = exclusive.setdefault(mark.exclusive, None) or parser.add_mutually_exclusive_group()
            exclusive[mark.exclusive] = target
        _add_option(target, field, type_, mark)


def from_arguments(options: type[T], arguments: argparse.Namespace) -> T:
    """The `options` that `arguments`, parsed with `add_options`, stand for."""
    given: dict[str, Any] = {}
    for field in fields(options):  # type: ignore[arg-type]  # T is a dataclass
        value = getattr(arguments, field.name)
        given[field.name] = tuple(value) if isinstance(value, list) else value
    return options(**given)


def _add_argument(parser: argparse.ArgumentParser, field: Field[Any], type_: Any, mark: Arg) -> None:
    extra: dict[str, Any] = {} if field.default is MISSING else {"nargs": "?", "default": field.default}
    if get_origin(type_) is tuple:
        extra = {"nargs": "+"} if field.default is MISSING else {"nargs": "*", "default": []}
    if mark.choices:
        extra["choices"] = mark.choices
    if mark.rest:
        extra["nargs"] = argparse.REMAINDER
    parser.add_argument(field.name, metavar=mark.metavar, help=mark.help, type=_value_type(type_), **extra)


def _add_option(target: Any, field: Field[Any], type_: Any, mark: Opt) -> None:
    flags = [*([f"-{mark.short}"] if mark.short else []), "--" + field.name.rstrip("_").replace("_", "-")]
    if type_ is bool:
        target.add_argument(*flags, dest=field.name, action="store_true", help=mark.help)
        return
    action = "append" if get_origin(type_) is tuple else "store"
    added = target.add_argument(
        *flags,
        dest=field.name,
        metavar=mark.metavar,
        help=mark.help,
        action=action,
        type=mark.parse or _value_type(type_),
        choices=mark.choices or None,
        default=[] if action == "append" else field.default,
    )
    added.folder = mark.folder


def _value_type(type_: Any) -> type:
    """The type of one value: of X for X, X | None and tuple[X, ...]."""
    if get_origin(type_) in (tuple, types.UnionType, Union):
        found: type = next(argument for argument in get_args(type_) if argument not in (types.NoneType, ...))
        return found
    plain: type = type_
    return plain


def paths_of(parser: argparse.ArgumentParser) -> list[tuple[argparse.Action, bool]]:
    """Actions of `parser` that take a path, and whether it must be a folder; for shell completion."""
    return [(action, getattr(action, "folder", False)) for action in parser._actions if action.type is Path]
