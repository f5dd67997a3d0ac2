"""The programs that run before and after a capture are there, and can be run.

kdump_pre, kdump_post and kdump_emergency are copied into the image and run in the capture kernel. One that fails stops
the capture (kdump_pre), or is only logged; one that is missing was never what somebody meant.
"""

from __future__ import annotations

import stat

from kdive.facts.missing import Missing
from kdive.kdump.config import KdumpConfig
from kdive.kdump.doctor.check import Outcome, Stage, check, fail, ok, skip, warn
from kdive.kdump.doctor.host import Host
from kdive.kdump.doctor.settings import configuration

_FOLDERS = ("etc/kdump/pre.d/*", "etc/kdump/post.d/*", "etc/kdump/emergency.d/*")
_STARTS = (b"#!", b"\x7fELF")


@check(Stage.IMAGE, needs=("config-file",))
def look(host: Host) -> Outcome:
    return runnable(host, configuration(host))


def runnable(host: Host, config: KdumpConfig) -> Outcome:
    """What is wrong with the hooks of `config`, and with those that lie in folders of their own."""
    named = [path for path in (config.kdump_pre, config.kdump_post, config.kdump_emergency) if path]
    found = [name for pattern in _FOLDERS for name in host.glob(pattern)]
    if not named and not found:
        return ok("no programs are run around a capture")
    if host.partial:
        return skip("a sosreport holds no programs")
    evidence = [*named, *(f"/{name}" for name in found)]
    missing = [path for path in named if not host.exists(path)]
    if missing:
        return fail(f"{', '.join(missing)} is not there", *evidence, fix="correct the path in /etc/kdump.conf")
    odd = [reason for name in evidence if (reason := _not_run(host, name))]
    if odd:
        return warn(
            "; ".join(odd), *evidence, fix=f"chmod 755 {odd[0].partition(' ')[0]}; begin a script with #!/bin/sh"
        )
    return ok(f"{len(evidence)} programs are run around a capture", *evidence)


def _not_run(host: Host, name: str) -> str:
    """Why the program cannot be started; "" where it can."""
    status, start = host.stat(name), host.data(name, 4)
    if status is None or isinstance(start, Missing):
        return "" if host.hidden(name) else f"{name} is no file"
    if not status.st_mode & stat.S_IXUSR:
        return f"{name} is not executable"
    return "" if start.startswith(_STARTS) else f"{name} is neither a script nor a program"
