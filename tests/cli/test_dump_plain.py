"""`kdive dump` where numpy cannot be imported, as in a small capture kernel."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kdive.engine.verify import check, compare
from tests.cli.run import kdive

WITHOUT_NUMPY = """
import sys
for name in ("numpy", "zstandard", "cramjam", "lzallright", "drgn", "ctypes"):
    sys.modules[name] = None
from kdive.cli.main import run
sys.exit(run(sys.argv[1:]))
"""


def plain(*argv: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", WITHOUT_NUMPY, *argv], capture_output=True, text=True)


@pytest.fixture(scope="module")
def vmcore(sample_vmcore: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample as the kernel gives a vmcore: ELF."""
    path = tmp_path_factory.mktemp("plain") / "vmcore"
    assert kdive("dump", "-E", "-d0", sample_vmcore, path).returncode == 0
    return path


def test_without_numpy_all_pages_are_kept_and_it_is_said_how_to_filter_them(vmcore: Path, tmp_path: Path) -> None:
    made = plain("dump", "-d", "31", vmcore, tmp_path / "out")
    assert (made.returncode, made.stderr) == (0, "")
    assert "numpy is missing" in made.stdout
    assert f"kdive dump --refilter {tmp_path / 'out'} SMALLER" in made.stdout
    assert check(tmp_path / "out").whole
    assert compare(vmcore, tmp_path / "out").same
    kdive("dump", "--refilter", "-c", tmp_path / "out", tmp_path / "later")
    kdive("dump", "-c", vmcore, tmp_path / "at-once")
    assert compare(tmp_path / "later", tmp_path / "at-once").same


def test_without_numpy_the_log_and_a_dump_down_a_pipe_can_be_had(
    vmcore: Path, sample_vmcore: Path, tmp_path: Path
) -> None:
    assert plain("dump", "--dump-dmesg", vmcore).stdout == kdive("dump", "--dump-dmesg", sample_vmcore).stdout
    with (tmp_path / "flat").open("wb") as flat:
        subprocess.run([sys.executable, "-c", WITHOUT_NUMPY, "dump", "-F", vmcore], stdout=flat, check=True)
    assert compare(vmcore, tmp_path / "flat").same


@pytest.mark.parametrize("options", [["--verify"], ["--mem-usage"], ["-E"], ["--split"]])
def test_what_needs_numpy_says_so(vmcore: Path, tmp_path: Path, options: list[str]) -> None:
    outputs = {"-E": ["a"], "--split": ["a", "b"]}.get(options[0], [])
    refused = plain("dump", *options, vmcore, *(tmp_path / name for name in outputs))
    assert refused.returncode == 2
    assert "numpy" in refused.stderr
    assert "hint: " in refused.stderr
    assert "Traceback" not in refused.stderr
    assert list(tmp_path.iterdir()) == []
