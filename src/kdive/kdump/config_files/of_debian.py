"""/etc/default/kdump-tools of Debian and Ubuntu."""

from __future__ import annotations

from dataclasses import replace

from kdive.kdump.config import FailureAction, KdumpConfig, NfsTarget, SshTarget
from kdive.kdump.config_files.assignments import assignments

_FAIL: dict[str, FailureAction] = {"reboot": "reboot", "halt": "halt", "poweroff": "poweroff"}
_TOOLS_OWN = (
    "systemd.unit=",
    "reset_devices",
    "nr_cpus=",
    "maxcpus=",
    "irqpoll",
    "nousb",
    "ata_piix.prefer_ms_hyperv=",
)
_UNKNOWN = {
    "FTP": "dumps are not sent by FTP: choose ssh, nfs or http",
    "KDUMP_COMPRESSION": "the dump is compressed once, by core_collector, and not a second time",
    "KDUMP_KERNEL": "the kernel that runs captures its own crash",
    "KDUMP_INITRD": "kdive builds the capture image",
    "DEBUG_KERNEL": "the filter needs no debuginfo",
    "KDUMP_KEXEC_ARGS": "the kernel is loaded by system call, not by kexec(8)",
}


def read(text: str) -> tuple[KdumpConfig, tuple[str, ...]]:
    """The configuration that it comes to, and what of it could not be carried over."""
    values = assignments(text)
    notes = [f"{name}={values[name]}: {why}" for name, why in _UNKNOWN.items() if values.get(name)]
    if values.get("USE_KDUMP") == "0":
        notes.append("USE_KDUMP=0: kdump-tools was switched off; `kdive setup` switches captures on")
    config = KdumpConfig(path=_folder(values.get("KDUMP_COREDIR", "")))
    if values.get("MAKEDUMP_ARGS"):
        config = replace(config, core_collector=f"makedumpfile {values['MAKEDUMP_ARGS']}")
    if values.get("SSH"):
        key = values.get("SSH_KEY") or SshTarget("").key
        config = replace(config, target=SshTarget(values["SSH"], key))
    elif values.get("NFS"):
        config = replace(config, target=NfsTarget(values["NFS"]))
    keep = values.get("KDUMP_NUM_DUMPS", "")
    if keep.isdecimal() and len(keep) < 10:
        config = replace(config, keep=int(keep))
    command = values.get("KDUMP_FAIL_CMD", "").split()
    action = _FAIL.get(command[0].rpartition("/")[2] if command else "reboot")
    if action is None:
        notes.append(f"KDUMP_FAIL_CMD={' '.join(command)}: say it as failure_action, or as the program kdump_emergency")
    else:
        config = replace(config, failure_action=action)
    append = " ".join(
        word for word in values.get("KDUMP_CMDLINE_APPEND", "").split() if not word.startswith(_TOOLS_OWN)
    )
    return replace(config, cmdline=values.get("KDUMP_CMDLINE", ""), cmdline_append=append), tuple(notes)


def _folder(path: str) -> str:
    return path.rstrip("/") or "/var/crash" if path.startswith("/") else "/var/crash"
