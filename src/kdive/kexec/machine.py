"""What is known of the machine that the kernel's refusal of an image may come from."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from kdive.facts.missing import Missing
from kdive.formats.machines import of_utsname
from kdive.kexec.small_files import LIMIT, read_small
from kdive.units import ByteCount

_CAP_SYS_BOOT = 22
_EVERYBODY = "0 0 4294967295"  # uid_map outside of user namespaces
_CONTAINER_MARKS = {".dockerenv": "Docker", "run/.containerenv": "Podman"}
_CONFIG = re.compile(r"^(CONFIG_(?:KEXEC|CRASH|IMA|ARCH_HAS_KEXEC)\w*)=(\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Machine:
    """The machine and who asks it."""

    arch: str  # as `uname -m` prints it
    release: str
    may_boot: bool  # the caller has CAP_SYS_BOOT
    container: str  # what this runs in, "" for a machine of its own
    secure_boot: bool | Missing
    security_modules: tuple[str, ...]  # "lockdown", "selinux" …
    config: dict[str, str] | Missing  # what the kernel was built with, as far as it matters here
    keyrings: tuple[str, ...]  # ".builtin_trusted_keys" …
    memory: ByteCount | Missing
    systemd: bool


def read_machine(root: Path = Path("/")) -> Machine:
    """The machine below `root`, and this process."""
    name = os.uname()
    return Machine(
        arch=of_utsname(name.machine),
        release=name.release,
        may_boot=_may_boot(_read(root / "proc/self/status")),
        container=_container(root),
        secure_boot=_secure_boot(root),
        security_modules=tuple(filter(None, _read(root / "sys/kernel/security/lsm").strip().split(","))),
        config=_config(root, name.release),
        keyrings=_keyrings(_read(root / "proc/keys")),
        memory=_memory(_read(root / "proc/meminfo")),
        systemd=(root / "run/systemd/system").is_dir(),
    )


def _read(path: Path) -> str:
    """The file's text, "" when it cannot be read: that is then not known."""
    try:
        return read_small(path).decode("utf-8", "replace")
    except OSError:
        return ""


def _may_boot(status: str) -> bool:
    effective = re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return bool(effective and int(effective.group(1), 16) >> _CAP_SYS_BOOT & 1)


def _container(root: Path) -> str:
    """systemd's own mark first; a user namespace is where root is not the machine's."""
    if name := _read(root / "run/systemd/container").strip():
        return name
    for mark, name in _CONTAINER_MARKS.items():
        if (root / mark).exists():
            return name
    map_ = " ".join(_read(root / "proc/self/uid_map").split())
    return "a user namespace" if map_ not in ("", _EVERYBODY) else ""


def _secure_boot(root: Path) -> bool | Missing:
    variables = root / "sys/firmware/efi/efivars"
    if not variables.is_dir():
        return Missing("this machine was not booted by EFI")
    for path in sorted(variables.glob("SecureBoot-*"))[:1]:
        try:
            value = read_small(path, 5)
        except OSError as error:
            return Missing(f"/{path.relative_to(root)}: {error.strerror}")
        return len(value) == 5 and value[4] == 1  # after four bytes of attributes
    return Missing("the firmware has no variable SecureBoot")


def _config(root: Path, release: str) -> dict[str, str] | Missing:
    for path in (root / f"boot/config-{release}", root / f"lib/modules/{release}/config"):
        if text := _read(path):
            return dict(_CONFIG.findall(text))
    import gzip
    import io
    import zlib

    try:
        with gzip.open(io.BytesIO(read_small(root / "proc/config.gz"))) as file:
            return dict(_CONFIG.findall(file.read(LIMIT).decode("utf-8", "replace")))
    except (OSError, EOFError, zlib.error):
        return Missing(f"there is neither /boot/config-{release} nor /proc/config.gz")


def _keyrings(keys: str) -> tuple[str, ...]:
    return tuple(sorted(set(re.findall(r" keyring\s+(\.[a-z_]+):", keys))))


def _memory(meminfo: str) -> ByteCount | Missing:
    found = re.search(r"^MemTotal:\s+(\d+) kB$", meminfo, re.MULTILINE)
    return ByteCount(int(found.group(1)) << 10) if found else Missing("/proc/meminfo does not say")
