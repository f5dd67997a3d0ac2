"""`makedumpfile` and `vmcore-dmesg` as kdive does them, beside the real ones where these are installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kdive.cli.main import run
from kdive.dumpfile.open import open_dump
from kdive.engine.open_pages import open_pages
from tests.cli.run import kdive

REAL = shutil.which("makedumpfile")
BUG_LINE = "kernel BUG at /usr/src/crashzoo/crashzoo.c:202!"


def called_as(name: str, folder: Path, *argv: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """The program, called by another name as through a link."""
    program = folder / name
    program.write_text("from kdive.cli.main import program\nprogram()\n")
    return subprocess.run([sys.executable, program, *argv], input=stdin, capture_output=True, timeout=60, check=False)


def test_a_filter_file_is_obeyed(sample_vmcore: Path, tmp_path: Path) -> None:
    (tmp_path / "filter").write_text("[vmlinux]\nerase init_task.comm\n")
    made = called_as("makedumpfile", tmp_path, "-c", "--config", tmp_path / "filter", sample_vmcore, tmp_path / "out")
    assert made.returncode == 0
    with open_dump(tmp_path / "out") as dump:
        assert dump.eraseinfo == b"erase init_task.comm size 16\n"
    (tmp_path / "filter").write_text("erase no_such_symbol\n")
    refused = called_as("makedumpfile", tmp_path, "--config", tmp_path / "filter", sample_vmcore, tmp_path / "other")
    assert refused.returncode == 1
    assert not (tmp_path / "other").exists()


def pages(path: Path) -> dict[int, bytes]:
    """The content of each page in a dump."""
    with open_dump(path) as dump:
        reader = open_pages(dump)
        found: dict[int, bytes] = {}
        for start, size in dump.kept_ranges():
            first, count = start // dump.page_size, size // dump.page_size
            content, good = reader.read(first, count)
            assert good.all()
            found |= {first + index: content[index].tobytes() for index in range(count)}
        return found


@pytest.fixture(scope="module")
def zlib_vmcore(sample_vmcore: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample in a form that every makedumpfile reads: some distributions leave zstd out."""
    path = tmp_path_factory.mktemp("zlib") / "vmcore"
    assert kdive("dump", "-c", sample_vmcore, path).returncode == 0
    return path


@pytest.mark.parametrize("argv", ["-c -d 31", "-l -d 31 --message-level 7", "-d 31", "-c -d 0"])
def test_the_same_pages_with_the_same_content(zlib_vmcore: Path, tmp_path: Path, argv: str) -> None:
    if REAL is None:
        pytest.skip("makedumpfile is not installed")
    theirs = subprocess.run([REAL, *argv.split(), zlib_vmcore, tmp_path / "theirs"], capture_output=True, check=False)
    ours = called_as("makedumpfile", tmp_path, *argv.split(), zlib_vmcore, tmp_path / "ours")
    assert (ours.returncode, ours.stderr) == (theirs.returncode, b"") == (0, b"")
    assert ours.stdout.split()[-2:] == theirs.stdout.split()[-2:] == [b"makedumpfile", b"Completed."]
    kept = pages(tmp_path / "ours")
    assert len(kept) == 11_943 + 2_506  # with those full of zeros, which share one page
    assert kept == pages(tmp_path / "theirs")


def test_each_puts_the_others_streams_and_sets_together(zlib_vmcore: Path, tmp_path: Path) -> None:
    if REAL is None:
        pytest.skip("makedumpfile is not installed")
    theirs = subprocess.run([REAL, "-F", "-c", "-d", "31", zlib_vmcore], capture_output=True, check=True).stdout
    ours = called_as("makedumpfile", tmp_path, "-F", "-c", "-d", "31", zlib_vmcore).stdout
    assert called_as("makedumpfile", tmp_path, "-R", tmp_path / "a", stdin=theirs).returncode == 0
    subprocess.run([REAL, "-R", tmp_path / "b"], input=ours, capture_output=True, check=True)
    parts = [tmp_path / "p1", tmp_path / "p2"]
    assert called_as("makedumpfile", tmp_path, "--split", "-c", "-d", "31", zlib_vmcore, *parts).returncode == 0
    subprocess.run([REAL, "--reassemble", *parts, tmp_path / "c"], capture_output=True, check=True)
    assert called_as("makedumpfile", tmp_path, "--reassemble", *parts, tmp_path / "d").returncode == 0
    wanted = pages(zlib_vmcore)
    for name in "abcd":
        assert pages(tmp_path / name) == wanted


@pytest.mark.parametrize(
    "argv",
    [
        "--check-params -l -d 31 /proc/vmcore out",
        "--check-params -d 99 /proc/vmcore out",
        "-d 99 IN out",
        "-Q IN out",
        "IN",
        "-c /no/such out",
        "-c IN IN",
        "-f -c IN IN2",
        "-c -L 1000000 IN out",
        "--dry-run -c -d 31 IN out",
        "--dump-dmesg IN out",
        "--dump-dmesg --partial-dmesg IN out",
        "-x /bin/true -d 31 IN out",
        "-v",
        "--help",
    ],
)
def test_exit_codes_are_those_of_the_real_one(zlib_vmcore: Path, tmp_path: Path, argv: str) -> None:
    if REAL is None:
        pytest.skip("makedumpfile is not installed")
    codes = []
    for who in ("ours", "theirs"):
        folder = tmp_path / who
        folder.mkdir()
        (folder / "IN").write_bytes(zlib_vmcore.read_bytes())
        (folder / "IN2").write_bytes(b"")
        words = [str(folder / word) if word in ("IN", "IN2", "out") else word for word in argv.split()]
        if who == "ours":
            code = run(words, name="makedumpfile")
        else:
            code = subprocess.run([REAL, *words], capture_output=True, check=False).returncode
        codes.append((code, (folder / "out").exists()))
    assert codes[0] == codes[1]


