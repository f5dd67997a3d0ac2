"""The command line of the capture kernel, made out of that of the kernel that it stands ready for.

Source: kdump-utils, the sysconfig files of each architecture; Documentation/admin-guide/kdump/kdump.rst.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from kdive.kdump.config import KdumpConfig
from kdive.kexec.cmdline import Wanted

# What finds or shapes the running system, takes memory, or makes the capture kernel panic or say nothing.
REMOVED = (
    "root", "rootflags", "rootfstype", "ro", "rw", "init", "rdinit", "resume", "rd.lvm.lv", "rd.luks.uuid",
    "rd.dm.uuid", "rd.md.uuid", "fcoe", "netroot", "rd.iscsi.initiator", "iscsi_initiator", "ip", "panic_on_warn",
    "oops", "panic", "hugepages", "hugepagesz", "default_hugepagesz", "hugetlb_cma", "cma", "slub_debug",
    "slab_debug", "quiet", "splash", "log_buf_len", "swiotlb", "mem", "isolcpus", "nohz_full", "rcu_nocbs",
    "maxcpus", "nr_cpus", "page_owner", "ignition.firstboot", "systemd.unit", "debug_pagealloc", "kasan",
    "kfence.sample_interval", "transparent_hugepage", "nokaslr", "numa", "mce", "irqpoll", "reset_devices",
    "cgroup_disable", "hung_task_panic", "softlockup_panic",
)  # fmt: skip
_ALL = (
    "nr_cpus=1", "reset_devices", "cgroup_disable=memory", "panic=10", "transparent_hugepage=never", "nokaslr",
    "novmcoredd", "cma=0", "hugetlb_cma=0", "kfence.sample_interval=0", "initramfs_options=size=90%",
)  # fmt: skip
APPENDED: dict[str, tuple[str, ...]] = {
    "x86_64": (
        *_ALL, "irqpoll", "mce=off", "numa=off", "acpi_no_memhotplug", "hest_disable", "pcie_ports=compat",
    ),
    "aarch64": (*_ALL, "swiotlb=noforce", "pcie_ports=compat"),
    "ppc64le": ("maxcpus=1", "noirqdistrib", "srcutree.big_cpu_lim=0", *(word for word in _ALL if word != "nr_cpus=1")),
    "s390x": (*_ALL, "numa=off"),
}  # fmt: skip
_NO_IRQPOLL = "Amazon EC2"  # its Graviton machines hang with irqpoll; the others have no use for it
_BOOT_APIC = re.compile(r"^initial apicid\s*:\s*(\d+)$", re.MULTILINE)


def wanted(arch: str, root: Path = Path("/"), extra: tuple[str, ...] = ()) -> Wanted:
    """How the capture kernel's command line differs from that of the machine below `root`."""
    words = APPENDED.get(arch, _ALL)
    if _read(root / "sys/class/dmi/id/sys_vendor").startswith(_NO_IRQPOLL):
        words = tuple(word for word in words if word != "irqpoll")
    return Wanted(reuse=True, append=(*words, *_boot_cpu(arch, root), *extra), remove=REMOVED)


def configured(line: Wanted, config: KdumpConfig) -> Wanted:
    """`line` with what the administrator says of it: another base, words to leave out, words to add."""
    return replace(
        line,
        cmdline=config.cmdline or line.cmdline,
        remove=(*line.remove, *config.cmdline_remove.split()),
        append=(*line.append, *config.cmdline_append.split()),
    )


def _boot_cpu(arch: str, root: Path) -> tuple[str, ...]:
    """The crash may have been on any CPU: the one that the firmware booted on must not be woken by another.

    Source: Documentation/admin-guide/kernel-parameters.txt, disable_cpu_apicid.
    """
    if arch != "x86_64":
        return ()
    found = _BOOT_APIC.search(_read(root / "proc/cpuinfo"))  # that of the first one listed
    return (f"disable_cpu_apicid={found[1]}",) if found else ()


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
