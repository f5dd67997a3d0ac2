"""The command line of the next kernel, made out of this one's and of what is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

# What the boot loader or an earlier kexec put there, for the kernel that they booted alone.
_NOT_INHERITED = ("BOOT_IMAGE", "initrd", "kexec_jump_back_entry")
# What a kernel in the memory that crashkernel= reserved must not do itself, and what its loader adds anew.
_NOT_IN_CAPTURE = ("crashkernel", "elfcorehdr")
_FOR_INIT = "--"  # what follows is not the kernel's
_WORD = re.compile(r'(?:[^\s"]|"[^"]*(?:"|$))+')  # as lib/cmdline.c, next_arg(): quotes keep blanks


@dataclass(frozen=True)
class Wanted:
    """What is asked for."""

    cmdline: str | None = None  # instead of any other
    reuse: bool = False  # this machine's, although the image brings its own
    append: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()  # names, or name=value for this value alone
    inherit: bool = True  # an image that brings none gets the running kernel's, else an empty one


def words(cmdline: str) -> list[str]:
    """The parameters; quotes keep blanks within one."""
    return _WORD.findall(cmdline)


def build(wanted: Wanted, running: str, image: str | None, crash: bool) -> str:
    """The command line to load with.

    It is what was asked for, else what the image brings, else that of the running kernel; then without what is to be
    removed, and with what is to be appended.
    """
    if wanted.cmdline is not None:
        base = words(wanted.cmdline)
    elif image is not None and not wanted.reuse:
        base = words(image)
    else:
        base = inherited(running, crash) if wanted.inherit or wanted.reuse else []
    kept = without(base, wanted.remove)
    end = kept.index(_FOR_INIT) if _FOR_INIT in kept else len(kept)
    return " ".join([*kept[:end], *(part.strip() for part in wanted.append), *kept[end:]])


def inherited(running: str, crash: bool) -> list[str]:
    """The words of /proc/cmdline that hold for the next kernel too; `crash`: for one that saves a crash."""
    return without(words(running), (*_NOT_INHERITED, *(_NOT_IN_CAPTURE if crash else ())))


def without(parameters: Iterable[str], removed: Iterable[str]) -> list[str]:
    """`parameters` without those that `removed` names."""
    names = {_plain(name) for name in removed}
    return [word for word in parameters if not names & {_plain(word), _plain(word.partition("=")[0])}]


def _plain(word: str) -> str:
    """To the kernel "-" and "_" are the same in a parameter's name."""
    name, equals, value = word.partition("=")
    return name.replace("-", "_") + equals + value
