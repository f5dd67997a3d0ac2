"""A real kernel loads, starts, and after its crash is followed by, kernels that kdive has loaded.

Runs where QEMU is installed; KDIVE_LAB=1 makes a missing program a failure, KDIVE_LAB=0 leaves these tests out.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from kdive.lab.prepare import Bench, Wanted, prepare
from kdive.lab.store import Store
from tests.kexec import guest
from tests.lab.need import need

CONSOLE = "console=ttyS0 loglevel=4 panic=-1"


@pytest.fixture(scope="module")
def bench() -> Bench:
    need("qemu-system-x86_64", "apt-get", "dpkg-deb")
    return prepare(Store(), Wanted("6.1", "x86_64"), lambda what: None, zoo=False)


@pytest.fixture(scope="module")
def python(bench: Bench) -> Path:
    return guest.python_tree(Store())


def test_a_crash_starts_the_capture_kernel_that_was_loaded(bench: Bench, python: Path, tmp_path: Path) -> None:
    script = f"""
kdive kexec load -p /vmlinuz -i /capture --cmdline "{CONSOLE} nr_cpus=1 irqpoll reset_devices" || say "load: $?"
kdive kexec status
kdive kexec status --loaded crash && say "loaded"
echo c >/proc/sysrq-trigger
"""
    files = {"vmlinuz": bench.kernel.vmlinuz.read_bytes(), "capture": guest.initramfs(guest.CAPTURE, {})}
    console = guest.run(bench, tmp_path, guest.initramfs(script, files, python), ["crashkernel=160M"])
    print(console)
    assert "at a crash    a kernel is loaded" in console
    assert "reserved      160 MB" in console
    assert "kdive-test: capture kernel, vmcore of " in console
