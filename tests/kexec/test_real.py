"""A real kernel loads, starts, and after its crash is followed by, kernels that kdive has loaded.

Runs where QEMU is installed; KDIVE_LAB=1 makes a missing program a failure, KDIVE_LAB=0 leaves these tests out.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from kdive import programs
from kdive.kexec.image import recognise
from kdive.lab.prepare import Bench, Wanted, prepare
from kdive.lab.store import Store
from tests.kexec import guest
from tests.kexec.images import unified
from tests.lab.need import need

CONSOLE = "console=ttyS0 loglevel=4 panic=-1"


@pytest.fixture(scope="module", params=("6.1", "newest"))
def each_bench(request: pytest.FixtureRequest) -> Bench:
    return prepared(request.param)


@pytest.fixture(scope="module")
def bench() -> Bench:
    return prepared("6.1")


def prepared(kernel: str, arch: str = "x86_64") -> Bench:
    need(f"qemu-system-{arch}", "apt-get", "dpkg-deb")
    return prepare(Store(), Wanted(kernel, arch), lambda what: None, zoo=False)


@pytest.fixture(scope="module")
def python() -> Path:
    need("qemu-system-x86_64", "apt-get", "dpkg-deb")
    return guest.python_tree(Store())


def test_a_crash_starts_the_capture_kernel_although_a_later_load_failed(
    each_bench: Bench, python: Path, tmp_path: Path
) -> None:
    script = f"""
kdive kexec load -p /vmlinuz -i /capture --cmdline "{CONSOLE} nr_cpus=1 irqpoll reset_devices" || say "load: $?"
kdive kexec load -p /broken -i /capture && say "the broken one is loaded"
kdive kexec status
kdive kexec status --loaded crash && say "it is there"
echo c >/proc/sysrq-trigger
"""
    vmlinuz = each_bench.kernel.vmlinuz.read_bytes()
    broken = vmlinuz[:0x1FE] + b"\0\0" + vmlinuz[0x200:]  # the boot flag, which kdive leaves to the kernel
    files = {"vmlinuz": vmlinuz, "broken": broken, "capture": guest.capture(python)}
    console = guest.run(each_bench, tmp_path, guest.initramfs(script, python, files), ["crashkernel=192M"])
    assert "/broken is not loaded: this kernel knows no loader for it: it is a bzImage (ENOEXEC)" in console
    assert "The capture kernel that was loaded before, /vmlinuz, is loaded again." in console
    assert "the broken one is loaded" not in console
    assert f"at a crash    /vmlinuz ({each_bench.kernel.release}) is loaded" in console
    assert "reserved      192 MB (0x" in console
    assert "kdive-test: it is there" in console
    assert "kdive-test: capture kernel, vmcore of " in console


def test_the_kernel_in_a_unified_image_starts_with_its_initramfs_and_command_line(
    bench: Bench, python: Path, tmp_path: Path
) -> None:
    image = unified(
        {".linux": bench.kernel.vmlinuz.read_bytes(), ".initrd": guest.second(python), ".cmdline": CONSOLE.encode()}
    )
    script = """
kdive kexec load /uki --append "kdive.test=1" --method segments && say "loaded by kexec(8)"
kdive kexec unload
kdive kexec exec
kdive kexec load /uki --append "kdive.test=2" --debug
kdive kexec exec
"""
    console = guest.run(bench, tmp_path, guest.initramfs(script, python, {"uki": image}))
    assert "kdive-test: loaded by kexec(8)" in console
    assert "nothing is loaded any more" in console
    assert "the loaded kernel does not start: no kernel is loaded (EINVAL)" in console
    assert "note: this kernel does not know --debug" in console
    assert f"kdive-test: second kernel: {CONSOLE} kdive.test=2" in console


def test_on_a_kernel_without_the_newer_call_an_installed_program_is_driven(tmp_path: Path) -> None:
    arm64 = prepared("6.1", "aarch64")
    tree = guest.python_tree(Store(), "aarch64")
    script = """
mv /usr/sbin/kexec /tmp/hidden
kdive kexec load -p /Image -i /capture
mv /tmp/hidden /usr/sbin/kexec
kdive kexec load -p /Image -i /capture --cmdline "console=ttyAMA0 loglevel=4 nr_cpus=1 reset_devices" --method file
kdive kexec load -p /Image -i /capture --cmdline "console=ttyAMA0 loglevel=4 nr_cpus=1 reset_devices"
kdive kexec status
echo c >/proc/sysrq-trigger
"""
    files = {"Image": arm64.kernel.vmlinuz.read_bytes(), "capture": guest.capture(tree)}
    console = guest.run(arm64, tmp_path, guest.initramfs(script, tree, files), ["crashkernel=192M"])
    assert "kexec(8), which could do it, is not installed" in console
    assert "/Image is not loaded: this kernel has no kexec_file_load: " in console
    assert f"at a crash    /Image ({arm64.kernel.release}) is loaded" in console
    assert "kdive-test: capture kernel, vmcore of " in console


def test_refusals_of_a_real_kernel_are_told_apart(python: Path, tmp_path: Path) -> None:
    newest = prepared("newest")
    script = """
