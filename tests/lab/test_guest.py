"""What runs inside of the machine, and QEMU's command line: made without running anything."""

from __future__ import annotations

import lzma
import subprocess
from pathlib import Path

import pytest

from kdive.errors import KdiveError
from kdive.formats import cpio
from kdive.lab import guest, kind
from kdive.lab.kernel import LabKernel
from kdive.lab.kernel_modules import modules
from kdive.lab.machine import MIB, Disk, Machine, board, capture_cmdline, crash_cmdline, crashkernel, qemu_argv
from kdive.units import ByteCount
from tests.lab.need import need

RELEASE = "6.1.0-99-test"


@pytest.fixture
def kernel(tmp_path: Path) -> LabKernel:
    """A kernel whose disk driver needs two modules, one of them packed."""
    root = tmp_path / "root"
    (root / "boot").mkdir(parents=True)
    (root / "boot" / f"vmlinuz-{RELEASE}").write_bytes(b"the kernel")
    (root / "boot" / f"config-{RELEASE}").write_text("CONFIG_SMP=y\n# CONFIG_KASAN is not set\nCONFIG_EXT4_FS=m\n")
    made = LabKernel(RELEASE, "x86_64", "1", "test", root)
    folder = made.modules / "kernel"
    folder.mkdir(parents=True)
    (folder / "virtio_blk.ko").write_bytes(b"\0license=GPL\0depends=virtio,virtio-ring\0name=virtio_blk\0")
    (folder / "virtio-ring.ko.xz").write_bytes(lzma.compress(b"\0depends=virtio\0name=virtio_ring\0"))
    (folder / "virtio.ko").write_bytes(b"\0depends=\0name=virtio\0")
    return made


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "busybox").write_bytes(b"busybox")
    (folder / "bin" / "busybox").chmod(0o755)
    (folder / "lib").symlink_to("usr/lib")
    return folder


def test_modules_come_after_those_they_need(kernel: LabKernel) -> None:
    assert [name for name, _ in modules(kernel, ["virtio_blk", "not_there"])] == ["virtio", "virtio_ring", "virtio_blk"]


def test_modules_that_need_each_other_end(kernel: LabKernel) -> None:
    (kernel.modules / "kernel" / "virtio.ko").write_bytes(b"\0depends=virtio_blk\0")
    assert {name for name, _ in modules(kernel, ["virtio_blk"])} == {"virtio", "virtio_ring", "virtio_blk"}


def test_a_damaged_module_is_named(kernel: LabKernel) -> None:
    (kernel.modules / "kernel" / "virtio-ring.ko.xz").write_bytes(b"not xz")
    with pytest.raises(KdiveError, match=r"virtio-ring\.ko\.xz"):
        modules(kernel, ["virtio_blk"])


def unpack(archive: bytes, folder: Path) -> None:
    need("cpio")
    folder.mkdir()
    subprocess.run(["cpio", "-idm", "--quiet"], input=archive, cwd=folder, check=True)


def test_cpio_reads_the_archive(tmp_path: Path) -> None:
    entries = [
        cpio.file("a/b/run", b"#!/bin/sh\n", executable=True),
        cpio.file("a/b/data", bytes(range(256)) * 33),
        cpio.link("a/link", "b/data"),
        cpio.folder("empty"),
        cpio.file("a/b/run", b"the second of one name is left out"),
    ]
    unpack(cpio.archive(entries), tmp_path / "out")
    out = tmp_path / "out"
    assert (out / "a/b/run").read_bytes() == b"#!/bin/sh\n"
    assert (out / "a/b/run").stat().st_mode & 0o777 == 0o755
    assert (out / "a/link").read_bytes() == bytes(range(256)) * 33
    assert (out / "empty").is_dir()


