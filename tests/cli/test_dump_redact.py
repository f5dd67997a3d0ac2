"""`kdive dump --redact`, `--erase`, `--check`: what a user sees of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from kdive.dumpfile.open import open_dump
from kdive.memory.open import open_memory
from tests.build_dump import PAGE_SIZE, build_elf
from tests.cli.run import kdive


def test_a_redacted_dump_has_the_same_verdict_and_every_reader_says_what_was_erased(
    sample_vmcore: Path, tmp_path: Path
) -> None:
    made = kdive("dump", "--redact", "full", "-d", "1", sample_vmcore, tmp_path / "out")
    assert (made.returncode, made.stderr) == (0, "")
    assert "complete, level 31" in made.stdout
    assert "not in this kernel: dm-crypt, tls, wireguard" in made.stdout
    assert "input_pool" in kdive("info", tmp_path / "out").stdout
    report = json.loads(kdive("report", "--json", "--no-debuginfo", tmp_path / "out").stdout)
    assert report["verdict"]["function"] == "zoo_bug_leaf"
    assert "input_pool" in report["container"]["erased"]
    text = kdive("report", "--no-debuginfo", tmp_path / "out").stdout
    assert "[ERASED]" in text


def test_what_a_filter_file_names_is_poison_in_every_format(sample_vmcore: Path, tmp_path: Path) -> None:
    (tmp_path / "filter").write_text("erase init_task.comm\n")
    kdive("dump", "--erase", tmp_path / "filter", "-E", sample_vmcore, tmp_path / "elf")
    kdive("dump", "--erase", tmp_path / "filter", "--split", sample_vmcore, tmp_path / "p1", tmp_path / "p2")
    with (tmp_path / "flat").open("wb") as flat:
        argv = [sys.executable, "-m", "kdive", "dump", "-F", "--erase", str(tmp_path / "filter"), str(sample_vmcore)]
        subprocess.run(argv, stdout=flat, check=True, stderr=subprocess.DEVNULL)
    with open_dump(sample_vmcore) as dump:
        assert b"swapper/0\0" in _page_of_init_task(sample_vmcore)
        assert dump.eraseinfo == b""
    for name in ("elf", "p1", "flat"):
        assert b"X" * 16 in _page_of_init_task(tmp_path / name)
        assert b"swapper/0\0" not in _page_of_init_task(tmp_path / name)
        with open_dump(tmp_path / name) as dump:
            assert dump.eraseinfo == b"erase init_task.comm size 16\n"


def _page_of_init_task(path: Path) -> bytes:
    """The structure, found by what the bundled sample's kernel says."""
    from kdive.symbols.find import SymbolOptions, find_symbols

    with open_dump(path) as dump:
        memory = open_memory(dump)
        program = find_symbols(memory, SymbolOptions(none=True)).program
        assert program is not None
        return memory.read(program["init_task"].address_, program.type("struct task_struct").size or 0)


def test_a_filter_that_cannot_be_followed_writes_nothing(sample_vmcore: Path, tmp_path: Path) -> None:
    (tmp_path / "filter").write_text("\nerase no_such_symbol\n")
    refused = kdive("dump", "--erase", tmp_path / "filter", sample_vmcore, tmp_path / "out")
    assert refused.returncode == 2
    assert "filter:2: no_such_symbol is not among this kernel's symbols" in refused.stderr
    assert not (tmp_path / "out").exists()


def test_json_has_what_was_erased(sample_vmcore: Path, tmp_path: Path) -> None:
    shown = json.loads(kdive("dump", "--json", "--redact", "keyrings", sample_vmcore, tmp_path / "out").stdout)
    assert shown["erased"].keys() == {"keyrings"}
    assert shown["erase_warnings"] == []


def test_check_names_places_and_never_the_secret(tmp_path: Path) -> None:
    content = b"\0" * 64 + b"password=correct-horse-battery\0"
    (tmp_path / "dump").write_bytes(build_elf({0: b"", 3: content.ljust(PAGE_SIZE, b"\0")}))
    found = kdive("dump", "--check", tmp_path / "dump")
    assert found.returncode == 1
    assert found.stdout.split() == ["password", "in", "a", "text", "1", "at", "physical", "0x3041"]
    assert "horse" not in found.stdout + found.stderr
    shown = json.loads(kdive("dump", "--check", "--json", tmp_path / "dump").stdout)
    assert shown["found"] == [{"name": "password in a text", "count": 1, "places": [0x3041]}]


def test_check_of_a_dump_without_keys_ends_well(sample_vmcore: Path) -> None:
    found = kdive("dump", "--check", sample_vmcore)
    assert (found.returncode, found.stdout) == (0, f"{sample_vmcore}: nothing looks like a key or a password\n")
