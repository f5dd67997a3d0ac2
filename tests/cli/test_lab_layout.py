from __future__ import annotations

from pathlib import Path

from kdive.compat.recorded import load
from tests.cli.run import kdive

COMMITTED = Path(__file__).parent.parent / "data" / "layouts" / "debian-5.10.0-32-x86_64.json"


def test_layout_goes_to_the_file_that_was_named(sample_vmcore: Path, tmp_path: Path) -> None:
    path = tmp_path / "layout.json"
    done = kdive("lab", "layout", sample_vmcore, "-o", path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert load(path) == load(COMMITTED)


def test_layout_goes_to_standard_output_else(sample_vmcore: Path) -> None:
    assert kdive("lab", "layout", sample_vmcore).stdout == COMMITTED.read_text()


def test_a_place_that_cannot_be_written_to_is_named(sample_vmcore: Path, tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "layout.json"
    done = kdive("lab", "layout", sample_vmcore, "-o", path)
    assert done.returncode == 2
    assert f"{path}: No such file or directory" in done.stderr


def test_a_log_is_no_dump(sample_console: Path) -> None:
    assert kdive("lab", "layout", sample_console).returncode == 2