mount -t securityfs securityfs /sys/kernel/security
kdive kexec load -p /vmlinuz -i /too-big --cmdline ro
exec 3>>/capture
kdive kexec load /vmlinuz -i /capture --cmdline ro
exec 3>&-
echo integrity >/sys/kernel/security/lockdown
kdive kexec load /vmlinuz -i /capture --cmdline ro
echo 1 >/proc/sys/kernel/kexec_load_limit_reboot
kdive kexec load /vmlinuz -i /capture --cmdline ro --debug
kdive kexec load /vmlinuz -i /capture --cmdline ro
echo 1 >/proc/sys/kernel/kexec_load_disabled
kdive kexec load /vmlinuz -i /capture --cmdline ro
kdive kexec status
"""
    vmlinuz = newest.kernel.vmlinuz.read_bytes()
    reserved = 160 << 20
    files = {
        "vmlinuz": vmlinuz,
        "capture": guest.capture(python),
        "too-big": bytes(reserved - recognise(vmlinuz).need - (1 << 20)),  # no place is left for the rest
    }
    archive = guest.initramfs(script, python, files)
    console = guest.run(newest, tmp_path, archive, [f"crashkernel={reserved >> 20}M"])
    causes = [
        line.partition("is not loaded: ")[2].strip() for line in console.splitlines() if "is not loaded: " in line
    ]
    assert len(causes) == 6
    too_big, open_for_writing, unsigned, limited, used_up, disabled = causes
    assert too_big.startswith("kernel and initramfs (159 MB) find no place, and crashkernel= reserves 160 MB (E")
    assert open_for_writing.startswith("a program has the file open for writing (ETXTBSY)")
    assert unsigned.startswith("the kernel is locked down (integrity) and takes signed kernels alone")
    assert limited.startswith("the kernel is locked down")
    assert used_up.startswith("all loads that kernel.kexec_load_limit_reboot allowed are used up (EPERM)")
    assert disabled.startswith("kernel.kexec_load_disabled is 1, and stays so until the next boot (EPERM)")
    assert "loads are counted on this machine: --debug is left out" in console
    assert "lockdown      integrity" in console


GRUB_CFG = """set default="1>0"
menuentry 'Broken' {{
    linux /vmlinuz-9 root=/dev/vda
}}
submenu 'Advanced' {{
    menuentry 'Test, with Linux {release}' {{
        linux /boot/vmlinuz-{release} {console} kdive.test=3
        initrd /boot/initrd.img-{release}
    }}
}}
"""


def test_a_reboot_starts_what_grub_would_and_leaves_a_clean_file_system(
    bench: Bench, python: Path, tmp_path: Path
) -> None:
    need("mke2fs", "e2fsck", "debugfs")
    disk = tmp_path / "disk"
    with disk.open("wb") as image:
        image.truncate(32 << 20)
    programs.run(["mke2fs", "-q", "-t", "ext4", str(disk)])
    release = bench.kernel.release
    script = f"""
called_kexec -l /boot/vmlinuz-{release} --initrd=/boot/initrd.img-{release} --reuse-cmdline
called_kexec -l -S || say "kexec -l -S ends with $?"
called_kexec -u
called_kexec -l -S && say "and then with $?"
for module in /modules/*; do insmod $module; done
mkdir /mnt
mount -t ext4 /dev/vda /mnt
echo "written before" >/mnt/file
sleep 1000 >/mnt/open &
kdive reboot --now
"""
    files = {
        "boot/grub/grub.cfg": GRUB_CFG.format(release=release, console=CONSOLE).encode(),
        f"boot/vmlinuz-{release}": bench.kernel.vmlinuz.read_bytes(),
        f"boot/initrd.img-{release}": guest.second(python),
        **guest.modules(bench, "virtio_pci", "virtio_blk", "ext4"),
    }
    console = guest.run(bench, tmp_path, guest.initramfs(script, python, files), ["root=/dev/vda1"], disk)
    assert "kdive-test: kexec -l -S ends with 1" in console
    assert "kdive-test: and then with 0" in console
    assert f"Test, with Linux {release} (GRUB, /boot/grub/grub.cfg)" in console
    assert f"kdive-test: second kernel: {CONSOLE} kdive.test=3 root=/dev/vda1" in console
    programs.run(["e2fsck", "-n", str(disk)])
    assert programs.run(["debugfs", "-R", "cat /file", str(disk)]) == "written before\n"
    assert "needs_recovery" not in programs.run(["debugfs", "-R", "features", str(disk)])
