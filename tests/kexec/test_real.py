"""A real kernel loads, starts, and after its crash is followed by, kernels that kdive has loaded.

Runs where QEMU is installed; KDIVE_LAB=1 makes a missing program a failure, KDIVE_LAB=0 leaves these tests out.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from kdive.lab.prepare import Bench, Wanted, prepare
from kdive.lab.store import Store
from tests.kexec import guest
from tests.kexec.images import unified
from tests.lab.need import need

CONSOLE = "console=ttyS0 loglevel=4 panic=-1"


@pytest.fixture(scope="module")
def bench() -> Bench:
    need("qemu-system-x86_64", "apt-get", "dpkg-deb")
    return prepare(Store(), Wanted("6.1", "x86_64"), lambda what: None, zoo=False)


@pytest.fixture(scope="module")
def python(bench: Bench) -> Path:
    return guest.python_tree(Store())


def test_a_crash_starts_the_capture_kernel_although_a_later_load_failed(
    bench: Bench, python: Path, tmp_path: Path
) -> None:
    script = f"""
kdive kexec load -p /vmlinuz -i /capture --cmdline "{CONSOLE} nr_cpus=1 irqpoll reset_devices" || say "load: $?"
kdive kexec load -p /broken -i /capture && say "the broken one is loaded"
kdive kexec status
kdive kexec status --loaded crash && say "it is there"
echo c >/proc/sysrq-trigger
"""
    vmlinuz = bench.kernel.vmlinuz.read_bytes()
    broken = vmlinuz[:0x1FE] + b"\0\0" + vmlinuz[0x200:]  # the boot flag, which kdive leaves to the kernel
    files = {"vmlinuz": vmlinuz, "broken": broken, "capture": guest.initramfs(guest.CAPTURE, {})}
    console = guest.run(bench, tmp_path, guest.initramfs(script, files, python), ["crashkernel=160M"])
    assert "/broken is not loaded: this kernel knows no loader for it: it is a bzImage (ENOEXEC)" in console
    assert "The capture kernel that was loaded before, /vmlinuz, is loaded again." in console
    assert "the broken one is loaded" not in console
    assert f"at a crash    /vmlinuz ({bench.kernel.release}) is loaded" in console
    assert "reserved      160 MB (0x" in console
    assert "kdive-test: it is there" in console
    assert "kdive-test: capture kernel, vmcore of " in console


def test_the_kernel_in_a_unified_image_starts_with_its_initramfs_and_command_line(
    bench: Bench, python: Path, tmp_path: Path
) -> None:
    second = guest.initramfs('say "second kernel: $(cat /proc/cmdline)"', {})
    image = unified({".linux": bench.kernel.vmlinuz.read_bytes(), ".initrd": second, ".cmdline": CONSOLE.encode()})
    script = """
kdive kexec load /uki --append "kdive.test=1"
kdive kexec unload
kdive kexec status --loaded reboot && say "still loaded"
kdive kexec exec
kdive kexec load /uki --append "kdive.test=2" --debug
kdive kexec exec
"""
    console = guest.run(bench, tmp_path, guest.initramfs(script, {"uki": image}, python))
    assert "still loaded" not in console
    assert "the loaded kernel does not start: no kernel is loaded (EINVAL)" in console
    assert "note: this kernel does not know --debug" in console
    assert f"kdive-test: second kernel: {CONSOLE} kdive.test=2" in console
