"""The machine that QEMU makes: its command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kdive.errors import KdiveError
from kdive.units import ByteCount

MIB = 1 << 20


@dataclass(frozen=True)
class Board:
    """What an architecture needs of QEMU and of the kernel's command line."""

    qemu: str  # the program
    console: str
    arguments: tuple[str, ...]
    tcg_cpu: str
    crashkernel: ByteCount
    memory: ByteCount
    capture_cmdline: tuple[str, ...] = ()


# 5-level page tables and, on arm64, pointer authentication by the architected algorithm slow emulation down.
BOARDS = {
    "x86_64": Board(
        qemu="qemu-system-x86_64",
        console="ttyS0",
        arguments=(),
        tcg_cpu="max,la57=off",
        crashkernel=ByteCount(144 * MIB),
        memory=ByteCount(448 * MIB),
        capture_cmdline=("irqpoll", "reset_devices"),
    ),
    "aarch64": Board(
        qemu="qemu-system-aarch64",
        console="ttyAMA0",
        arguments=("-M", "virt"),
        tcg_cpu="cortex-a57",
        crashkernel=ByteCount(128 * MIB),
        memory=ByteCount(512 * MIB),
        capture_cmdline=("reset_devices",),
    ),
}
_BIG_MEMORY = 2048 * MIB  # from here on the capture kernel needs more for its own tables
_NEVER_BYTES = 64 * MIB  # of a disk that never answers
THROTTLE = "slow"  # QEMU's object that can make that disk slow
_BIG_CRASHKERNEL = 256 * MIB


@dataclass(frozen=True)
class Disk:
    """A virtio disk: a raw image, or one of zeros that can be told to answer no more."""

    image: Path | None = None
    never: bool = False


@dataclass(frozen=True)
class Machine:
    """A machine to boot: all that decides its command line."""

    arch: str
    kernel: Path
    initramfs: Path
    cmdline: tuple[str, ...]
    memory: ByteCount
    cpus: int
    console_log: Path
    accel: str = "tcg"  # or "kvm"
    cpu: str = ""  # QEMU's model; the board's own when empty
    disks: tuple[Disk, ...] = field(default=())


def board(arch: str) -> Board:
    """Raises KdiveError for an architecture that the lab knows no machine of."""
    if arch not in BOARDS:
        raise KdiveError(f"{arch}: the lab has no machine of this architecture", hint=", ".join(BOARDS))
    return BOARDS[arch]


def crashkernel(arch: str, memory: ByteCount) -> ByteCount:
    """How much the machine reserves for its capture kernel."""
    small = board(arch).crashkernel
    return small if memory < _BIG_MEMORY else ByteCount(max(small, _BIG_CRASHKERNEL))


def crash_cmdline(arch: str, memory: ByteCount, kdump: bool, extra: Sequence[str]) -> tuple[str, ...]:
    """Command line of the kernel that crashes."""
    reserve = (f"crashkernel={crashkernel(arch, memory) // MIB}M",) if kdump else ()
    return (
        f"console={board(arch).console}",
        "loglevel=8",
        "printk.devkmsg=on",
        "panic=5",
        "oops=panic",
        *reserve,
        *extra,
    )


def capture_cmdline(arch: str) -> tuple[str, ...]:
    """Command line of the capture kernel; its last words go to the same console."""
    return (f"console={board(arch).console}", "nr_cpus=1", "panic=-1", *board(arch).capture_cmdline)


def qemu_argv(machine: Machine) -> list[str]:
    """QEMU's command line. It talks QMP on its standard input and output."""
    known = board(machine.arch)
    accel = "tcg,thread=multi" if machine.accel == "tcg" else machine.accel
    cpu = machine.cpu or (known.tcg_cpu if machine.accel == "tcg" else "host")
    argv = [known.qemu, "-nodefaults", "-no-user-config", *known.arguments]
    argv += ["-accel", accel, "-cpu", cpu, "-smp", str(machine.cpus), "-m", f"{machine.memory // MIB}M"]
    argv += ["-kernel", str(machine.kernel), "-initrd", str(machine.initramfs), "-append", " ".join(machine.cmdline)]
    argv += ["-display", "none", "-no-reboot", "-nic", "none", "-device", "vmcoreinfo"]
    argv += ["-serial", f"file:{machine.console_log}", "-qmp", "stdio"]
    for number, disk in enumerate(machine.disks):
        if disk.never:
            argv += ["-object", f"throttle-group,id={THROTTLE}"]
        argv += ["-blockdev", _blockdev(number, disk), "-device", f"virtio-blk-pci,drive=disk{number}"]
    return argv


def _blockdev(number: int, disk: Disk) -> str:
    if disk.never:  # it answers until it is told not to: firmware and kernel read it while they start
        zeros = f"file.driver=null-co,file.size={_NEVER_BYTES},file.read-zeroes=on"
        return f"driver=throttle,throttle-group={THROTTLE},node-name=disk{number},{zeros}"
    # Pages of zeros leave holes in the image.
    path = str(disk.image).replace(",", ",,")
    return f"driver=raw,node-name=disk{number},discard=unmap,detect-zeroes=unmap,file.driver=file,file.filename={path}"
