"""Whether machines run on the processor itself (KVM) or are emulated (TCG)."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from kdive.lab import guest
from kdive.lab.guest_run import Guest
from kdive.lab.kernel import LabKernel
from kdive.lab.machine import Machine, board, crash_cmdline

_KVM = Path("/dev/kvm")
_PROBE_S = 30.0


def choose(wanted: str, kernel: LabKernel, tree: Path, work: Path) -> str:
    """ "kvm" or "tcg"; for "auto", KVM only where a machine has just booted with it.

    /dev/kvm proves nothing: nested, in containers or on a broken host it opens, and the machine then hangs.
    """
    if wanted != "auto":
        return wanted
    if platform.machine() != kernel.arch or not os.access(_KVM, os.R_OK | os.W_OK):
        return "tcg"
    return "kvm" if _boots(kernel, tree, work) else "tcg"


def _boots(kernel: LabKernel, tree: Path, work: Path) -> bool:
    initramfs = work / "probe"
    initramfs.write_bytes(guest.probe_initramfs(tree))
    memory = board(kernel.arch).memory
    machine = Machine(
        arch=kernel.arch,
        kernel=kernel.vmlinuz,
        initramfs=initramfs,
        cmdline=crash_cmdline(kernel.arch, memory, kdump=False, extra=()),
        memory=memory,
        cpus=1,
        console_log=work / "probe.log",
        accel="kvm",
    )
    with Guest(machine, work) as running:
        return running.wait_for((guest.HELLO,), _PROBE_S) == guest.HELLO
