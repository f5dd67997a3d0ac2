from __future__ import annotations

from pathlib import Path

import pytest

from kdive.errors import KdiveError
from kdive.kdump.setup_files import FileChange, apply, diff, needed, restore, saved_paths

SYSCTL = FileChange("/etc/sysctl.d/60-kdive.conf", "kernel.panic_on_oops = 1\n")
CONF = FileChange("/etc/kdump.conf", "path /var/crash\n")


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_what_is_written_is_taken_back_with_its_mode(tmp_path: Path) -> None:
    conf = write(tmp_path / "etc/kdump.conf", "path /old\n")
    conf.chmod(0o640)
    apply([SYSCTL, CONF], tmp_path)
    assert conf.read_text() == "path /var/crash\n"
    assert needed([SYSCTL, CONF], tmp_path) == []
    assert restore(tmp_path) == []
    assert conf.read_text() == "path /old\n"
    assert conf.stat().st_mode & 0o777 == 0o640
    assert not (tmp_path / "etc/sysctl.d/60-kdive.conf").exists()
    assert saved_paths(tmp_path) == []
    assert list((tmp_path / "var/lib/kdive/saved").iterdir()) == []


def test_the_original_is_what_was_there_before_the_first_run(tmp_path: Path) -> None:
    conf = write(tmp_path / "etc/kdump.conf", "path /old\n")
    apply([CONF], tmp_path)
    apply([FileChange("/etc/kdump.conf", "path /second\n")], tmp_path)
    restore(tmp_path)
    assert conf.read_text() == "path /old\n"


def test_a_file_that_was_changed_since_stays_and_is_named(tmp_path: Path) -> None:
    conf = write(tmp_path / "etc/kdump.conf", "path /old\n")
    apply([CONF, SYSCTL], tmp_path)
    conf.write_text("path /mine\n")
    [note] = restore(tmp_path)
    assert note.startswith("/etc/kdump.conf has been changed since: it stays; it was ")
    assert conf.read_text() == "path /mine\n"
    assert saved_paths(tmp_path) == ["/etc/kdump.conf"]
    assert Path(note.split("it was ")[1].removesuffix(" before")).read_text() == "path /old\n"


def test_a_file_that_was_removed_comes_back(tmp_path: Path) -> None:
    other = write(tmp_path / "etc/other", "x\n")
    apply([FileChange("/etc/other", None)], tmp_path)
    assert not other.exists()
    restore(tmp_path)
    assert other.read_text() == "x\n"


def test_bytes_that_are_no_text_survive(tmp_path: Path) -> None:
    place = tmp_path / "etc/kdump.conf"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"# \xff\xfe\r\n")
    apply([CONF], tmp_path)
    restore(tmp_path)
    assert place.read_bytes() == b"# \xff\xfe\r\n"


def test_the_difference_is_that_of_diff(tmp_path: Path) -> None:
    write(tmp_path / "etc/kdump.conf", "path /old\n")
    assert diff(CONF, tmp_path).splitlines() == [
        "--- /etc/kdump.conf", "+++ /etc/kdump.conf", "@@ -1 +1 @@", "-path /old", "+path /var/crash",
    ]  # fmt: skip
    assert diff(SYSCTL, tmp_path).splitlines()[:2] == ["--- /dev/null", "+++ /etc/sysctl.d/60-kdive.conf"]


@pytest.mark.parametrize("text", ["{", "[]", '{"/etc/a": {"other": 1}}', '{"/etc/a": 1}'])
def test_a_damaged_index_is_an_error_and_not_an_empty_one(text: str, tmp_path: Path) -> None:
    write(tmp_path / "var/lib/kdive/saved/files.json", text)
    with pytest.raises(KdiveError, match=r"files.json is damaged"):
        restore(tmp_path)
