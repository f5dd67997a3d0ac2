"""`kdive dump`: the same dump, smaller, in other formats, whole or in parts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from kdive.cli.dump_words import ProgressWords
from kdive.engine.writing import Progress
from kdive.units import ByteCount
from tests.cli.run import kdive

BUG_LINE = "kernel BUG at /usr/src/crashzoo/crashzoo.c:202!"


def test_the_smaller_dump_gives_the_same_verdict(sample_vmcore: Path, tmp_path: Path) -> None:
    made = kdive("dump", sample_vmcore, tmp_path / "out")
    assert (made.returncode, made.stderr) == (0, "")
    assert "complete, level 31" in made.stdout
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o600
    verdict = json.loads(kdive("report", "--json", "--no-debuginfo", tmp_path / "out").stdout)["verdict"]
    assert (verdict["class"], verdict["function"], verdict["module"]) == ("kernel-bug", "zoo_bug_leaf", "crashzoo")


def test_elf_split_and_flattened_hold_the_same_log(sample_vmcore: Path, tmp_path: Path) -> None:
    wanted = kdive("dmesg", sample_vmcore).stdout
    assert kdive("dump", "-E", sample_vmcore, tmp_path / "elf").returncode == 0
    assert kdive("dmesg", tmp_path / "elf").stdout == wanted
    assert kdive("dump", "--split", "-c", sample_vmcore, tmp_path / "p1", tmp_path / "p2").returncode == 0
    assert kdive("dump", "--reassemble", tmp_path / "p1", tmp_path / "p2", tmp_path / "whole").returncode == 0
    assert kdive("dmesg", tmp_path / "whole").stdout == wanted
    with (tmp_path / "flat").open("wb") as flat:
        subprocess.run([sys.executable, "-m", "kdive", "dump", "-F", str(sample_vmcore)], stdout=flat, check=True)
    assert kdive("dmesg", tmp_path / "flat").stdout == wanted


def test_an_output_that_is_there_is_kept_unless_told_otherwise(sample_vmcore: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("precious")
    refused = kdive("dump", sample_vmcore, tmp_path / "out")
    assert refused.returncode == 2
    assert (tmp_path / "out").read_text() == "precious"
    assert kdive("dump", "--force", sample_vmcore, tmp_path / "out").returncode == 0


def test_a_limit_leaves_an_incomplete_dump_that_opens(sample_vmcore: Path, tmp_path: Path) -> None:
    made = kdive("dump", "-L", "2M", sample_vmcore, tmp_path / "out")
    assert made.returncode == 1
    assert "INCOMPLETE" in made.stdout
    assert (tmp_path / "out").stat().st_size <= 2 << 20
    assert "incomplete" in kdive("info", tmp_path / "out").stdout.lower()


def test_the_next_level_is_tried_where_the_first_does_not_fit(sample_vmcore: Path, tmp_path: Path) -> None:
    smallest = json.loads(kdive("dump", "--json", sample_vmcore, tmp_path / "small").stdout)
    limit = str(smallest["written"] + 4096)
    made = kdive("dump", "--json", "-d", "0,31", "-L", limit, sample_vmcore, tmp_path / "out")
    shown = json.loads(made.stdout)
    # The sample is filtered at 31 already: both levels hold the same pages.
    assert (made.returncode, shown["incomplete"]) == (0, "")


def test_memory_is_told_by_its_use(sample_vmcore: Path) -> None:
    usage = json.loads(kdive("dump", "--mem-usage", "--json", sample_vmcore).stdout)
    assert usage["page_size"] == 4096
    assert usage["pages"]["free"] > 10_000
    assert usage["pages"]["unknown"] == 0
    assert usage["forecast"]["31"] < usage["forecast"]["0"]


def test_the_log_alone(sample_vmcore: Path, tmp_path: Path) -> None:
    assert kdive("dump", "--dump-dmesg", sample_vmcore, tmp_path / "log").returncode == 0
    assert BUG_LINE in (tmp_path / "log").read_text()


def test_what_cannot_be_meant_is_said_with_what_can(sample_vmcore: Path, tmp_path: Path) -> None:
    for argv in ([sample_vmcore], ["--split", sample_vmcore, tmp_path / "a"], ["-F", sample_vmcore, tmp_path / "a"]):
        refused = kdive("dump", *argv)
        assert refused.returncode == 2
        assert "hint: " in refused.stderr
    assert "invalid levels value" in kdive("dump", "-d", "32", sample_vmcore, tmp_path / "a").stderr


def test_a_log_is_written_over_nothing_and_a_wrong_place_is_named(sample_vmcore: Path, tmp_path: Path) -> None:
    (tmp_path / "log").write_text("precious")
    refused = kdive("dump", "--dump-dmesg", sample_vmcore, tmp_path / "log")
    assert refused.returncode == 2
    assert (tmp_path / "log").read_text() == "precious"
    refused = kdive("dump", "--dump-dmesg", sample_vmcore, tmp_path / "nowhere" / "log")
    assert refused.returncode == 2
    assert "Traceback" not in refused.stderr
    assert "hint: " in refused.stderr


def test_a_dump_is_verified_by_itself_and_against_another(sample_vmcore: Path, tmp_path: Path) -> None:
    alone = kdive("dump", "--verify", sample_vmcore)
    assert (alone.returncode, alone.stdout) == (
        0,
        f"{sample_vmcore}: whole, 14,449 pages read (kdump-compressed)\n",
    )
    kdive("dump", "-c", sample_vmcore, tmp_path / "out")
    same = json.loads(kdive("dump", "--verify", "--json", sample_vmcore, tmp_path / "out").stdout)
    assert (same["schema"], same["same"], same["equal"]) == ("kdive-verify/1", True, 14449)
    data = bytearray((tmp_path / "out").read_bytes())
    data[-100] ^= 1
    (tmp_path / "out").write_bytes(data)
    damaged = kdive("dump", "--verify", tmp_path / "out")
    assert damaged.returncode == 1
    assert "NOT WHOLE" in damaged.stdout
    assert "1 pages cannot be read" in damaged.stdout
    differs = kdive("dump", "--verify", sample_vmcore, tmp_path / "out")
    assert differs.returncode == 1
    assert f"1 pages cannot be read from {tmp_path / 'out'} (" in differs.stdout


def test_a_dry_run_says_the_size_to_the_byte_and_writes_nothing(sample_vmcore: Path, tmp_path: Path) -> None:
    dry = json.loads(kdive("dump", "--dry-run", "--json", sample_vmcore, tmp_path / "out").stdout)
    assert not (tmp_path / "out").exists()
    wet = json.loads(kdive("dump", "--json", sample_vmcore, tmp_path / "out").stdout)
    assert (dry["dry_run"], wet["dry_run"]) == (True, False)
    assert dry["written"] == wet["written"] == (tmp_path / "out").stat().st_size
    assert "it would take" in kdive("dump", "--dry-run", "-E", sample_vmcore).stdout


def test_options_alone_can_be_checked(tmp_path: Path) -> None:
    for good in (["-l", "-d", "31"], ["-F"], ["--split"], ["--verify"], ["-d1,31", "nowhere", tmp_path / "out"]):
        assert kdive("dump", "--check-params", *good).returncode == 0
    for bad in (["--split", "-E"], ["-d", "32"], ["-l", "-c"], ["-F", "in", "out"]):
        assert kdive("dump", "--check-params", *bad).returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_the_figures_of_makedumpfile_add_up(sample_vmcore: Path) -> None:
    stats = json.loads(kdive("dump", "--dry-run", "--json", sample_vmcore).stdout)["stats"]
    assert stats["original_pages"] + stats["memory_hole"] == stats["total_pages"]
    assert stats["pages_filled_with_zero"] + stats["remaining_pages"] == 14449
    shown = kdive("dump", "--dry-run", "--show-stats", sample_vmcore).stdout
    assert f"Original pages                : {stats['original_pages']:#018x}" in shown


def test_progress_says_rate_and_time_left() -> None:
    said: list[str] = []
    ticks = iter([0.0, 10.0, 100.0, 110.0])
    show = ProgressWords(said.append, clock=lambda: next(ticks))
    show(Progress("selecting", 100, 400, ByteCount(0)))
    show(Progress("selecting", 200, 400, ByteCount(0)))
    show(Progress("writing", 0, 1000, ByteCount(1 << 20)))
    show(Progress("writing", 10, 1000, ByteCount(201 << 20)))
    assert said == [
        "looking at pages: 25 %",
        "looking at pages: 50 %, 10 s left",
        "writing pages: 0 %, 1 MB written",
        "writing pages: 1 %, 201 MB written, 21 MB/s, 16 min left",
    ]
