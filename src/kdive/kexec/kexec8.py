"""The command line of kexec(8), as scripts use it, in terms of what kdive does.

Source: kexec(8) of kexec-tools.
"""

from __future__ import annotations

import getopt
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path

from kdive.kexec.calls import FileFlag
from kdive.kexec.cmdline import Wanted
from kdive.kexec.plan import NO_FLAGS, LoadError, Method, Request

_SHORT = "h?vdifxyluet:pscaSz"
# Long options and the short ones that they stand for.
_LONG = {
    "help": "h",
    "version": "v",
    "debug": "d",
    "no-checks": "i",
    "force": "f",
    "no-ifdown": "x",
    "no-sync": "y",
    "load": "l",
    "unload": "u",
    "exec": "e",
    "load-panic": "p",
    "kexec-file-syscall": "s",
    "kexec-syscall": "c",
    "kexec-syscall-auto": "a",
    "status": "S",
    "print-ckr-size": "z",
}
_VALUES = {"append": "cmdline", "command-line": "cmdline", "initrd": "initrd", "ramdisk": "initrd", "type": "t"}
_OURS = ("reuse-cmdline", "no-cma", "force-dtb")
# What a kernel does by itself in kexec_file_load, or what only showed things.
_WITHOUT_MEANING = (
    "hotplug",
    "elf32-core-headers",
    "elf64-core-headers",
    "pass-memmap-cmdline",
    "noefi",
    "reuse-video-type",
    "real-mode",
    "entry-32bit",
    "reset-vga",
    "serial-baud=",
    "serial=",
    "console-vga",
    "console-serial",
    "mem-min=",
    "mem-max=",
    "args-linux",
    "args-none",
    "dt-no-old-root",
)
# What needs the segments placed one by one.
_PROGRAMS_OWN = (
    "dtb=",
    "module=",
    "entry=",
    "load-preserve-context",
    "load-jump-back-helper",
    "reuseinitrd",
    "load-live-update",
    "exec-live-update",
    "args-elf",
)


class Action(Enum):
    """What a command line comes to."""

    LOAD = auto()
    LOAD_AND_REBOOT = auto()  # services are stopped in between
    LOAD_AND_START = auto()
    START = auto()
    UNLOAD = auto()
    STATUS = auto()
    CRASH_SIZE = auto()
    HELP = auto()
    VERSION = auto()
    PROGRAM = auto()  # the installed kexec(8) alone can do it


@dataclass(frozen=True)
class Command:
    """A command line of kexec(8), understood."""

    action: Action
    crash: bool = False  # what is loaded, unloaded or asked for is the kernel for a crash
    request: Request | None = None  # to load
    sync: bool = True
    ignored: tuple[str, ...] = ()  # options without a meaning here


@dataclass
class _Given:
    """Options as they come."""

    actions: list[str] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    flags: FileFlag = NO_FLAGS
    method: Method = Method.AUTO
    crash: bool = False
    sync: bool = True
    reuse: bool = False
    program: bool = False
    ignored: list[str] = field(default_factory=list)


def understand(argv: Sequence[str]) -> Command:
    """What `argv` (without the program's name) asks for. Raises LoadError for what kexec(8) would not take either."""
    names = [*_LONG, *(f"{name}=" for name in _VALUES), *_OURS, *_WITHOUT_MEANING, *_PROGRAMS_OWN]
    try:
        options, files = getopt.gnu_getopt(list(argv), _SHORT, names)
    except getopt.GetoptError as error:
        raise LoadError(f"kexec: {error.msg}", hint="kexec --help") from error
    given = _Given()
    for name, value in options:
        _take(given, name.lstrip("-"), value)
    return _command(given, files)


def _take(given: _Given, name: str, value: str) -> None:
    letter = _LONG.get(name, name)
    if letter in _ACTIONS:
        given.actions.append(letter)
        given.crash |= letter == "p"
    elif letter in _METHODS:
        given.method = _METHODS[letter]
    elif letter in _FLAGS:
        given.flags |= _FLAGS[letter]
    elif letter == "y":
        given.sync = False
    elif name == "reuse-cmdline":
        given.reuse = True
    elif name in _VALUES and name != "type":
        given.values[_VALUES[name]] = value
    elif name in _NEED_PROGRAM:
        given.program = True
    else:
        given.ignored.append(f"-{name}" if len(name) == 1 else f"--{name}")


_ACTIONS = frozenset("luefpSzhv?")
_METHODS = {"s": Method.FILE, "c": Method.SEGMENTS, "a": Method.AUTO}
_FLAGS = {"d": FileFlag.DEBUG, "no-cma": FileFlag.NO_CMA, "force-dtb": FileFlag.FORCE_DTB}
_NEED_PROGRAM = {name.rstrip("=") for name in _PROGRAMS_OWN}


def _command(given: _Given, files: list[str]) -> Command:
    actions = set(given.actions)
    for letter, action in (("h", Action.HELP), ("?", Action.HELP), ("v", Action.VERSION), ("z", Action.CRASH_SIZE)):
        if letter in actions:
            return Command(action)
    if given.program:
        return Command(Action.PROGRAM)
    ignored = tuple(given.ignored)
    if "S" in actions:
        return Command(Action.STATUS, crash="l" not in actions, ignored=ignored)
    if "u" in actions:
        return Command(Action.UNLOAD, given.crash, ignored=ignored)
    if "e" in actions:
        return Command(Action.START, sync=given.sync, ignored=ignored)
    if len(files) != 1:
        wrong = "no kernel is named" if not files else f"one kernel is loaded, not {len(files)}"
        raise LoadError(f"kexec: {wrong}", hint="kexec --help")
    return Command(_loading(actions, given.crash), given.crash, _request(given, files[0]), given.sync, ignored)


def _loading(actions: set[str], crash: bool) -> Action:
    if "f" in actions and not crash:
        return Action.LOAD_AND_START
    return Action.LOAD if actions & {"l", "p"} else Action.LOAD_AND_REBOOT


def _request(given: _Given, kernel: str) -> Request:
    """--append alone is the whole command line; with --reuse-cmdline it is added to the running kernel's."""
    text = given.values.get("cmdline")
    wanted = Wanted(cmdline=text, inherit=False)
    if given.reuse:
        wanted = Wanted(reuse=True, append=(text,) if text else ())
    initrd = given.values.get("initrd")
    return Request(Path(kernel), (Path(initrd),) if initrd else (), given.crash, wanted, given.flags, given.method)
