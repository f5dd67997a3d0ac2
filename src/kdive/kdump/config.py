"""What a machine does when it crashes: one model, whatever file it was read from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kdive.units import ByteCount

RESERVE = ByteCount(64 << 20)
FailureAction = Literal["reboot", "halt", "poweroff", "shell", "dump_to_rootfs"]
FinalAction = Literal["reboot", "halt", "poweroff"]


@dataclass(frozen=True)
class LocalTarget:
    """A local file system: `device` is "UUID=…", "LABEL=…" or a path, "" for the one that holds the folder."""

    device: str = ""
    fstype: str = ""


@dataclass(frozen=True)
class SshTarget:
    """A folder at another machine, reached as `user@host` with the private key `key`."""

    login: str
    key: str = "/root/.ssh/kdump_id_rsa"


@dataclass(frozen=True)
class NfsTarget:
    """`export` is "host:/folder"."""

    export: str


@dataclass(frozen=True)
class RawTarget:
    """A partition without a file system: the dump lies there, flattened, until the next boot saves it."""

    device: str


@dataclass(frozen=True)
class HttpTarget:
    """A server that takes files by PUT below `url`."""

    url: str


Target = LocalTarget | SshTarget | NfsTarget | RawTarget | HttpTarget


@dataclass(frozen=True)
class KdumpConfig:
    """Directives of kdump.conf(5), with its defaults, and those that kdive adds."""

    target: Target = LocalTarget()
    second_target: Target | None = None  # kdive's own: where the dump goes when the first one fails
    path: str = "/var/crash"  # of the dumps; below the target, where one is given
    core_collector: str = "makedumpfile -z -d 31"
    kdump_pre: str = ""
    kdump_post: str = ""
    kdump_emergency: str = ""
    extra_bins: tuple[str, ...] = ()
    extra_modules: tuple[str, ...] = ()
    dracut_args: str = ""
    failure_action: FailureAction = "reboot"
    final_action: FinalAction = "reboot"
    force_rebuild: bool = False
    force_no_rebuild: bool = False
    fence_kdump_nodes: tuple[str, ...] = ()
    fence_kdump_args: str = ""
    auto_reset_crashkernel: bool = True
    # /etc/sysconfig/kdump and its like: the capture kernel's command line, as words
    cmdline: str = ""  # in the place of the running kernel's, "" for that one
    cmdline_remove: str = ""
    cmdline_append: str = ""
    # kdive's own
    deadline_s: int = 3600  # for the whole capture; then the machine goes on
    hook_deadline_s: int = 60
    network_deadline_s: int = 120
    keep: int = 0  # dumps to keep, 0 for all
    reserve: ByteCount = RESERVE  # left free on the target
    mail_to: str = ""
    webhook: str = ""
