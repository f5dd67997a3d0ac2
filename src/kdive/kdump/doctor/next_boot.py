"""What the boot loader will hand the kernel at the next boot."""

from __future__ import annotations

from kdive.errors import KdiveError
from kdive.facts.missing import Missing
from kdive.kdump.doctor.host import Host
from kdive.kexec import cmdline
from kdive.kexec.boot.entry import BootEntry
from kdive.kexec.boot.find import choose, entries


def next_entry(host: Host) -> BootEntry | Missing:
    """The entry that the boot loader starts when nobody chooses."""
    try:
        entry = choose(entries(host.root))
    except KdiveError as error:
        return Missing(error.message)
    except OSError as error:
        return Missing(f"{error.filename}: {error.strerror}")
    if entry.cmdline is None:
        return Missing(f"{entry.file} does not say what the kernel gets")
    return entry


def at_next_boot(host: Host) -> list[str]:
    """The words crashkernel=… that it gets then; none where that is not known."""
    entry = next_entry(host)
    return [] if isinstance(entry, Missing) else crashkernel_words(entry.cmdline or "")


def crashkernel_words(line: str) -> list[str]:
    """The words crashkernel=… of a command line."""
    return [word for word in cmdline.words(line) if word.startswith("crashkernel=")]
