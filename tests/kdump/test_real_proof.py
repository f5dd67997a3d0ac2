"""On a real machine: doctor looks at it and mends, the test crashes it, and after the reboot says that it passed.

Runs where QEMU is installed; KDIVE_LAB=1 makes a missing program a failure, KDIVE_LAB=0 leaves these tests out.
"""

from __future__ import annotations

import json
import re

import pytest

from kdive.lab.prepare import Wanted, prepare
from kdive.lab.store import Store
from tests.kdump import guest
from tests.lab.need import need

RESERVED = "crashkernel=192M"
SCRIPTS = {
    "prove": """
kdive status
say "status $?"
kdive setup
kdive doctor --fix panic-triggers
say "mended $?"
kdive doctor --json >/doctor.json
say "doctor $?"
echo JSON; cat /doctor.json; echo END
kdive status
say "status $?"
kdive test --yes-crash-this-machine
""",
    "proved": """
kdive setup --refresh
kdive after
kdive after
cat /run/motd.d/kdive
kdive status
say "status $?"
kdive list
kdive prune --keep 1
kdive doctor last-test last-crash dump-folder
say "doctor $?"
""",
}


@pytest.fixture(scope="module")
def consoles(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """What the machine said until it crashed, and after the reboot."""
    need("qemu-system-x86_64", "apt-get", "dpkg-deb", "mke2fs", "chroot", "depmod")
    bench = prepare(Store(), Wanted("6.1", "x86_64"), lambda what: None, zoo=False)
    work = tmp_path_factory.mktemp("machine")
    disk = guest.make_disk([bench], guest.user_space(Store()), SCRIPTS, work)
    before = guest.boot(bench, disk, work, "prove", cmdline=[RESERVED])
    return before, guest.boot(bench, disk, work, "proved", cmdline=[RESERVED])


def test_a_machine_that_was_never_set_up_is_not_ready(consoles: tuple[str, str]) -> None:
    first = consoles[0].partition("kdive-test: status")[0]
    assert "NOT READY: a crash would be lost" in first
    assert "image-loaded: no capture kernel is loaded" in first
    assert re.search(r"kdive-test: status 3\s", consoles[0])


def test_once_set_up_and_mended_nothing_fails(consoles: tuple[str, str]) -> None:
    text = consoles[0].partition("JSON")[2].partition("END")[0]
    results = {one["id"]: one["result"] for one in json.loads(text)["checks"]}
    assert "fail" not in results.values(), text
    assert {name for name, result in results.items() if result == "warn"} <= {"last-test", "hotplug", "clock"}
    for name in ("memory-reserved", "image-loaded", "capture-image", "capture-modules", "target-space", "page-kinds"):
        assert results[name] == "ok", name
    assert "panic-triggers: set kernel.panic_on_oops = 1" in consoles[0]
    assert "ready: a crash of this machine is captured" in consoles[0]


def test_after_the_crash_the_test_has_passed_and_the_report_waits(consoles: tuple[str, str]) -> None:
    after = consoles[1].partition("up for proved")[2]
    assert "test crash passed: deliberate crash by `kdive`" in after
    assert "no new dumps" in after
    assert re.search(r"last test +passed, ", after)
    assert re.search(r"UTC 2\d{3} +\d\d(\.\d)? MB  /var/crash/\S+  (\S+  )?a test", after), "the dump was not filtered"
    assert re.search(r"last dump .*\(a test; report.txt beside it\)", after)
    assert "0 of 1 dumps" in after
    assert re.search(r"kdive-test: doctor 0\s", after)
