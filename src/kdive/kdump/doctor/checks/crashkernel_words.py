"""The next boot reserves memory too, and as much.

crashkernel= was read when the machine was booted. What the boot loader will hand over the next time may be something
else: an update wrote its entries anew, or the change was made by hand and for one boot.
"""

from __future__ import annotations

from kdive.facts.missing import Missing
from kdive.kdump.doctor.check import Outcome, Stage, check, fail, ok, skip, warn
from kdive.kdump.doctor.host import Host
from kdive.kdump.doctor.next_boot import crashkernel_words, next_entry


@check(Stage.MEMORY, needs=("memory-reserved",))
def look(host: Host) -> Outcome:
    if isinstance(host.cmdline, Missing):
        return skip(host.cmdline.reason)
    running = crashkernel_words(host.cmdline)
    evidence = [f"/proc/cmdline: {' '.join(running) or 'no crashkernel='}"]
    if fixed := [word for word in running if "@" in word]:
        return warn(
            f"{fixed[-1]} asks for a fixed address: where something else lies there, nothing is reserved",
            *evidence,
            fix="leave the address out: the kernel finds a place",
        )
    entry = next_entry(host)
    if isinstance(entry, Missing):
        return skip(f"what the next boot gets is not known: {entry.reason}", *evidence)
    later = crashkernel_words(entry.cmdline or "")
    evidence.append(f"{entry.file} ({entry.title}): {' '.join(later) or 'no crashkernel='}")
    if running and not later:
        return fail("the next boot reserves no memory: a crash after it is lost", *evidence, fix="kdive setup")
    if sorted(running) != sorted(later):
        return warn("the next boot reserves another amount of memory", *evidence, fix="kdive setup; or reboot")
    return ok("the next boot reserves the same", *evidence)
