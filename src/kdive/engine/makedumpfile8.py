"""The command line of makedumpfile(8), as scripts and core_collector lines use it, in terms of what kdive does.

Source: makedumpfile(8).
"""

from __future__ import annotations

import getopt
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, IntFlag, auto
from pathlib import Path

from kdive.engine.save import DumpRequest
from kdive.engine.writing import Compression, WriteOptions
from kdive.errors import KdiveError

_SHORT = "b:cDd:eEFfg:hi:lL:pRvXx:z"
_COMPRESSIONS: dict[str, Compression] = {"-c": "zlib", "-l": "lzo", "-p": "snappy", "-z": "zstd"}
# How makedumpfile keeps its memory small; kdive always does.
_WITHOUT_MEANING = ("-b", "--cyclic-buffer", "--splitblock-size", "--work-dir", "--non-mmap", "-e")
_IMPOSSIBLE = {
    "-g": "VMCOREINFO is not made from a vmlinux: the dumps of kernels since 2.6.24 carry their own",
    "-X": "dumps of Xen are not filtered",
    "--xen-syms": "dumps of Xen are not filtered",
    "--xen-vmcoreinfo": "dumps of Xen are not filtered",
    "--xen_phys_start": "dumps of Xen are not filtered",
    "--diskset": "sadump disk sets are not read",
    "--eppic": "eppic macros are not run",
    "--extension": "makedumpfile's extensions are not run",
}
_VALUES = (
    "xen-syms",
    "xen-vmcoreinfo",
    "xen_phys_start",
    "message-level",
    "vtop",
    "config",
    "diskset",
    "cyclic-buffer",
    "eppic",
    "extension",
    "splitblock-size",
    "work-dir",
    "num-threads",
)
_PLAIN = (
    "split",
    "reassemble",
    "dump-dmesg",
    "partial-dmesg",
    "help",
    "non-mmap",
    "mem-usage",
    "check-params",
    "dry-run",
    "show-stats",
)
_HINT = "makedumpfile --help"
_MAX_LEVEL = 31
_MAX_THREADS = 32


class ParameterError(KdiveError):
    """A command line that makedumpfile(8) would not take either, or one that kdive cannot do."""


class Messages(IntFlag):
    """What is said on the way; makedumpfile's message levels."""

    PROGRESS = 1
    COMMON = 2
    ERROR = 4
    DEBUG = 8
    REPORT = 16


_DEFAULT_MESSAGES = Messages.PROGRESS | Messages.COMMON | Messages.ERROR


class Action(Enum):
    """What a command line comes to."""

    DUMP = auto()
    REARRANGE = auto()  # a flattened stream into a file
    REASSEMBLE = auto()
    DMESG = auto()
    MEM_USAGE = auto()
    VTOP = auto()
    HELP = auto()
    VERSION = auto()


_ACTIONS = {
    "-h": Action.HELP,
    "--help": Action.HELP,
    "-v": Action.VERSION,
    "-R": Action.REARRANGE,
    "--reassemble": Action.REASSEMBLE,
    "--dump-dmesg": Action.DMESG,
    "--mem-usage": Action.MEM_USAGE,
    "--vtop": Action.VTOP,
}


@dataclass(frozen=True)
class Command:
    """A command line of makedumpfile(8), understood."""

    action: Action
    paths: tuple[Path, ...] = ()
    request: DumpRequest | None = None  # to dump
    overwrite: bool = False
    to_stdout: bool = False  # flattened
    dry_run: bool = False
    check_only: bool = False
    partial: bool = False  # the log since it was last cleared
    messages: Messages = _DEFAULT_MESSAGES
    addresses: tuple[int, ...] = ()  # to translate
    vmlinux: Path | None = None  # has to belong to the dump; else only wanted for what is to be erased
    filter: Path | None = None  # a makedumpfile.conf(5)
    vmcoreinfo: Path | None = None  # likewise
    ignored: tuple[str, ...] = ()  # options without a meaning here


@dataclass
class _Given:
    """Options as they come."""

    action: Action = Action.DUMP
    flags: set[str] = field(default_factory=set)
    compression: Compression = ""
    levels: tuple[int, ...] = (0,)
    limit_bytes: int | None = None
    jobs: int = 1
    messages: Messages = _DEFAULT_MESSAGES
    addresses: list[int] = field(default_factory=list)
    files: dict[str, Path] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)


def understand(argv: Sequence[str]) -> Command:
    """What `argv` (without the program's name) asks for. Raises ParameterError."""
    try:
        options, words = getopt.gnu_getopt(list(argv), _SHORT, [*_PLAIN, *(f"{name}=" for name in _VALUES)])
    except getopt.GetoptError as error:
        raise ParameterError(f"makedumpfile: {error.msg}", hint=_HINT) from error
    given = _Given()
    for name, value in options:
        _take(given, name, value)
    if given.action in (Action.HELP, Action.VERSION):
        return Command(given.action, messages=given.messages)
    paths = tuple(map(Path, words))
    _check(given, paths)
    return Command(
        given.action,
        paths,
        _request(given, paths) if given.action == Action.DUMP else None,
        overwrite="-f" in given.flags,
        to_stdout="-F" in given.flags,
        dry_run="--dry-run" in given.flags,
        check_only="--check-params" in given.flags,
        partial="--partial-dmesg" in given.flags,
        messages=given.messages,
        addresses=tuple(given.addresses),
        vmlinux=given.files.get("-x"),
        filter=given.files.get("--config"),
        vmcoreinfo=given.files.get("-i"),
        ignored=tuple(given.ignored),
    )


