"""A kernel that the lab can boot: its files, wherever they came from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True)
class LabKernel:
    """`root` holds the unpacked packages, laid out as on an installed machine."""

    release: str  # as `uname -r` prints it
    arch: str  # as `uname -m` prints it: "x86_64", "aarch64"
    version: str  # of the package
    suite: str  # of the distribution, "" for a kernel that came as a file
    root: Path

    @property
    def vmlinuz(self) -> Path:
        return self._file("vmlinuz")

    @property
    def modules(self) -> Path:
        """Folder with modules.dep, modules.builtin and kernel/."""
        return self.root / "lib" / "modules" / self.release

    @cached_property
    def config(self) -> dict[str, str]:
        """The kernel's configuration: {"CONFIG_SMP": "y"}; what is not set is not in it."""
        text = self._file("config").read_text()
        pairs = (line.partition("=") for line in text.splitlines() if line.startswith("CONFIG_"))
        return {name: value for name, _, value in pairs}

    def _file(self, name: str) -> Path:
        """In /boot, or where newer packages have it: beside the modules."""
        in_boot = self.root / "boot" / f"{name}-{self.release}"
        return in_boot if in_boot.exists() else self.modules / name
