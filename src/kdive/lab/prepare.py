"""All that a crash needs before a machine boots: a kernel, the guest's user space, the zoo built for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kdive.lab import accel
from kdive.lab.crash import Plan
from kdive.lab.fetch import fetch
from kdive.lab.kernel import LabKernel
from kdive.lab.kind import source
from kdive.lab.machine import board
from kdive.lab.module import build
from kdive.lab.store import Store
from kdive.lab.tree import guest_tree
from kdive.lab.workdir import workdir
from kdive.units import ByteCount

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Wanted:
    """What the user asked for."""

    kernel: str  # a release, or the start of one: "6.1"; "newest"
    arch: str
    accel: str = "auto"
    mirror: str = ""


@dataclass(frozen=True)
class Bench:
    """A kernel with all that crashing it needs."""

    kernel: LabKernel
    tree: Path
    module: Path | None
    accel: str

    def plan(self, kind: str, cpus: int, memory: ByteCount | None = None, cpu: str = "") -> Plan:
        """The crash `kind` on this bench."""
        return Plan(
            name=kind,
            kernel=self.kernel,
            tree=self.tree,
            module=self.module if source(kind) else None,
            memory=memory or board(self.kernel.arch).memory,
            cpus=cpus,
            accel=self.accel,
            cpu=cpu,
        )


def prepare(store: Store, wanted: Wanted, progress: Progress, zoo: bool = True) -> Bench:
    """Fetches and builds what is not in `store` yet; `zoo` is False where no kind needs the module.

    Raises KdiveError with what is missing: a program, a kernel of this name, the network.
    """
    kernel = fetch(store, wanted.kernel, wanted.arch, mirror=wanted.mirror, progress=progress)
    tree = guest_tree(wanted.arch, store, mirror=wanted.mirror, progress=progress)
    module = build(kernel, store, mirror=wanted.mirror, progress=progress) if zoo else None
    with workdir(store.folder / "probe") as work:
        chosen = accel.choose(wanted.accel, kernel, tree, work)
    return Bench(kernel, tree, module, chosen)
