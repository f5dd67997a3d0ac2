"""`kdive dmesg`: the log out of a dump."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from tests.cli.run import kdive

BUG_LINE = "RIP: 0010:zoo_bug_leaf+0x16/0x20 [crashzoo]"


def console_lines(console: Path) -> list[str]:
    """The lines that the machine itself printed, before the capture kernel's."""
    text = console.read_text(errors="replace").replace("\r", "")
    return [line for line in text.split("\n") if re.match(r"\[ *[0-9]+\.[0-9]{6}\] ", line)]


def test_the_log_is_that_of_the_console(sample_vmcore: Path, sample_console: Path) -> None:
    shown = kdive("dmesg", sample_vmcore)
    assert (shown.returncode, shown.stderr) == (0, "")
    lines = shown.stdout.splitlines()
    assert f"[    9.704540] {BUG_LINE}" in lines
    # A console shows what its level lets through: no line of it may be absent from the log.
    crash = [line for line in console_lines(sample_console) if "9.70" in line]
    assert len(crash) > 30
    assert not set(crash) - set(lines)


def test_raw_has_the_level_in_front(sample_vmcore: Path) -> None:
    assert re.search(
        rf"^<\d+>\[    9.704540\] {re.escape(BUG_LINE)}$", kdive("dmesg", "--raw", sample_vmcore).stdout, re.M
    )


def test_json_has_a_member_for_each_record(sample_vmcore: Path) -> None:
    log = json.loads(kdive("dmesg", "--json", sample_vmcore).stdout)
    assert (log["schema"], log["source"]) == ("kdive-log/1", "ring")
    record = next(record for record in log["records"] if record["text"] == BUG_LINE)
    assert record["timestamp"] // 1000 == 9704540
    assert record["facility"] == 0


def test_a_reader_that_goes_away_ends_it_silently(sample_vmcore: Path) -> None:
    command = f"{sys.executable} -m kdive dmesg {sample_vmcore} | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    first, status = done.stdout.splitlines()
    assert first.startswith("[    0.000000] Linux version 5.10.0-32-cloud-amd64")
    assert status in ("0", "141")  # 0 when all of it was in the pipe before head ended
    assert done.stderr == ""


def test_a_console_log_gives_the_last_boot_without_the_capture_kernel(sample_console: Path) -> None:
    shown = kdive("dmesg", sample_console)
    assert shown.returncode == 0
    lines = shown.stdout.splitlines()
    assert f"[    9.704540] {BUG_LINE}" in lines
    assert lines[-1].endswith("Modules linked in: crashzoo(OE+) virtio_blk virtio_pci virtio virtio_ring")


def test_a_file_that_is_neither_is_named(sample_module: Path) -> None:
    refused = kdive("dmesg", sample_module)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith(f"kdive: {sample_module}: ")
