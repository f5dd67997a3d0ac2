"""`kdive info`: what a dump is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.run import kdive


def test_the_sample_is_told_on_one_screen(sample_vmcore: Path) -> None:
    shown = kdive("info", sample_vmcore)
    assert (shown.returncode, shown.stderr) == (0, "")
    rows = dict(line.strip().split("  ", 1) for line in shown.stdout.splitlines()[1:])
    rows = {name: value.strip() for name, value in rows.items()}
    assert rows["Format"] == "kdump-compressed version 6, zstd, dump level 31"
    assert rows["State"] == "complete"
    assert rows["Kernel"] == "5.10.0-32-cloud-amd64"
    assert rows["Machine"].startswith("x86_64, 2 CPUs")
    assert rows["Registers"] == "of 2 CPUs"
    assert "free pages" in rows["Left out"]
    assert len(shown.stdout.splitlines()) <= 24


def test_json_holds_everything(sample_vmcore: Path) -> None:
    info = json.loads(kdive("info", "--json", sample_vmcore).stdout)
    assert info["schema"] == "kdive-info/1"
    assert info["release"] == "5.10.0-32-cloud-amd64"
    assert info["container"]["dump_level"] == 31
    assert info["vmcoreinfo"]["PAGESIZE"] == "4096"
    assert info["cpus_with_notes"] == 2


def test_a_folder_stands_for_its_dump(sample_vmcore: Path, tmp_path: Path) -> None:
    (tmp_path / "vmcore").symlink_to(sample_vmcore)
    assert "5.10.0-32-cloud-amd64" in kdive("info", tmp_path).stdout


@pytest.mark.parametrize(("content", "words"), [(b"", "an empty file"), (b"hello\n" * 99, "text")])
def test_anything_else_is_named_in_one_line_with_a_hint(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content)
    refused = kdive("info", tmp_path / "file")
    assert (refused.returncode, refused.stdout) == (2, "")
    message, hint = refused.stderr.splitlines()
    assert message.startswith(f"kdive: {tmp_path / 'file'}: ")
    assert words in message
    assert hint.startswith("hint: ")


def test_neither_drgn_nor_numpy_is_imported(sample_vmcore: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "kdive", "info", str(sample_vmcore)],
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rsplit("|", 1)[1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert not {"drgn", "_drgn", "numpy"} & imported
