"""A real machine is set up, crashes, captures the crash and starts anew: kdive alone does all of it.

Runs where QEMU is installed; KDIVE_LAB=1 makes a missing program a failure, KDIVE_LAB=0 leaves these tests out.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kdive import programs
from kdive.lab.prepare import Bench, Wanted, prepare
from kdive.lab.store import Store
from tests.kdump import guest
from tests.lab.need import need

KERNELS = ("6.1", "newest")
RESERVED = "crashkernel=192M"
WRITTEN_BLOCKS = 4096  # of 512 bytes: some of the dump is on the disk
SCRIPTS = {
    "setup": """
kdive setup --dry-run --triggers advised && [ ! -e /etc/sysctl.d/60-kdive.conf ] && say "nothing was changed"
kdive setup --triggers advised
kdive setup --dry-run
""",
    "crash": """
kdive setup --refresh
sync
echo c >/proc/sysrq-trigger
""",
    "crash-full": """
kdive setup --refresh
set -- $(df -Pk / | tail -n 1)
dd if=/dev/zero of=/fill bs=1k count=$(($4 - 70 * 1024))
sync
echo c >/proc/sysrq-trigger
""",
    "look": """
rm -f /fill
kdive after
cd /var/crash/*
for name in *; do say "file $(stat -c '%a %s' $name) $name"; done
echo JSON; cat manifest.json; echo END
cat report.txt vmcore-dmesg.txt
""",
    "back": """
kdive teardown
find /var/lib/kdive /etc/sysctl.d -type f
[ "$(cat /sys/kernel/kexec_crash_loaded)" = 0 ] && say "nothing is loaded"
""",
}


@dataclass(frozen=True)
class Ready:
    """A disk with a machine on it that is set up, and what setup said."""

    benches: dict[str, Bench]
    disk: Path
    console: str


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Ready:
    need("qemu-system-x86_64", "apt-get", "dpkg-deb", "mke2fs", "chroot", "depmod")
    benches = {kernel: prepare(Store(), Wanted(kernel, "x86_64"), lambda what: None, zoo=False) for kernel in KERNELS}
    work = tmp_path_factory.mktemp("machine")
    disk = guest.make_disk(list(benches.values()), guest.user_space(Store()), SCRIPTS, work)
    return Ready(benches, disk, guest.boot(benches["6.1"], disk, work, "setup", cmdline=[RESERVED]))


def copy_of(ready: Ready, work: Path) -> Path:
    disk = work / "disk.img"
    programs.run(["cp", "--sparse=always", str(ready.disk), str(disk)])
    return disk


def files(console: str) -> dict[str, tuple[str, int]]:
    """Name → mode and size of what lies in the folder of the dump."""
    found = re.findall(r"^kdive-test: file (\d+) (\d+) (\S+)\s*$", console, re.MULTILINE)
    return {name: (mode, int(size)) for mode, size, name in found}


def manifest(console: str) -> dict[str, Any]:
    """What the collector wrote beside the dump."""
    found: dict[str, Any] = json.loads(console.partition("JSON")[2].partition("END")[0])
    return found


def test_setup_says_what_it_would_do_then_does_it_and_then_nothing_more(ready: Ready) -> None:
    assert "+kernel.panic_on_oops = 1" in ready.console
    assert "kdive-test: nothing was changed" in ready.console
    assert "note: no systemd: have `kdive setup --refresh` run at each boot" in ready.console
    assert "a crash of this machine is captured from now on" in ready.console
    assert "nothing is to be changed" in ready.console.rpartition("captured from now on")[2]
    image = re.search(r"image +/var/lib/kdive/capture-6.1\S+, (\d+) MB, Python and the shell", ready.console)
    assert image and int(image[1]) < 32


@pytest.mark.parametrize("kernel", KERNELS)
def test_after_a_crash_and_a_reboot_the_dump_is_there_and_its_report_waits(
    kernel: str, ready: Ready, tmp_path: Path
) -> None:
    disk, bench = copy_of(ready, tmp_path), ready.benches[kernel]
    crashed = guest.boot(bench, disk, tmp_path, "crash", cmdline=[RESERVED])
    assert "kdive: the dump is saved" in crashed
    after = guest.boot(bench, disk, tmp_path, "look")
    found = files(after)
    assert {"vmcore", "vmcore-dmesg.txt", "report.txt", "report.json", "report.html"} <= set(found)
    assert not [name for name in found if "incomplete" in name]
    assert {mode for mode, _ in found.values()} == {"600"}
    assert 8 << 20 < found["vmcore"][1] < 100 << 20
    told = manifest(after)
    assert told["complete"] is True
    assert told["files"]["vmcore"]["size"] == found["vmcore"][1]
    assert told["capture_memory"]["lowest_available"] > 24 << 20
    assert "deliberate crash by `init` (PID 1, CPU " in after
    assert "sysrq: Trigger a crash" in after.partition("up for look")[2]


def test_on_a_full_disk_what_fits_is_named_incomplete_and_space_is_left(ready: Ready, tmp_path: Path) -> None:
    disk, bench = copy_of(ready, tmp_path), ready.benches["6.1"]
    crashed = guest.boot(bench, disk, tmp_path, "crash-full", cmdline=[RESERVED])
    assert "kdive: the log is saved" in crashed
    assert "kdive: the dump is not complete" in crashed
    after = guest.boot(bench, disk, tmp_path, "look")
    found = files(after)
    assert "vmcore" not in found
    assert 1 << 20 < found["vmcore-incomplete"][1] <= 6 << 20  # 64 MB of the 70 stay free
    assert manifest(after)["complete"] is False
    assert found["vmcore-dmesg.txt"][1] > 10_000
    assert "deliberate crash by `init` (PID 1" in after


def test_a_power_cut_in_the_middle_of_the_dump_leaves_the_log_and_no_vmcore(ready: Ready, tmp_path: Path) -> None:
    disk, bench = copy_of(ready, tmp_path), ready.benches["6.1"]
    with guest.running(bench, disk, tmp_path, "crash", cmdline=[RESERVED]) as machine:
        assert machine.wait_for(("kdive: the log is saved",), 200)
        before, ends = disk.stat().st_blocks, time.monotonic() + 60
        while disk.stat().st_blocks < before + WRITTEN_BLOCKS and time.monotonic() < ends:
            time.sleep(0.02)
    assert "kdive: the dump is saved" not in machine.text
    after = guest.boot(bench, disk, tmp_path, "look")
    found = files(after)
    assert "vmcore" not in found
    assert found["vmcore-dmesg.txt"][1] > 10_000
    assert manifest(after)["complete"] is False
    assert "deliberate crash by `init` (PID 1" in after


def test_teardown_leaves_nothing_of_it(ready: Ready, tmp_path: Path) -> None:
    console = guest.boot(ready.benches["6.1"], copy_of(ready, tmp_path), tmp_path, "back", cmdline=[RESERVED])
    said = console.partition("up for back")[2].partition("done")[0]
    assert "put back  /etc/sysctl.d/60-kdive.conf" in said
    assert "kdive-test: nothing is loaded" in said
    assert not [line for line in said.splitlines() if line.startswith(("/var/lib/kdive", "/etc/sysctl.d"))]
