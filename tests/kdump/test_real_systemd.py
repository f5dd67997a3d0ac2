"""A Debian with systemd: the units that setup writes load the capture kernel at boot, and report after a crash.

Runs where QEMU is installed; KDIVE_LAB=1 makes a missing program a failure, KDIVE_LAB=0 leaves these tests out.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from kdive.lab.prepare import Bench, Wanted, prepare
from kdive.lab.store import Store
from tests.kdump import guest
from tests.lab.need import need

BOOT = ("crashkernel=192M", "systemd.show_status=0")
SCRIPTS = {
    "setup": "systemctl enable kdump-tools.service\nkdive setup\n",
    "crash": """
systemctl start kdive-kdump.service
say "kdive-kdump.service is $(systemctl is-active kdive-kdump.service)"
say "loaded $(cat /sys/kernel/kexec_crash_loaded)"
echo c >/proc/sysrq-trigger
""",
    "look": """
systemctl start kdive-after.service
journalctl -b -u kdive-after.service -o cat
cat /var/crash/*/report.txt
kdive teardown
say "kdump-tools.service is $(systemctl is-enabled kdump-tools.service)"
find /etc/systemd/system /etc/udev -name '*kdive*'
""",
}
OTHER = "[Service]\nType=oneshot\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n"
FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "etc/group": "root:x:0:\n",
    "etc/machine-id": "",
    "etc/systemd/system/multi-user.target.d/test.conf": "[Unit]\nWants=run-test.service\n",
    "etc/systemd/system/run-test.service": (
        "[Unit]\nAfter=basic.target\n[Service]\nType=oneshot\nExecStart=/do-it\nTimeoutStartSec=600\n"
    ),
    "lib/systemd/system/kdump-tools.service": OTHER,
}


@pytest.fixture(scope="module")
def consoles(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What the machine said while it was set up, until it crashed, and after the reboot."""
    need("qemu-system-x86_64", "apt-get", "dpkg-deb", "mke2fs", "chroot", "depmod")
    bench = prepare(Store(), Wanted("6.1", "x86_64"), lambda what: None, zoo=False)
    return run(bench, tmp_path_factory.mktemp("machine"))


def run(bench: Bench, work: Path) -> list[str]:
    """Three boots of one machine."""
    tree = guest.user_space(Store(), ("systemd-sysv", "udev"))
    disk = guest.make_disk([bench], tree, SCRIPTS, work, FILES)
    return [guest.boot(bench, disk, work, do, cmdline=BOOT) for do in SCRIPTS]


def test_setup_enables_its_units_and_disables_the_other_tool(consoles: list[str]) -> None:
    assert "written   /etc/systemd/system/kdive-kdump.service" in consoles[0]
    assert "disabled  kdump-tools.service, which would load a capture kernel of its own" in consoles[0]
    assert "enabled   kdive-after.service" in consoles[0]


def test_at_the_next_boot_the_unit_loads_the_capture_kernel(consoles: list[str]) -> None:
    assert "kdive-test: kdive-kdump.service is active" in consoles[1]
    assert "kdive-test: loaded 1" in consoles[1]
    assert "kdive: the dump is saved to UUID=" in consoles[1]


def test_after_the_crash_the_other_unit_has_made_the_report(consoles: list[str]) -> None:
    assert "deliberate crash by `" in consoles[2].partition("up for look")[2].partition("put back")[0]
    assert "Somebody, or a program, told the kernel to crash (sysrq)" in " ".join(consoles[2].split())


def test_teardown_puts_the_services_back(consoles: list[str]) -> None:
    said = consoles[2].partition("put back")[2]
    assert "kdive-test: kdump-tools.service is enabled" in said
    assert not [line for line in said.splitlines() if line.startswith("/etc/")]
