"""kdive doctor and kdive test."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.run import kdive
from tests.kdump.trees_of_hosts import healthy, write


def test_the_exit_code_says_how_bad_it_is(tmp_path: Path) -> None:
    tree = healthy(tmp_path)
    assert kdive("doctor", "--root", tree).returncode == 0
    write(tree, {"proc/sys/kernel/panic": "0\n"})
    assert kdive("doctor", "--root", tree).returncode == 1
    write(tree, {"sys/kernel/kexec_crash_loaded": "0\n"})
    assert kdive("doctor", "--root", tree).returncode == 2


def test_what_is_wrong_comes_first_with_evidence_and_fix(tmp_path: Path) -> None:
    tree = write(healthy(tmp_path), {"sys/kernel/kexec_crash_loaded": "0\n"})
    lines = kdive("doctor", "--root", tree).stdout.splitlines()
    assert lines[:3] == [
        "fail  image-loaded: no capture kernel is loaded: a crash leaves nothing",
        "        /sys/kernel/kexec_crash_loaded: 0",
        "      fix: kdive setup --refresh; `kdive doctor --fix image-loaded` does that",
    ]
    assert lines[-1].startswith("1 fail, ")


def test_json_has_every_check(tmp_path: Path) -> None:
    listed = kdive("doctor", "--list").stdout.split()
    data = json.loads(kdive("doctor", "--json", "--root", healthy(tmp_path)).stdout)
    assert (data["schema"], data["result"]) == ("kdive-doctor/1", "ok")
    assert [one["id"] for one in data["checks"]] == listed
    assert {"what", "why", "evidence", "fix", "reason"} <= data["checks"][0].keys()


def test_some_checks_alone(tmp_path: Path) -> None:
    data = json.loads(kdive("doctor", "--json", "--root", healthy(tmp_path), "memory-reserved").stdout)
    assert [one["id"] for one in data["checks"]] == ["memory-reserved"]


def test_a_saved_tree_is_never_mended(tmp_path: Path) -> None:
    tree = write(healthy(tmp_path), {"proc/sys/kernel/panic": "0\n"})
    done = kdive("doctor", "--fix", "--root", tree)
    assert (done.returncode, "a saved tree is evidence" in done.stderr) == (2, True)
    assert (tree / "proc/sys/kernel/panic").read_text() == "0\n"


def test_no_crash_is_tried_that_would_be_lost() -> None:
    done = kdive("test", "--yes-crash-this-machine", "--dry-run")
    if done.returncode == 0:
        assert "would be crashed now" in done.stdout
    else:
        assert "the crash would leave no dump" in done.stderr


def test_a_saved_file_cannot_drive_the_terminal(tmp_path: Path) -> None:
    tree = write(
        healthy(tmp_path), {"sys/class/dmi/id/sys_vendor": "\x1b[2Jowned\n", "var/lib/kdive/test.json": "\x1b[2J"}
    )
    for verb in ("doctor", "status"):
        assert "\x1b" not in kdive(verb, "--root", tree, *(["--full"] if verb == "doctor" else [])).stdout
