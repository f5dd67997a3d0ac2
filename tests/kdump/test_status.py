"""The screen says whether the machine is ready, and what is wrong first."""

from __future__ import annotations

import json
from pathlib import Path

from kdive.kdump.doctor.host import Host
from kdive.kdump.status import as_json, as_text, read_status
from tests.cli.run import kdive
from tests.kdump.test_dumps import captured
from tests.kdump.trees_of_hosts import RELEASE, healthy, write


def test_a_healthy_machine_is_ready(tmp_path: Path) -> None:
    tree = healthy(tmp_path)
    dump = captured(tree / "var/crash/127.0.0.1-2026-11-23-05:07:08")
    write(dump, {"report.json": "{}"})
    dump.parent.chmod(0o700)
    status = read_status(Host(tree))
    assert status.ready
    assert as_text(status).splitlines() == [
        "ready: a crash of this machine is captured",
        "reserved   256 MB",
        "loaded     a kernel, by another tool or before this boot's record",
        f"image      /var/lib/kdive/capture-{RELEASE}.img, 2026-11-23 06:00",
        "target     /var/crash, 16000 MB free",
        f"last test  passed, 2026-10-25 06:00, {RELEASE}",
        f"last dump  2026-11-23 05:08, {dump} (report.txt beside it)",
    ]


def test_what_is_wrong_comes_first_with_what_to_do(tmp_path: Path) -> None:
    tree = write(healthy(tmp_path), {"sys/kernel/kexec_crash_loaded": "0\n", "proc/sys/kernel/panic_on_oops": "0\n"})
    status = read_status(Host(tree))
    assert not status.ready
    lines = as_text(status).splitlines()
    assert lines[0] == "NOT READY: a crash would be lost"
    assert lines[1] == "  fail  image-loaded: no capture kernel is loaded: a crash leaves nothing"
    assert lines[2].strip() == "kdive setup --refresh"
    assert lines[3].startswith("  warn  panic-triggers: ")


def test_a_warning_does_not_make_it_unready(tmp_path: Path) -> None:
    tree = write(healthy(tmp_path), {"proc/sys/kernel/panic": "0\n"})
    assert read_status(Host(tree)).ready


def test_json_holds_what_the_screen_shows(tmp_path: Path) -> None:
    data = json.loads(as_json(read_status(Host(healthy(tmp_path)))))
    assert (data["schema"], data["ready"], data["reserved"]) == ("kdive-status/1", True, 256 << 20)
    assert data["last_test"]["state"] == "passed"
    assert data["last_dump"] == {"missing": "there is none"}


def test_the_exit_code_is_that_of_a_service_that_does_not_run(tmp_path: Path) -> None:
    tree = healthy(tmp_path)
    assert kdive("status", "--root", tree).returncode == 0
    write(tree, {"sys/kernel/kexec_crash_loaded": "0\n"})
    assert kdive("status", "--root", tree).returncode == 3
    assert kdive("status", "--root", tree / "nowhere").returncode == 2
