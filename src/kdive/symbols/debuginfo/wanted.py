"""Which files of a package are wanted: the vmlinux of one kernel, and modules by name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from kdive.symbols.debuginfo.cache import VMLINUX
from kdive.symbols.identity import KernelIdentity

_MODULE = re.compile(r"(?:^|/)([\w-]+)\.ko(?:\.debug)?$")


@dataclass(frozen=True)
class Wanted:
    """`modules` by their names in the kernel: with "_", not "-"."""

    kernel: KernelIdentity
    arch: str = ""  # as uname -m prints it; "" where it is not known
    modules: frozenset[str] = field(default_factory=frozenset)

    def file_name(self, path: str) -> str | None:
        """Name to keep the package's file `path` by; None for one that is not wanted."""
        release = self.kernel.release
        last = path.rpartition("/")[2]
        if last in (f"vmlinux-{release}", f"vmlinux-{release}.debug"):
            return VMLINUX
        if last in ("vmlinux", "vmlinux.debug") and f"/{release}/" in path:
            return VMLINUX
        found = _MODULE.search(path)
        if found and found[1].replace("-", "_") in self.modules and f"/{release}/" in path:
            return f"{found[1].replace('-', '_')}.ko.debug"
        return None