def _take(given: _Given, name: str, value: str) -> None:
    if name in _IMPOSSIBLE:
        raise ParameterError(f"{name}: {_IMPOSSIBLE[name]}", hint="the installed makedumpfile may: kdive dump --help")
    if name in _ACTIONS:
        given.action = _ACTIONS[name]
    if name in _COMPRESSIONS:
        given.compression = _COMPRESSIONS[name]
    elif name in _WITHOUT_MEANING:
        given.ignored.append(f"{name} {value}".rstrip())
    elif name in ("-x", "-i", "--config"):
        given.files[name] = Path(value)
    elif name in _TAKERS:
        _TAKERS[name](given, value)
    else:
        given.flags.add(name)


def _take_levels(given: _Given, text: str) -> None:
    levels = [_number("dump level", part, 0, _MAX_LEVEL) for part in text.split(",")]
    given.levels = tuple(levels)


def _take_limit(given: _Given, text: str) -> None:
    given.limit_bytes = _number("limit", text, 1, 1 << 62)


def _take_jobs(given: _Given, text: str) -> None:
    given.jobs = max(1, min(_MAX_THREADS, _number("number of threads", text, 0, 1 << 16)))


def _take_messages(given: _Given, text: str) -> None:
    given.messages = Messages(_number("message level", text, 0, 31))


def _take_address(given: _Given, text: str) -> None:
    try:
        given.addresses.append(int(text, 16))
    except ValueError as error:
        raise ParameterError(f"{text}: not a hexadecimal address", hint=_HINT) from error


def _take_debug(given: _Given, text: str) -> None:
    given.messages |= Messages.DEBUG


def _take_stats(given: _Given, text: str) -> None:
    given.messages |= Messages.REPORT


_TAKERS = {
    "-d": _take_levels,
    "-L": _take_limit,
    "--num-threads": _take_jobs,
    "--message-level": _take_messages,
    "--vtop": _take_address,
    "-D": _take_debug,
    "--show-stats": _take_stats,
}


def _number(what: str, text: str, least: int, most: int) -> int:
    value = int(text) if text.isascii() and text.isdecimal() else -1
    if not least <= value <= most:
        raise ParameterError(f"{text}: no {what}, which is from {least} to {most}", hint=_HINT)
    return value


def _check(given: _Given, paths: Sequence[Path]) -> None:
    """Raises ParameterError for options that shut each other out, and for the wrong number of files."""
    flags = given.flags
    if "-E" in flags and given.compression:
        raise ParameterError("-E: an ELF core is not compressed", hint="leave -c, -l, -p and -z out")
    if "-E" in flags and "--split" in flags:
        raise ParameterError("--split: an ELF core cannot be split", hint="leave -E out")
    if "-F" in flags and "--split" in flags:
        raise ParameterError("--split: a split set does not go to standard output", hint="leave -F out")
    if "--dry-run" in flags and given.action not in (Action.DUMP, Action.MEM_USAGE):
        raise ParameterError("--dry-run: only goes with making a dump", hint=_HINT)
    least, most, words = _files(given)
    if not least <= len(paths) <= most:
        raise ParameterError(f"{len(paths)} files are named, and {words} are wanted", hint=_HINT)


def _files(given: _Given) -> tuple[int, int, str]:
    """How many files there must be, and which."""
    many = 1 << 16
    if given.action == Action.DUMP:
        if "-F" in given.flags:
            return 1, 1, "VMCORE"
        return (3, many, "VMCORE DUMPFILE DUMPFILE …") if "--split" in given.flags else (2, 2, "VMCORE DUMPFILE")
    return {
        Action.REARRANGE: (1, 1, "DUMPFILE"),
        Action.REASSEMBLE: (2, many, "DUMPFILE … DUMPFILE"),
        Action.DMESG: (1, 1, "VMCORE") if "-F" in given.flags else (2, 2, "VMCORE LOGFILE"),
        Action.MEM_USAGE: (1, 1, "VMCORE"),
        Action.VTOP: (1, 2, "VMCORE"),
    }[given.action]


def _request(given: _Given, paths: Sequence[Path]) -> DumpRequest:
    options = WriteOptions(
        format="elf" if "-E" in given.flags else "kdump",
        compression=given.compression,
        jobs=given.jobs,
        limit_bytes=given.limit_bytes,
    )
    source, *outputs = paths
    return DumpRequest(source, tuple(outputs), given.levels, options, overwrite="-f" in given.flags)
