"""Memory is set aside for the capture kernel.

When the kernel crashes nothing of its own memory can be trusted or overwritten, so the capture kernel runs in a part
that was reserved at boot with crashkernel=. Without it there is no capture.
"""

from __future__ import annotations

import re

from kdive.facts.missing import Missing, known
from kdive.kdump.crashkernel_words import reservation
from kdive.kdump.doctor.check import Outcome, Stage, check, fail, ok, skip
from kdive.kdump.doctor.host import Host
from kdive.kdump.doctor.next_boot import at_next_boot
from kdive.kdump.reservation import ram_of
from kdive.kexec.state import read_state

_LINES = re.compile(r".*crash ?kernel.*(?:reserv|fail|alloc|memory|too|invalid).*", re.IGNORECASE)


@check(Stage.MEMORY, needs=("kernel-config",))
def look(host: Host) -> Outcome:
    state = read_state(host.root)
    size = state.crash_size
    if isinstance(size, Missing):
        return skip(size.reason)
    asked = host.parameter("crashkernel")
    evidence = [f"/sys/kernel/kexec_crash_size: {size}"]
    if isinstance(host.cmdline, str):
        evidence.append("/proc/cmdline: " + (" ".join(f"crashkernel={one}" for one in asked) or "no crashkernel="))
    if size:
        return ok(f"{size >> 20} MB are reserved", *evidence)
    log = known(host.log, "")
    evidence += [f"kernel log: {line.strip()[:200]}" for line in _LINES.findall(log)[:3]]
    written = at_next_boot(host)
    if not asked and written:
        words = " ".join(written)
        return fail("no memory is reserved before the next boot", *evidence, f"boot loader: {words}", fix="reboot")
    if not asked and isinstance(host.cmdline, str):
        return fail(
            "no memory is reserved: the kernel was booted without crashkernel=",
            *evidence,
            fix="kdive setup, then reboot",
        )
    return fail(
        f"no memory is reserved although crashkernel= is given: {_why(host, asked)}",
        *evidence,
        fix="kdive estimate names a size that fits; kdive setup writes it; then reboot",
    )


def _why(host: Host, asked: list[str]) -> str:
    """What the kernel made of the words."""
    ram = ram_of(host.root)
    if isinstance(ram, Missing):
        return "it names no size for this machine's memory, or no place of that size was free"
    meant = reservation(asked, ram, known(host.arch, ""))
    return f"no place was free for {meant.why}" if meant.size else meant.why
