"""What makes a machine load its capture kernel by itself: units, rules of udev, hooks of kernel packages."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from kdive.kdump.setup_files import FileChange

LOAD, AFTER, WATCH = "kdive-kdump.service", "kdive-after.service", "kdive-config.path"
ENABLED = (LOAD, AFTER, WATCH)
# Services of other tools that load a capture kernel, or save a dump, themselves.
OTHERS = ("kdump-tools.service", "kdump.service", "kdump-early.service", "kdump-commandline.service")
_UNITS = (LOAD, AFTER, WATCH, "kdive-config.service")
_UNIT_FOLDER = "/etc/systemd/system"


def has_systemd(root: Path = Path("/")) -> bool:
    """Whether systemd is installed, or runs."""
    return any(
        (root / path).exists() for path in ("run/systemd/system", "lib/systemd/systemd", "usr/lib/systemd/systemd")
    )


def unit_files(program: str, root: Path = Path("/")) -> list[FileChange]:
    """The files for what the machine below `root` has; `program` is the command that starts kdive."""
    found = []
    if has_systemd(root):
        found += [_file(f"{_UNIT_FOLDER}/{name}", name, program) for name in _UNITS]
        if (root / "etc/udev").is_dir() or (root / "usr/lib/udev").is_dir() or (root / "lib/udev").is_dir():
            found.append(_file("/etc/udev/rules.d/98-kdive.rules", "98-kdive.rules", program))
    if (root / "etc/kernel/postinst.d").is_dir():
        found.append(_file("/etc/kernel/postinst.d/zz-kdive", "postinst", program, 0o755))
        found.append(_file("/etc/kernel/postrm.d/zz-kdive", "postrm", program, 0o755))
    elif (root / "usr/bin/kernel-install").exists() or (root / "bin/kernel-install").exists():
        found.append(_file("/etc/kernel/install.d/98-kdive.install", "kernel-install", program, 0o755))
    return found


def left_out(root: Path = Path("/")) -> list[str]:
    """What is not set up on this machine, and what to do instead."""
    notes = []
    if not has_systemd(root):
        notes.append("no systemd: have `kdive setup --refresh` run at each boot, which loads the capture kernel")
    if not any(
        (root / path).exists() for path in ("etc/kernel/postinst.d", "usr/bin/kernel-install", "bin/kernel-install")
    ):
        notes.append("no hooks of kernel packages: run `kdive setup --refresh` after a new kernel has booted")
    return notes


def _file(path: str, name: str, program: str, mode: int = 0o644) -> FileChange:
    text = (files(__package__) / "data" / name).read_text().replace("@KDIVE@", program)
    return FileChange(path, text, mode)