def test_the_initramfs_has_what_the_crash_needs(kernel: LabKernel, tree: Path, tmp_path: Path) -> None:
    module = tmp_path / "crashzoo.ko"
    module.write_bytes(b"the zoo")
    image = guest.crash_initramfs(
        "null-deref",
        kind.load("null-deref"),
        kernel,
        tree,
        module=module,
        capture_cmdline="nr_cpus=1",
        sysctl=["kernel.sysrq=1"],
    )
    unpack(image, tmp_path / "out")
    out = tmp_path / "out"
    assert "exec insmod /crashzoo.ko kind=null-deref" in (out / "trigger").read_text()
    assert "sysctl -w kernel.sysrq=1" in (out / "init").read_text()
    assert (out / "modules/order").read_text() == "virtio virtio_ring virtio_blk"
    assert (out / "crashzoo.ko").read_bytes() == b"the zoo"
    assert (out / "capture/vmlinuz").read_bytes() == b"the kernel"
    unpack((out / "capture/initrd").read_bytes(), tmp_path / "capture")
    assert "/proc/vmcore" in (tmp_path / "capture/init").read_text()


@pytest.mark.parametrize("name", kind.names())
def test_the_guests_scripts_are_shell(name: str, tmp_path: Path) -> None:
    known = kind.load(name)
    for script in (guest.crash_script(known, []), guest.capture_script(), guest.trigger_script(name, known)):
        checked = subprocess.run(["sh", "-n"], input=script, text=True, capture_output=True, check=False)
        assert (checked.returncode, checked.stderr) == (0, "")


def test_a_configuration_that_lacks_something_is_named(kernel: LabKernel) -> None:
    known = kind.Kind(
        class_="x", needs=("CONFIG_SMP", "CONFIG_KASAN", "!CONFIG_SMP", "CONFIG_EXT4_FS=m"), arches=("x86_64",)
    )
    said = "the kernel's configuration lacks CONFIG_KASAN, !CONFIG_SMP"
    assert kind.lacks(known, kernel.config, "x86_64") == said
    assert kind.lacks(known, kernel.config, "aarch64") == "only on x86_64"


def machine(arch: str = "x86_64", **changed: object) -> Machine:
    fields: dict[str, object] = {
        "arch": arch,
        "kernel": Path("/k/vmlinuz"),
        "initramfs": Path("/w/initramfs"),
        "cmdline": ("console=ttyS0", "oops=panic"),
        "memory": ByteCount(448 * MIB),
        "cpus": 2,
        "console_log": Path("/w/console.log"),
    }
    return Machine(**{**fields, **changed})  # type: ignore[arg-type]


def after(argv: list[str], option: str) -> str:
    return argv[argv.index(option) + 1]


def test_qemu_emulates_unless_told_otherwise() -> None:
    argv = qemu_argv(machine())
    assert argv[0] == "qemu-system-x86_64"
    assert after(argv, "-accel") == "tcg,thread=multi"
    assert (after(argv, "-m"), after(argv, "-smp")) == ("448M", "2")
    assert after(argv, "-append") == "console=ttyS0 oops=panic"
    kvm = qemu_argv(machine(accel="kvm"))
    assert (after(kvm, "-accel"), after(kvm, "-cpu")) == ("kvm", "host")


def test_arm64_has_a_machine_of_its_own() -> None:
    argv = qemu_argv(machine("aarch64", cpu="max,pauth-impdef=on"))
    assert argv[0] == "qemu-system-aarch64"
    assert after(argv, "-M") == "virt"
    assert after(argv, "-cpu") == "max,pauth-impdef=on"
    assert "console=ttyAMA0" in crash_cmdline("aarch64", ByteCount(512 * MIB), True, ())
    assert "console=ttyAMA0" in capture_cmdline("aarch64")
    with pytest.raises(KdiveError, match="vax"):
        board("vax")


def test_a_comma_in_a_path_stays_part_of_it() -> None:
    argv = qemu_argv(machine(disks=(Disk(Path("/w/a,b")), Disk(never=True))))
    disks = [argv[index + 1] for index, word in enumerate(argv) if word == "-blockdev"]
    assert disks[0].endswith("file.filename=/w/a,,b")
    assert disks[1].startswith("driver=throttle,")


def test_more_memory_reserves_more() -> None:
    assert crashkernel("x86_64", ByteCount(448 * MIB)) == 144 * MIB
    assert crashkernel("x86_64", ByteCount(4096 * MIB)) == 256 * MIB
    assert not any("crashkernel" in word for word in crash_cmdline("x86_64", ByteCount(448 * MIB), False, ()))
