"""Starts the loaded kernel: by systemd, which stops services first, or at once."""

from __future__ import annotations

import errno
import re
import subprocess
from contextlib import suppress

from kdive.kexec import explain
from kdive.kexec.load import Host
from kdive.kexec.machine import read_machine
from kdive.kexec.plan import LoadError
from kdive.kexec.state import read_state

_REMOUNT_PAUSES_S = (0.1, 0.2, 0.4, 0.8, 1.6, 2.0)
_SYSTEMD_TIMEOUT_S = 60
_ESCAPED = re.compile(r"\\([0-7]{3})")  # blanks in /proc/self/mounts


def check(host: Host) -> None:
    """Raises LoadError where no kernel is loaded, or the caller may not start it: before anything is stopped."""
    state, machine = read_state(host.root), read_machine(host.root)
    if state.loaded is False or not machine.may_boot:
        error = errno.EPERM if not machine.may_boot else errno.EINVAL
        raise explain.refused_start(error, state, machine)


def by_systemd() -> None:
    """Has systemd stop everything and start the kernel. Raises LoadError when it refuses."""
    argv = ["systemctl", "kexec"]
    try:
        done = subprocess.run(argv, capture_output=True, timeout=_SYSTEMD_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LoadError(f"systemctl kexec: {error}", hint="kdive kexec exec --now starts it at once") from error
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise LoadError(f"systemctl kexec: {said}", hint="kdive kexec exec --now starts it at once")


def at_once(host: Host, sync: bool = True) -> None:
    """Writes everything to the disks (with `sync`), mounts them read-only, and starts the kernel.

    It does not come back; raises LoadError when it does.
    """
    check(host)
    if sync:
        host.calls.sync()
        _remount_read_only(host)
        host.calls.sync()
    error = host.calls.start()
    raise explain.refused_start(error, read_state(host.root), read_machine(host.root))


def writable(mounts: str) -> list[str]:
    """Where disks are mounted for writing, the innermost first, by the text of /proc/self/mounts."""
    found = []
    for line in mounts.splitlines():
        device, _, rest = line.partition(" ")
        folder, _, rest = rest.partition(" ")
        options = rest.split(" ")[1:2]
        if device.startswith("/dev/") and options and "rw" in options[0].split(","):
            found.append(_ESCAPED.sub(lambda escape: chr(int(escape.group(1), 8)), folder))
    return found[::-1]


def _remount_read_only(host: Host) -> None:
    """Each file system by itself; where files are open for writing, all of them by SysRq, which asks nobody."""
    refused = [folder for folder in _writable_now(host) if host.calls.remount_read_only(folder)]
    if not refused:
        return
    with suppress(OSError):
        (host.root / "proc/sysrq-trigger").write_text("u")
        for pause_s in _REMOUNT_PAUSES_S:
            if not _writable_now(host):
                break
            host.sleep(pause_s)


def _writable_now(host: Host) -> list[str]:
    try:
        return writable((host.root / "proc/self/mounts").read_text(errors="surrogateescape"))
    except OSError:
        return []
