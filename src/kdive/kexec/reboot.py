"""A reboot into an installed kernel, without the firmware."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kdive.kexec.boot.entry import BootEntry
from kdive.kexec.cmdline import Wanted, words
from kdive.kexec.plan import LoadError, Request


@dataclass(frozen=True)
class Changes:
    """What is asked for besides the kernel."""

    append: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    without_initrd: bool = False


def make_request(entry: BootEntry, running: str, changes: Changes) -> Request:
    """What to load for `entry`; `running` is the text of /proc/cmdline.

    Raises LoadError when the initramfs that it names is not there, or when none is named and that is not wanted.
    """
    missing = [path for path in entry.initrds if not path.is_file()]
    if missing and not changes.without_initrd:
        raise LoadError(
            f"{missing[0]}: the initramfs of {entry.title} is not there",
            hint=f"make it again: update-initramfs -c -k {entry.version}, or dracut --kver {entry.version}",
        )
    if not entry.initrds and entry.source != "UKI" and not changes.without_initrd:
        raise LoadError(
            f"{entry.kernel} has no initramfs, and most kernels find no disk without",
            hint="--without-initrd where everything that it needs is built in",
        )
    return Request(
        kernel=entry.kernel,
        initrds=() if changes.without_initrd else entry.initrds,
        cmdline=_wanted(entry, running, changes),
    )


def _wanted(entry: BootEntry, running: str, changes: Changes) -> Wanted:
    """The entry's own command line, with the root file system of this machine where it names none."""
    if entry.source == "UKI":
        return Wanted(append=changes.append, remove=changes.remove)
    if entry.cmdline is None:
        return Wanted(reuse=True, append=changes.append, remove=changes.remove)
    root = [] if _root(words(entry.cmdline)) else _root(words(running))
    return Wanted(" ".join([entry.cmdline, *root]), append=changes.append, remove=changes.remove)


def _root(parameters: Sequence[str]) -> list[str]:
    return [
        word for word in parameters if word.partition("=")[0] in ("root", "rootflags", "rootfstype", "rd.luks.uuid")
    ]