def test_the_log_is_the_one_that_the_real_one_writes(zlib_vmcore: Path, tmp_path: Path) -> None:
    assert kdive("makedumpfile", "--dump-dmesg", zlib_vmcore, tmp_path / "ours").returncode == 0
    assert BUG_LINE in (tmp_path / "ours").read_text()
    assert kdive("makedumpfile", "--dump-dmesg", "--partial-dmesg", zlib_vmcore, tmp_path / "part").returncode == 0
    assert (tmp_path / "part").read_text() == (tmp_path / "ours").read_text()  # it was never cleared
    if REAL is not None:
        subprocess.run([REAL, "--dump-dmesg", zlib_vmcore, tmp_path / "theirs"], capture_output=True, check=True)
        # It sets the time in front of a record's first line alone, and fills up in front of the others.
        texts = [re.sub(r"(?m)^(\[ *[0-9.]+\])? *", "", (tmp_path / name).read_text()) for name in ("ours", "theirs")]
        assert texts[0] == texts[1]


def test_as_a_verb_it_takes_the_same_line(sample_vmcore: Path, tmp_path: Path) -> None:
    made = kdive("makedumpfile", "--show-stats", "-z", "-d", "31", sample_vmcore, tmp_path / "out")
    assert (made.returncode, made.stderr) == (0, "")
    assert ["Remaining", "pages", ":", "0x0000000000002ea7"] in [line.split() for line in made.stdout.splitlines()]
    assert kdive("makedumpfile", "-z", sample_vmcore, tmp_path / "out").returncode == 1
    assert kdive("makedumpfile", "--help").stdout.startswith("usage: kdive makedumpfile [OPTIONS]")


def test_errors_are_said_unless_their_level_is_left_out(tmp_path: Path) -> None:
    assert "hint: " in kdive("makedumpfile", "-c", tmp_path / "none", tmp_path / "out").stderr
    silent = kdive("makedumpfile", "--message-level", "1", "-c", tmp_path / "none", tmp_path / "out")
    assert (silent.returncode, silent.stdout, silent.stderr) == (1, "", "")


def test_what_is_passed_over_is_named_at_debug_level(sample_vmcore: Path, tmp_path: Path) -> None:
    made = kdive("makedumpfile", "-D", "--dry-run", "--cyclic-buffer", "512", sample_vmcore, tmp_path / "out")
    assert made.returncode == 0
    assert "without a meaning to kdive: --cyclic-buffer 512" in made.stdout
    assert not (tmp_path / "out").exists()


def test_a_vmlinux_or_vmcoreinfo_of_another_kernel_is_told_by_the_exit_code(
    sample_vmcore: Path, sample_vmlinux: Path, tmp_path: Path
) -> None:
    (tmp_path / "info").write_text("OSRELEASE=6.1.0-0-other\n")
    refused = kdive("makedumpfile", "-i", tmp_path / "info", sample_vmcore, tmp_path / "out")
    assert refused.returncode == 2
    (tmp_path / "info").write_text("OSRELEASE=5.10.0-32-cloud-amd64\n")
    right = kdive("makedumpfile", "-i", tmp_path / "info", "-x", sample_vmlinux, sample_vmcore, tmp_path / "out")
    assert right.returncode == 0


def test_an_address_is_translated(sample_vmcore: Path) -> None:
    shown = kdive("makedumpfile", "--vtop", "ffffffff8c813700", sample_vmcore)
    assert shown.stdout.split() == ["VIRTUAL", "PHYSICAL", "ffffffff8c813700", "9013700"]
    assert kdive("makedumpfile", "--vtop", "10", sample_vmcore).returncode == 1


def test_called_as_vmcore_dmesg_it_prints_the_log(sample_vmcore: Path, tmp_path: Path) -> None:
    shown = called_as("vmcore-dmesg", tmp_path, sample_vmcore)
    assert shown.returncode == 0
    assert shown.stdout.decode() == kdive("dmesg", sample_vmcore).stdout
    assert BUG_LINE in shown.stdout.decode()
    wrong: list[list[str | Path]] = [[], [sample_vmcore, sample_vmcore], ["/no/such"], ["-Q"]]
    for argv in wrong:
        assert called_as("vmcore-dmesg", tmp_path, *argv).returncode == 1
    assert called_as("vmcore-dmesg", tmp_path, "--help").returncode == 0


def test_pages_are_counted_by_use(sample_vmcore: Path) -> None:
    lines = [line.split() for line in kdive("makedumpfile", "--mem-usage", sample_vmcore).stdout.splitlines()]
    counted = {words[0]: int(words[1]) for words in lines if words and words[0].isupper() and words[0] != "TYPE"}
    # What the real one counts at level 31, and of all 61,149 pages.
    assert (counted["FREE"], counted["USER"], counted["NON_PRI_CACHE"]) == (0xA38D, 0x8B, 0x1254)
    assert sum(counted.values()) == 61_149
