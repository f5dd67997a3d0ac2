"""Something loads the capture kernel at each boot, and one thing only.

What is loaded is gone at every reboot. Two tools that both load theirs (kdump-tools, kdump-utils, kdive) replace each
other's image, and at the crash nobody knows whose runs.
"""

from __future__ import annotations

from kdive.kdump.doctor.check import Outcome, Stage, check, fail, ok, skip, warn
from kdive.kdump.doctor.host import Host
from kdive.kdump.units import LOAD

_TOOLS = {
    LOAD: "kdive", "kdump.service": "kdump-utils, or kdump of openSUSE", "kdump-early.service": "kdump of openSUSE",
    "kdump-tools.service": "kdump-tools",
}  # fmt: skip
_FOLDERS = ("etc/systemd/system", "run/systemd/system")


@check(Stage.IMAGE)
def look(host: Host) -> Outcome:
    if not host.glob("etc/systemd/system/*"):
        return skip("this machine has no systemd, or the tree not its settings")
    enabled = {unit: links for unit in _TOOLS if (links := _wanted_by(host, unit))}
    evidence = [f"/{name}" for links in enabled.values() for name in links]
    if not enabled:
        return fail(
            "nothing loads a capture kernel at the next boot",
            "/etc/systemd/system: none of " + ", ".join(_TOOLS),
            fix="kdive setup",
        )
    names = list(dict.fromkeys(_TOOLS[unit] for unit in enabled))
    if len(names) > 1:
        return warn(
            f"two tools load a capture kernel: {' and '.join(names)}",
            *evidence,
            fix=f"systemctl disable --now {list(enabled)[-1]}",
        )
    failed = host.text("sos_commands/systemd/systemctl_list-units")
    unit = next(iter(enabled))
    if isinstance(failed, str) and any(unit in line and " failed " in line for line in failed.splitlines()):
        return warn(f"{unit} failed at this boot", *evidence, fix=f"journalctl -b -u {unit}")
    return ok(f"{unit} loads the capture kernel at each boot", *evidence)


def _wanted_by(host: Host, unit: str) -> list[str]:
    return [name for folder in _FOLDERS for name in host.glob(f"{folder}/*.wants/{unit}")]
