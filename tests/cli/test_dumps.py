"""kdive list and kdive prune."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from tests.cli.run import kdive
from tests.kdump.test_dumps import captured


def aged(folder: Path, days: int) -> Path:
    """The dump, last written some days ago."""
    when = time.time() - days * 86400
    for path in folder.iterdir():
        os.utime(path, (when, when))
    return folder


def test_dumps_are_listed_the_newest_first(tmp_path: Path) -> None:
    captured(tmp_path / "web1-2025-01-02-03:04:05", time=1735787045)
    captured(tmp_path / "web1-2025-02-02-03:04:05", time=1738465445, complete=False)
    done = kdive("list", tmp_path)
    assert done.returncode == 0
    first, second = done.stdout.splitlines()
    assert first.startswith("Sun Feb  2 03:04:05 UTC 2025")
    assert first.endswith("6.1.0-56-amd64  incomplete: the capture says that it is not complete")
    assert second.endswith("web1-2025-01-02-03:04:05  6.1.0-56-amd64")


def test_the_list_in_json_holds_everything(tmp_path: Path) -> None:
    captured(tmp_path / "web1-2025-01-02-03:04:05")
    data = json.loads(kdive("list", tmp_path, "--json").stdout)
    assert data["schema"] == "kdive-dumps/1"
    assert data["dumps"][0]["host"] == "web1"


def test_no_dumps_exit_with_1(tmp_path: Path) -> None:
    done = kdive("list", tmp_path)
    assert (done.returncode, done.stdout) == (1, f"no dumps in {tmp_path}\n")


def test_the_oldest_go_and_are_named(tmp_path: Path) -> None:
    old = aged(captured(tmp_path / "a-2025-01-02-03:04:05", time=1735787045), 300)
    new = aged(captured(tmp_path / "a-2025-02-02-03:04:05", time=1738465445), 200)
    would = kdive("prune", tmp_path, "--keep", "1", "--dry-run")
    assert would.stdout.startswith("would remove  Thu Jan  2")
    assert old.exists()
    done = kdive("prune", tmp_path, "--keep", "1")
    assert done.stdout.startswith("removed  Thu Jan  2")
    assert done.stdout.splitlines()[-1].endswith("1 stay")
    assert (old.exists(), new.exists()) == (False, True)


def test_nothing_goes_unasked(tmp_path: Path) -> None:
    captured(tmp_path / "a-2025-01-02-03:04:05")
    done = kdive("prune", tmp_path)
    assert done.returncode == 2
    assert "--keep" in done.stderr


def test_a_wrong_age_is_refused(tmp_path: Path) -> None:
    assert kdive("prune", tmp_path, "--older-than", "soon").returncode == 2
    assert kdive("prune", tmp_path, "--keep", "0").returncode == 2


def test_the_name_of_a_folder_cannot_drive_the_terminal(tmp_path: Path) -> None:
    captured(tmp_path / "\x1b]0;owned\x07-2025-01-02-03:04:05")
    done = kdive("list", tmp_path)
    assert "\x1b" not in done.stdout
    assert "\\x1b]0;owned" in done.stdout
