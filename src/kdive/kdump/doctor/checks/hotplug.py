"""CPUs and memory that are plugged in later are in the dump too.

A capture kernel is told at load time where the memory lies. When some is added afterwards, the kernel updates the list
itself since 6.6; an older one needs a udev rule that loads the capture kernel anew. Without either the dump lacks it.
"""

from __future__ import annotations

from kdive.kdump.doctor.check import Outcome, Stage, check, ok, skip, warn
from kdive.kdump.doctor.host import Host

_SWITCHES = ("sys/devices/system/memory/crash_hotplug", "sys/devices/system/cpu/crash_hotplug")
_RULES = ("etc/udev/rules.d", "run/udev/rules.d", "usr/lib/udev/rules.d", "lib/udev/rules.d")


@check(Stage.TRIGGER, needs=("memory-reserved",))
def look(host: Host) -> Outcome:
    values = {name: host.number(name) for name in _SWITCHES if host.exists(name)}
    if values and all(value == 1 for value in values.values()):
        return ok("the kernel itself follows what is plugged", *(f"/{name}: 1" for name in values))
    rules = [name for folder in _RULES for name in host.glob(f"{folder}/*.rules") if _reloads(host, name)]
    if rules:
        return ok("a udev rule loads the capture kernel anew", *(f"/{name}" for name in rules))
    if not host.glob("sys/devices/system/memory/memory*") and not host.glob("sys/devices/system/cpu/cpu*"):
        return skip("the tree does not say whether anything can be plugged")
    removable = host.exists("sys/devices/system/memory/auto_online_blocks") or len(_cpus(host)) > 1
    if not removable:
        return ok("nothing can be plugged into this machine")
    return warn(
        "memory or CPUs that are plugged in later are not in the dump, and nothing loads the capture kernel anew",
        *(f"/{name}: {value}" for name, value in values.items()),
        fix="kdive setup installs the udev rule; kdive kexec status tells whether the kernel does it itself",
    )


def _cpus(host: Host) -> list[str]:
    return host.glob("sys/devices/system/cpu/cpu*/online")


def _reloads(host: Host, name: str) -> bool:
    text = host.text(name)
    return isinstance(text, str) and any(word in text for word in ("kdump", "kdive")) and "memory" in text
