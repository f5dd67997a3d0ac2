"""The machine that dumps go to can be reached, and lets this one in without a password.

The capture kernel asks nobody: it needs a route, a name that it can look up, a key that is accepted, and the other
machine's host key, which it checks. With --network the target is asked; otherwise only this machine is looked at.
"""

from __future__ import annotations

import re
import socket
from urllib.parse import urlsplit

from kdive.facts.missing import Missing
from kdive.kdump.config import HttpTarget, NfsTarget, SshTarget, Target
from kdive.kdump.doctor.check import Outcome, Stage, check, fail, ok, skip, warn
from kdive.kdump.doctor.host import Host
from kdive.kdump.doctor.settings import configuration
from kdive.kdump.image.target_needs import is_remote
from kdive.kdump.propagate import KNOWN_HOSTS, is_accepted

_TIMEOUT_S = 10
_ROUTE_UP = 1


@check(Stage.TARGET, needs=("config-file",))
def look(host: Host) -> Outcome:
    return reach(host, configuration(host).target)


def reach(host: Host, target: Target) -> Outcome:
    """Whether a dump would get to `target`, as far as can be told from here."""
    if not is_remote(target):
        return skip("dumps do not go to another machine")
    name, port = address_of(target)
    if not name:
        return fail("the target names no machine", fix="set user@host or host:/folder in /etc/kdump.conf")
    routes = _routes(host)
    if isinstance(routes, list) and not routes:
        return fail(f"there is no route to {name}", "/proc/net/route: no route", fix="ip route; nmcli device status")
    evidence = [f"/proc/net/route: by {', '.join(routes)}"] if isinstance(routes, list) else []
    if isinstance(target, SshTarget) and (found := _ssh(host, target, name)):
        return found
    if host.network and host.live:
        refused = is_accepted(target) if isinstance(target, SshTarget) else _connect(name, port)
        if refused:
            return fail(f"{name} cannot be reached as a dump would: {refused}", *evidence, fix="kdive propagate")
        return ok(f"{name} answers", *evidence)
    if not _is_address(name) and not _in_hosts(host, name):
        return warn(
            f"{name} must be looked up by DNS in the capture kernel, which may have none",
            *evidence,
            fix=f"name it by its address, or put it into /etc/hosts: getent hosts {name}",
        )
    return ok(f"dumps go to {name}; --network asks it", *evidence)


def address_of(target: Target) -> tuple[str, int]:
    """The machine, and the port that must answer."""
    if isinstance(target, SshTarget):
        return target.login.rpartition("@")[2].strip("[]"), 22
    if isinstance(target, NfsTarget):
        found = re.match(r"\[([^]]+)\]:|([^:]+):", target.export)
        return (found.group(1) or found.group(2), 2049) if found else ("", 2049)
    if isinstance(target, HttpTarget):
        try:
            parts = urlsplit(target.url)
            return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            return "", 80
    return "", 0


def _ssh(host: Host, target: SshTarget, name: str) -> Outcome | None:
    """What is missing on this machine for a login by key."""
    key = host.data(target.key)
    if isinstance(key, Missing):
        if "Permission" in key.reason:
            return skip(key.reason)
        if not host.live and not host.exists("root/.ssh"):
            return None  # keys are not saved
        return fail(f"there is no key to log in at {name}", key.reason, fix=f"kdive propagate {target.login}")
    hosts = host.text(str(KNOWN_HOSTS), "etc/ssh/ssh_known_hosts")
    if isinstance(hosts, str) and "|1|" not in hosts and name not in re.split(r"[\s,\[\]]", hosts):
        return fail(
            f"the host key of {name} is not known here, and the capture kernel would refuse it",
            f"{KNOWN_HOSTS}: no line for {name}",
            fix=f"kdive propagate {target.login}",
        )
    return None


def _routes(host: Host) -> list[str] | Missing:
    """Interfaces with a route that is up."""
    text = host.text("proc/net/route", "proc/1/net/route")
    if isinstance(text, Missing):
        return text
    rows = [line.split() for line in text.splitlines()[1:]]
    return sorted(
        {
            row[0]
            for row in rows
            if len(row) > 3 and re.fullmatch("[0-9A-Fa-f]{1,8}", row[3]) and int(row[3], 16) & _ROUTE_UP
        }
    )


def _connect(name: str, port: int) -> str:
    """Why nobody answers there; "" where somebody does."""
    try:
        with socket.create_connection((name, port), timeout=_TIMEOUT_S):
            return ""
    except (OSError, UnicodeError) as error:
        return str(error)


def _is_address(name: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, name)
        except (OSError, ValueError):
            continue
        return True
    return False


def _in_hosts(host: Host, name: str) -> bool:
    text = host.text("etc/hosts")
    lines = text.splitlines() if isinstance(text, str) else []
    return any(name in line.partition("#")[0].split()[1:] for line in lines)
