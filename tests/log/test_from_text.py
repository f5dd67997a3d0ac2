"""The forms in which people hold a kernel log, each read into the same records."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kdive.facts.log import Log
from kdive.log.chain import panic_chain
from kdive.log.from_text import LONGEST_LINE, read_text_log

OOPS = [
    (100, 300, 1, "BUG: kernel NULL pointer dereference, address: 0000000000000008"),
    (100, 301, 1, "#PF: supervisor read access in kernel mode"),
    (100, 302, 1, "Oops: 0000 [#1] PREEMPT SMP NOPTI"),
    (100, 303, 4, "CPU: 0 PID: 333 Comm: frobtest Tainted: G           OE      6.1.0 #1"),
    (100, 304, 4, "RIP: 0010:frob_locked+0x10/0x20 [frob]"),
    (100, 305, 4, "Call Trace:"),
    (100, 306, 4, " frob_ioctl+0x20/0x40 [frob]"),
    (100, 307, 4, "---[ end trace 0000000000000000 ]---"),
]
DATE = "Nov 23 05:07:33"


def lines_of(form: str) -> str:
    """The same oops as one program or another prints it."""
    wall = "Mon Nov 23 05:07:33 2026"
    rows = {
        "console": "[{s:5d}.{us:06d}] {text}",
        "console with callers": "[{s:5d}.{us:06d}][  T333] {text}",
        "raw dmesg": "<{level}>[{s:5d}.{us:06d}] {text}",
        "dmesg -x": "kern  :{word:6}: [{s:5d}.{us:06d}] {text}",
        "dmesg -T": "[" + wall + "] {text}",
        "dmesg -x -T": "kern  :{word:6}: [" + wall + "] {text}",
        "dmesg iso": "2026-11-23T05:07:33,{us:06d}+00:00 {text}",
        "journalctl -k": DATE + " box kernel: {text}",
        "journalctl short-precise": DATE + ".123456 box kernel: {text}",
        "journalctl short-iso": "2026-11-23T05:07:33+0000 box kernel: {text}",
        "journalctl short-iso-precise": "2026-11-23T05:07:33.123456+00:00 box kernel: {text}",
        "journalctl short-full": "Mon 2026-11-23 05:07:33 UTC box kernel: {text}",
        "journalctl short-monotonic": "[{s:5d}.{us:06d}] box kernel: {text}",
        "journalctl short-delta": "[{s:5d}.{us:06d} <    0.000001 >] box kernel: {text}",
        "journalctl short-unix": "1795410453.{us:06d} box kernel: {text}",
        "busybox syslogd": DATE + " box kern.{word} kernel: [{s:5d}.{us:06d}] {text}",
        "syslog message": "<{level}>" + DATE + " box kernel: [{s:5d}.{us:06d}] {text}",
        "syslog message, RFC 5424": "<{level}>1 2026-11-23T05:07:33.1Z box kernel - - - [{s:5d}.{us:06d}] {text}",
        "dmesg -H": "[Nov23 05:07] {text}",
        "syslog file": DATE + " box kernel: [{s:5d}.{us:06d}] {text}",
        "rsyslog file": "2026-11-23T05:07:33.123456+01:00 box kernel: [{s:5d}.{us:06d}] {text}",
        "netconsole extended": "{level},{seq},{usecs},-;{text}",
        "netconsole with release": "6.1.0,{level},{seq},{usecs},-,caller=T333;{text}",
    }
    words = {1: "alert", 4: "warn"}
    return "\n".join(
        rows[form].format(
            s=s, us=us, usecs=s * 1_000_000 + us, level=level, word=words[level], text=text, seq=1000 + number
        )
        for number, (s, us, level, text) in enumerate(OOPS)
    )


FORMS = {
    "console": ("dmesg", True, False),
    "console with callers": ("dmesg", True, False),
    "raw dmesg": ("dmesg", True, True),
    "dmesg -x": ("dmesg", True, True),
    "dmesg -T": ("dmesg", False, False),
    "dmesg -x -T": ("dmesg", False, True),
    "dmesg iso": ("dmesg", False, False),
    "journalctl -k": ("journal", False, False),
    "journalctl short-precise": ("journal", False, False),
    "journalctl short-iso": ("journal", False, False),
    "journalctl short-iso-precise": ("journal", False, False),
    "journalctl short-full": ("journal", False, False),
    "journalctl short-monotonic": ("journal", True, False),
    "journalctl short-delta": ("journal", True, False),
    "journalctl short-unix": ("journal", False, False),
    "busybox syslogd": ("journal", True, False),
    "syslog message": ("journal", True, True),
    "syslog message, RFC 5424": ("journal", True, True),
    "dmesg -H": ("dmesg", False, False),
    "syslog file": ("journal", True, False),
    "rsyslog file": ("journal", True, False),
    "netconsole extended": ("dmesg", True, True),
    "netconsole with release": ("dmesg", True, True),
}


def check_oops(log: Log) -> None:
    fault = panic_chain(log).first_fault
    assert fault is not None
    assert (fault.kind, fault.cpu, fault.pid, fault.comm) == ("null-deref", 0, 333, "frobtest")
    assert fault.ip is not None and fault.ip.function == "frob_locked"
    assert [frame.function for frame in fault.frames] == ["frob_ioctl"]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_texts_and_the_same_oops(form: str) -> None:
    source, stamps, levels = FORMS[form]
    log = read_text_log(lines_of(form).encode())
    assert log.source == source
    assert [record.text for record in log.records] == [text for *_, text in OOPS]
    if stamps:
        assert [record.timestamp for record in log.records] == [(s * 1_000_000 + us) * 1000 for s, us, *_ in OOPS]
    else:
        assert all(record.timestamp is None for record in log.records)
    assert [record.level for record in log.records] == [level if levels else None for *_, level, _ in OOPS]
    check_oops(log)


def test_caller_column_is_read() -> None:
    log = read_text_log(b"[    1.000000][    T1] first\n[    2.000000][    C3] second\n")
    assert [(record.caller, record.text) for record in log.records] == [("T1", "first"), ("C3", "second")]


def test_console_of_a_terminal_loses_escapes_and_carriage_returns() -> None:
    data = b"\x1b[0m\x1b[32m[    1.000000] green\x1b[0m\r\r\n\x1b]0;title\x07[    2.000000] plain\r\n"
    assert [record.text for record in read_text_log(data).records] == ["green", "plain"]


def test_other_programs_lines_stay_as_records_without_a_time() -> None:
    log = read_text_log(b"ZOO trigger bug 9.72\n[    9.700000] crashzoo: bug\nlogin: [    9.800000] after a prompt\n")
    assert log.source == "console"
    assert [(record.text, record.timestamp) for record in log.records] == [
        ("ZOO trigger bug 9.72", None),
        ("crashzoo: bug", 9_700_000_000),
        ("login:", None),
        ("after a prompt", 9_800_000_000),
    ]


@pytest.mark.parametrize(
    "before",
    ["> ", "> > ", "2026-11-23T05:07:33.334241+01:00   ", "[2026-11-23 05:07:33] ", "(00:01:02) ", "Nov 23 05:07:33: "],
)
def test_what_a_recorder_or_a_mail_puts_before_a_line_is_taken_off(before: str) -> None:
    log = read_text_log(f"{before}[    1.000000] text\n".encode())
    assert [(record.text, record.timestamp) for record in log.records] == [("text", 1_000_000_000)]


def test_message_of_syslogd_to_all_terminals_is_the_kernels() -> None:
    text = (
        "\nMessage from syslogd@box at Nov 23 05:07:33 ...\n"
        " kernel:watchdog: BUG: soft lockup - CPU#0 stuck for 24s! [dd:8103]\n"
    )
    (event,) = panic_chain(read_text_log(text.encode())).events
    assert (event.kind, event.comm, event.pid) == ("soft-lockup", "dd", 8103)


def test_lost_newline_before_a_time_stamp_is_put_back() -> None:
    log = read_text_log(b"[    1.000000] first[    2.000000] second\n")
    assert [record.text for record in log.records] == ["first", "second"]


def test_programs_in_a_journal_are_no_kernel() -> None:
    text = f"{DATE} box frobd[77]: kernel BUG at fs/frob.c:1!\n{DATE} box kernel: quiet\n"
    log = read_text_log(text.encode())
    assert [record.facility for record in log.records] == [1, 0]
    assert panic_chain(log).events == ()


def test_journal_as_json_keeps_the_kernels_time_and_level() -> None:
    entries = [
        {
            "_BOOT_ID": "a" * 32,
            "_TRANSPORT": "kernel",
            "SYSLOG_FACILITY": "0",
            "SYSLOG_IDENTIFIER": "kernel",
            "PRIORITY": str(level),
            "MESSAGE": list(text.encode()) if number == 3 else text,
            "_SOURCE_MONOTONIC_TIMESTAMP": str(s * 1_000_000 + us),
        }
        for number, (s, us, level, text) in enumerate(OOPS)
    ]
    for data in (
        "\n".join(map(json.dumps, entries)),
        "\n".join(json.dumps(entry, indent=1) for entry in entries),
    ):
        log = read_text_log(data.encode())
        assert log.source == "journal"
        assert log.records[0].timestamp == 100_000_300_000
        assert [record.level for record in log.records] == [level for *_, level, _ in OOPS]
        check_oops(log)


def test_journal_export_format_with_a_binary_field() -> None:
    data = b""
    for s, us, level, text in OOPS:
        data += f"__CURSOR=s=1\n_BOOT_ID={'a' * 32}\n_TRANSPORT=kernel\nPRIORITY={level}\n".encode()
        data += f"_SOURCE_MONOTONIC_TIMESTAMP={s * 1_000_000 + us}\n".encode()
        data += b"MESSAGE\n" + len(text).to_bytes(8, "little") + text.encode() + b"\n\n"
    log = read_text_log(data)
    assert log.source == "journal"
    assert log.records[-1].timestamp == 100_000_307_000
    check_oops(log)


def test_only_the_last_boot_of_a_journal_counts() -> None:
    rows = [("a" * 32, "kernel BUG at fs/frob.c:1!"), ("b" * 32, "quiet")]
    data = "\n".join(json.dumps({"_BOOT_ID": boot, "_TRANSPORT": "kernel", "MESSAGE": text}) for boot, text in rows)
    log = read_text_log(data.encode())
    assert [record.text for record in log.records] == ["quiet"]
    assert log.earlier_boots == 1
    assert log.notes == ("an earlier boot in this text ends in a crash: kernel BUG at fs/frob.c:1!",)


def test_pstore_parts_are_put_in_order_and_repeated_lines_taken_once() -> None:
    def record(number: int) -> str:
        s, us, level, text = OOPS[number]
        return f"<{level}>[{s:5d}.{us:06d}] {text}\n"

    oops = "Oops#1 Part1\n" + "".join(map(record, range(8)))
    part1 = (
        "Panic#2 Part1\n"
        + "".join(map(record, range(5, 8)))
        + "<0>[  100.000400] Kernel panic - not syncing: Fatal exception\n"
    )
    part2 = "Panic#2 Part2\n" + "".join(map(record, range(2, 5)))
    for data in (oops + part1 + part2, part1 + part2 + oops):
        log = read_text_log(data.encode())
        assert log.source == "pstore"
        assert [r.text for r in log.records] == [
            *(text for *_, text in OOPS),
            "Kernel panic - not syncing: Fatal exception",
        ]
        check_oops(log)


def test_ramoops_header_is_no_record() -> None:
    log = read_text_log(b"====1700000000.123456-D\nPanic#1 Part1\n<6>[    1.000000] text\n")
    assert [record.text for record in log.records] == ["text"]


def test_utf16_of_a_windows_terminal_is_read() -> None:
    log = read_text_log("[    1.000000] text\r\n".encode("utf-16"))
    assert [record.text for record in log.records] == ["text"]


def test_long_lines_are_cut_and_told() -> None:
    log = read_text_log(b"[    1.000000] " + b"x" * 100_000 + b"\n")
    assert len(log.records[0].text) < LONGEST_LINE
    assert log.notes == (f"1 line was cut to {LONGEST_LINE} characters",)


def test_huge_text_keeps_its_head_and_its_tail() -> None:
    head = b"[    0.000000] Linux version 6.1.0\n"
    middle = b"[    5.000000] filler " + b"x" * 200 + b"\n"
    tail = lines_of("console").encode()
    data = head + middle * ((66 << 20) // len(middle)) + tail
    log = read_text_log(data)
    assert log.records[0].text == "Linux version 6.1.0"
    assert len(log.notes) == 1 and "bytes in its middle were not read" in log.notes[0]
    check_oops(log)


def test_bundled_console_is_read_up_to_the_capture_kernel(sample_console: Path) -> None:
    log = read_text_log(sample_console.read_bytes())
    assert log.source == "console"
    assert log.records[0].text.startswith("Linux version 5.10.0-32-cloud-amd64")
    assert log.records[-1].text == "Modules linked in: crashzoo(OE+) virtio_blk virtio_pci virtio virtio_ring"
    assert (log.earlier_boots, log.capture_kernel_lines, log.notes) == (0, 15, ())
