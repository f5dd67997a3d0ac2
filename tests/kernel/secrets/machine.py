"""A guest that holds planted secrets, crashes, and is dumped by QEMU."""

from __future__ import annotations

from pathlib import Path

from kdive import programs
from kdive.lab.guest_run import Guest
from kdive.lab.kernel_modules import DISK, modules
from kdive.lab.machine import MIB, Disk, Machine, board
from kdive.lab.prepare import Bench
from kdive.lab.store import Store
from kdive.units import ByteCount
from tests.kexec import guest

_PLANT = Path(__file__).parent / "plant.py"
_MODULES = (
    *("algif_skcipher", "algif_hash", "tls", "dm_crypt", "wireguard", "ext4"),
    *("cbc", "xts", "gcm", "ccm", "ctr", "ghash_generic", "aesni_intel", "aes_ce_blk"),
)
_SCRIPT = """\
ln -s lib /lib64 2>/dev/null
for module in $(cat /modules/order); do insmod /modules/$module.ko; done
sysctl -w kernel.sysrq=1 kernel.panic=0 >/dev/null
python3.11 -S /plant.py &
while [ ! -e /planted ]; do sleep 1; done
sleep 2
rm /plant.py
say ready
sleep 2
echo c >/proc/sysrq-trigger
"""
_BOOT_S = 300


def crash(
    bench: Bench,
    folder: Path,
) -> tuple[Path, str]:
    """The dump, complete, and what the console said."""
    found = modules(bench.kernel, (*DISK, *_MODULES))
    files = {f"modules/{name}.ko": data for name, data in found}
    files |= {"modules/order": " ".join(name for name, _ in found).encode(), "plant.py": _PLANT.read_bytes()}
    tree = guest.python_tree(Store(), bench.kernel.arch)
    (folder / "initramfs").write_bytes(guest.initramfs(_SCRIPT, tree, files))
    disks = [folder / name for name in ("crypt.img", "ext4.img")]
    for disk in disks:
        with disk.open("wb") as image:
            image.truncate(32 << 20)
    programs.run(["mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-O", "encrypt", str(disks[1])])
    machine = Machine(
        arch=bench.kernel.arch,
        kernel=bench.kernel.vmlinuz,
        initramfs=folder / "initramfs",
        cmdline=(f"console={board(bench.kernel.arch).console}", "loglevel=4", "panic=0"),
        memory=ByteCount(512 * MIB),
        cpus=1,
        console_log=folder / "console.log",
        accel=bench.accel,
        disks=tuple(map(Disk, disks)),
    )
    vmcore = folder / "vmcore"
    with Guest(machine, folder) as running:
        assert running.wait_for(("kdive-test: ready",), _BOOT_S), running.text[-2000:]
        assert running.wait_for(("Kernel panic",), 60), running.text[-2000:]
        running.wait_for((), 3)
        arguments = {"paging": False, "protocol": f"file:{vmcore}", "format": "elf"}
        running.qmp.command("dump-guest-memory", arguments, timeout_s=_BOOT_S)
        return vmcore, running.text
