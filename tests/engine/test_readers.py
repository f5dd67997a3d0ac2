"""What kdive writes opens in the programs that people have: crash, drgn and makedumpfile."""

from __future__ import annotations

import subprocess
from pathlib import Path

import drgn
import pytest

from kdive.cli.main import run
from tests.lab.need import need

FORMATS = {
    "zstd": ["-z"],
    "zlib": ["-c"],
    "lzo": ["-l"],
    "snappy": ["-p"],
    "raw": ["--raw"],
    "elf": ["-E"],
}
BY_CRASH = ("zlib", "zstd", "elf")
BY_MAKEDUMPFILE = ("zlib", "lzo", "raw", "elf")  # Debian builds it without snappy, and 12 without zstd


@pytest.fixture(scope="module")
def written(sample_vmcore: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The sample, saved once more in each format."""
    folder = tmp_path_factory.mktemp("written")
    dumps = {}
    for name, options in FORMATS.items():
        dumps[name] = folder / name
        assert run(["dump", *options, "-d", "31", str(sample_vmcore), str(dumps[name])]) == 0
    return dumps


@pytest.mark.parametrize("name", BY_CRASH)
def test_crash_opens_it_and_finds_the_panic(name: str, written: dict[str, Path], sample_vmlinux: Path) -> None:
    need("crash")
    argv = ["crash", "-s", str(sample_vmlinux), str(written[name])]
    done = subprocess.run(argv, input="sys\nbt\nq\n", capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert 'PANIC: "kernel BUG at /usr/src/crashzoo/crashzoo.c:202!"' in done.stdout
    assert "zoo_bug_leaf" in done.stdout


@pytest.mark.parametrize("name", FORMATS)
def test_drgn_opens_it_and_finds_the_kernel(name: str, written: dict[str, Path], sample_vmlinux: Path) -> None:
    program = drgn.Program()
    program.set_core_dump(written[name])
    program.load_debug_info([sample_vmlinux])
    assert program["init_uts_ns"].name.release.string_() == b"5.10.0-32-cloud-amd64"
    assert program.crashed_thread().tid == 104


@pytest.mark.parametrize("name", BY_MAKEDUMPFILE)
def test_makedumpfile_opens_it_and_prints_the_same_log(name: str, written: dict[str, Path], tmp_path: Path) -> None:
    need("makedumpfile")
    log = tmp_path / "log"
    subprocess.run(["makedumpfile", "--dump-dmesg", str(written[name]), str(log)], check=True, capture_output=True)
    assert "kernel BUG at /usr/src/crashzoo/crashzoo.c:202!" in log.read_text()
