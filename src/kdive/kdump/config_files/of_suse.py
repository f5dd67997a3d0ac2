"""/etc/sysconfig/kdump of openSUSE and SLES."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from kdive.kdump.config import KdumpConfig, LocalTarget, NfsTarget, SshTarget, Target
from kdive.kdump.config_files.assignments import assignments
from kdive.units import ByteCount

OWN = "KDUMP_SAVEDIR"  # what tells this file from RHEL's of the same name
_FORMATS = {"none": "-z", "ELF": "-E", "compressed": "-c", "lzo": "-l", "snappy": "-p", "zstd": "-z", "raw": "-d 0"}
_UNKNOWN = {
    "KDUMP_TRANSFER": "a program that transfers the dump: name it as core_collector",
    "KDUMP_NETCONFIG": "the network is set up as the target needs it",
    "KDUMP_FADUMP": "firmware-assisted dumps are left to the distribution's own tools",
    "KDUMP_CPUS": "one CPU captures",
    "KEXEC_OPTIONS": "the kernel is loaded by system call, not by kexec(8)",
    "KDUMP_SMTP_SERVER": "mail goes through the machine's own sendmail",
}


def read(text: str) -> tuple[KdumpConfig, tuple[str, ...]]:
    """The configuration that it comes to, and what of it could not be carried over."""
    values = assignments(text)
    notes = [
        f"{name}={values[name]}: {why}"
        for name, why in _UNKNOWN.items()
        if values.get(name, "") not in ("", "no", "auto")
    ]
    target, path, problem = _target(values.get("KDUMP_SAVEDIR", ""), values.get("KDUMP_SSH_IDENTITY", ""))
    notes += [problem] if problem else []
    config = KdumpConfig(
        target=target,
        path=path,
        core_collector=_collector(values),
        kdump_pre=values.get("KDUMP_PRESCRIPT", ""),
        kdump_post=values.get("KDUMP_POSTSCRIPT", ""),
        extra_bins=tuple(values.get("KDUMP_REQUIRED_PROGRAMS", "").split()),
        failure_action="reboot" if values.get("KDUMP_IMMEDIATE_REBOOT", "yes") != "no" else "shell",
        cmdline=values.get("KDUMP_COMMANDLINE", ""),
        cmdline_append=values.get("KDUMP_COMMANDLINE_APPEND", ""),
        mail_to=values.get("KDUMP_NOTIFICATION_TO", ""),
    )
    keep = values.get("KDUMP_KEEP_OLD_DUMPS", "")
    if keep.isdecimal() and len(keep) < 10:
        config = replace(config, keep=int(keep))
    elif keep.startswith("-"):
        notes.append(f"KDUMP_KEEP_OLD_DUMPS={keep}: old dumps are removed by `kdive prune`, never all of them")
    free = values.get("KDUMP_FREE_DISK_SIZE", "")
    if free.isdecimal() and len(free) < 10:
        config = replace(config, reserve=ByteCount(int(free) << 20))
    timeout = values.get("KDUMP_NET_TIMEOUT", "")
    if timeout.isdecimal() and int(timeout[:9]) > 0:
        config = replace(config, network_deadline_s=max(config.network_deadline_s, int(timeout[:9])))
    return config, tuple(notes)


def _collector(values: dict[str, str]) -> str:
    level = values.get("KDUMP_DUMPLEVEL") or "31"
    format_ = values.get("KDUMP_DUMPFORMAT") or "compressed"
    options = _FORMATS.get(format_, "-z")
    words = ["makedumpfile", options, *([] if format_ == "raw" else ["-d", level])]
    return " ".join([*words, *values.get("MAKEDUMPFILE_OPTIONS", "").split()])


def _target(address: str, key: str) -> tuple[Target, str, str]:
    """The target, the folder there, and why it is not what was asked for."""
    here = LocalTarget()
    if not address or address.startswith("/"):
        return here, address.rstrip("/") or "/var/crash", ""
    try:
        url = urlsplit(address)
        host, login = url.hostname or "", url.username or "root"
    except ValueError:
        return here, "/var/crash", f"KDUMP_SAVEDIR={address}: not an address"
    path = url.path.rstrip("/") or "/var/crash"
    if url.scheme == "file":
        return here, path, ""
    if url.scheme in ("ssh", "sftp") and host:
        problem = "KDUMP_SAVEDIR has a password: a key is needed, `kdive propagate` makes one" if url.password else ""
        return SshTarget(f"{login}@{host}", key.split()[0] if key.split() else SshTarget("").key), path, problem
    if url.scheme == "nfs" and host:
        return NfsTarget(f"{host}:{path}"), "/", ""
    return here, "/var/crash", f"KDUMP_SAVEDIR={address}: dumps are not sent by {url.scheme}: they go to /var/crash"
