"""On the boot after a crash its dump gets a report, once, and those who should know are told."""

from __future__ import annotations

import json
import shutil
import stat
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from kdive.errors import KdiveError
from kdive.kdump import after, crash_test, notices
from kdive.kdump.collector import raw_layout
from kdive.kdump.config import KdumpConfig, RawTarget
from kdive.kdump.dumps import StoredDump, dumps_in
from kdive.units import UnixSeconds
from tests.kdump.test_dumps import captured
from tests.kdump.trees_of_hosts import write

TITLE = "BUG in zoo_bug_leaf [crashzoo]"


@pytest.fixture
def crashed(tmp_path: Path, sample_vmcore: Path) -> Path:
    """A machine whose crash left the bundled dump."""
    folder = tmp_path / "var/crash/127.0.0.1-2026-11-23-05:07:08"
    folder.mkdir(parents=True)
    shutil.copy(sample_vmcore, folder / "vmcore")
    return tmp_path


def new(root: Path) -> list[StoredDump]:
    return after.waiting(dumps_in([root / "var/crash"]), root)


def test_a_new_dump_gets_its_report_for_root_alone_and_never_twice(crashed: Path) -> None:
    (told,) = after.report_all(new(crashed), crashed)
    assert (told.title, told.class_, told.function, told.module) == (TITLE, "kernel-bug", "zoo_bug_leaf", "crashzoo")
    assert told.text.startswith(TITLE)
    folder = Path(told.dump.folder)
    assert sorted(path.name for path in folder.iterdir()) == ["report.html", "report.json", "report.txt", "vmcore"]
    for name in ("report.txt", "report.html", "report.json"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    assert json.loads((folder / "report.json").read_text())["verdict"]["class"] == "kernel-bug"
    assert (folder / "report.txt").read_text().startswith(TITLE)
    assert new(crashed) == []
    (folder / "report.json").unlink()
    assert new(crashed) == []


def test_a_file_that_is_no_dump_is_told_once_with_the_reason(tmp_path: Path) -> None:
    write(tmp_path / "var/crash/202611230507", {"dump.202611230507": "KDUMP   but nothing else"})
    (told,) = after.report_all(new(tmp_path), tmp_path)
    assert told.failed
    assert told.title.startswith("no verdict: ")
    assert new(tmp_path) == []


def test_where_only_the_log_was_saved_it_is_reported_on(tmp_path: Path, sample_console: Path) -> None:
    folder = tmp_path / "var/crash/127.0.0.1-2026-11-23-05:07:08"
    folder.mkdir(parents=True)
    shutil.copy(sample_console, folder / "vmcore-dmesg.txt")
    (told,) = after.report_all(new(tmp_path), tmp_path)
    assert (told.class_, told.function) == ("kernel-bug", "zoo_bug_leaf")


def test_a_report_that_takes_too_long_is_given_up(crashed: Path) -> None:
    with pytest.raises(KdiveError, match="did not end within"):
        after.report_on(new(crashed)[0], 0.01)
    assert [path.name for path in (crashed / "var/crash/127.0.0.1-2026-11-23-05:07:08").iterdir()] == ["vmcore"]


def test_what_there_is_no_time_for_is_left_to_the_next_boot(crashed: Path) -> None:
    assert list(after.report_all(new(crashed), crashed, deadline_s=0)) == []
    assert len(new(crashed)) == 1


def test_a_dump_on_a_raw_partition_becomes_a_folder_once(tmp_path: Path, sample_console: Path) -> None:
    log = sample_console.read_bytes()
    header = raw_layout.pack(raw_layout.RawHeader("127.0.0.1-2026-11-23-05:07:08", log_bytes=len(log)))
    write(tmp_path, {"dev/raw": header + log})
    config = KdumpConfig(target=RawTarget("/dev/raw"))
    (place,) = after.recover(config, tmp_path)
    assert place == tmp_path / "var/crash/127.0.0.1-2026-11-23-05:07:08"
    (dump,) = new(tmp_path)
    assert dump.problem == "only the log was saved"
    assert next(after.report_all([dump], tmp_path)).function == "zoo_bug_leaf"
    assert list(after.recover(config, tmp_path)) == []


def test_two_do_not_report_at_once(tmp_path: Path) -> None:
    with after.alone(tmp_path) as first, after.alone(tmp_path) as second:
        assert (first, second) == (True, False)


def pending(root: Path) -> crash_test.CrashTest:
    write(root, {"proc/sys/kernel/random/boot_id": "first\n"})
    return crash_test.begin(UnixSeconds(1_795_400_000), root)


def test_a_test_passes_when_a_whole_dump_has_its_id_in_the_log(crashed: Path) -> None:
    test = pending(crashed)
    log = "[   12.000000] kdive: test crash " + test.id + "\n[   12.000100] sysrq: Trigger a crash\n"
    write(crashed / "var/crash/127.0.0.1-2026-11-23-05:07:08", {"vmcore-dmesg.txt": log})
    assert after.settle_test(dumps_in([crashed / "var/crash"]), crashed) is None  # it did not boot since
    write(crashed, {"proc/sys/kernel/random/boot_id": "second\n"})
    done = after.settle_test(dumps_in([crashed / "var/crash"]), crashed)
    assert done is not None
    assert (done.state, Path(done.dump).name) == ("passed", "127.0.0.1-2026-11-23-05:07:08")
    assert crash_test.read_test(crashed) == done


def test_a_test_fails_where_no_dump_has_its_id(crashed: Path) -> None:
    pending(crashed)
    write(crashed, {"proc/sys/kernel/random/boot_id": "second\n"})
    done = after.settle_test(dumps_in([crashed / "var/crash"]), crashed)
    assert done is not None
    assert (done.state, done.reason) == ("failed", "the crash left no dump")


def test_a_test_fails_where_the_dump_is_not_what_was_saved(tmp_path: Path) -> None:
    test = pending(tmp_path)
    folder = captured(tmp_path / "var/crash/web1-2026-11-23-05:07:08")
    line = f"kdive: test crash {test.id}\n"
    wrong = {"vmcore": {"size": 6, "sha256": "00"}, "vmcore-dmesg.txt": {"size": len(line), "sha256": "00"}}
    captured(folder, files=wrong)
    write(folder, {"vmcore-dmesg.txt": line})
    write(tmp_path, {"proc/sys/kernel/random/boot_id": "second\n"})
    done = after.settle_test(dumps_in([tmp_path / "var/crash"]), tmp_path)
    assert done is not None
    assert (done.state, done.reason.endswith("is not what the manifest's checksum was made of")) == ("failed", True)


def test_a_test_is_announced_in_the_log_before_the_crash(tmp_path: Path) -> None:
    test = pending(tmp_path)
    write(tmp_path, {"dev/kmsg": "", "proc/sysrq-trigger": ""})
    crash_test.crash(test, tmp_path)
    assert (tmp_path / "dev/kmsg").read_text() == f"kdive: test crash {test.id}\n"
    assert (tmp_path / "proc/sysrq-trigger").read_text() == "c"


def told(crashed: Path) -> after.Told:
    (dump,) = new(crashed)
    return after.Told(dump, TITLE, "kernel-bug", "zoo_bug_leaf", "crashzoo", "kernel-bug:zoo_bug_leaf", "the report\n")


def test_who_logs_in_sees_the_crash_in_one_line(crashed: Path) -> None:
    (crashed / "etc/update-motd.d").mkdir(parents=True)
    notices.at_login([told(crashed)], crashed)
    shown = (crashed / "run/motd.d/kdive").read_text()
    assert shown.startswith(f"kdive: crash of 2026-11-23 05:07:08 UTC: {TITLE}; see /")
    assert stat.S_IMODE((crashed / "etc/update-motd.d/95-kdive").stat().st_mode) == 0o755


def test_a_title_out_of_a_damaged_log_cannot_drive_a_terminal(crashed: Path) -> None:
    shown = notices.line(replace(told(crashed), title="\x1b[2Jowned\nsecond line"))
    assert "?[2Jowned?second line" in shown


def test_the_mail_has_the_report(crashed: Path) -> None:
    out = crashed / "mail"
    program = crashed / "sendmail"
    program.write_text(f'#!/bin/sh\necho "$@" > {out}; cat >> {out}\n')
    program.chmod(0o755)
    notices.by_mail(told(crashed), "ops@example.org", "web1", str(program))
    text = out.read_text()
    assert text.startswith("-t -oi\n")
    assert f"Subject: web1 crashed: {TITLE}" in text
    assert text.rstrip().endswith("the report")


def test_an_address_cannot_add_headers(crashed: Path) -> None:
    with pytest.raises(KdiveError, match="mail_to"):
        notices.message(told(crashed), "a@example.org\nBcc: b@example.org", "web1")


class _Server(BaseHTTPRequestHandler):
    got: list[bytes]

    def do_POST(self) -> None:
        self.got.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def test_a_webhook_gets_what_happened_as_json(crashed: Path) -> None:
    _Server.got = []
    with HTTPServer(("127.0.0.1", 0), _Server) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        notices.by_webhook(told(crashed), f"http://127.0.0.1:{server.server_port}/hook", "web1")
        thread.join(10)
    data = json.loads(_Server.got[0])
    assert (data["schema"], data["host"], data["class"], data["complete"]) == (
        "kdive-crash/1", "web1", "kernel-bug", True,
    )  # fmt: skip


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://127.0.0.1:1/", "https://"])
def test_a_webhook_that_nobody_answers_is_an_error_with_its_address(url: str, crashed: Path) -> None:
    with pytest.raises(KdiveError, match="webhook"):
        notices.by_webhook(told(crashed), url, "web1")
