"""How much memory the capture kernel needs, and what to reserve."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kdive.cli.main import run
from kdive.facts.missing import Missing
from kdive.kdump.image.record import ImageRecord, record_path, to_text
from kdive.kdump.reservation import choose, crashkernel_values, estimate, ram_of
from kdive.units import ByteCount, UnixSeconds

MB, GB = 1 << 20, 1 << 30
RELEASE = "6.1.0-56-cloud-amd64"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine of 4 GB with 256 MB reserved and an image of 30 MB."""
    texts = {
        "proc/meminfo": "MemTotal:        3700000 kB\nMemFree: 1 kB\n",
        "proc/iomem": "00001000-0009ffff : System RAM\n00100000-bfffffff : System RAM\n"
        "  01000000-01ffffff : Kernel code\n100000000-13fffffff : System RAM\n",
        "proc/cmdline": "root=/dev/vda1 crashkernel=256M quiet\n",
        "sys/kernel/kexec_crash_size": f"{256 * MB}\n",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    record = ImageRecord(RELEASE, UnixSeconds(0), ByteCount(30 * MB), ByteCount(31 * MB), True, (), {}, "")
    path = record_path(RELEASE, tmp_path)
    path.parent.mkdir(parents=True)
    path.write_text(to_text(record))
    return tmp_path


def test_the_machines_memory_is_the_sum_of_what_the_kernel_may_use(machine: Path) -> None:
    assert ram_of(machine) == 0x9F000 + 0xBFF00000 + 0x40000000
    (machine / "proc/iomem").write_text("00000000-00000000 : System RAM\n")  # for all but root
    assert ram_of(machine) == 3700000 << 10
    (machine / "proc/meminfo").unlink()
    assert isinstance(ram_of(machine), Missing)


@pytest.mark.parametrize(
    ("ram", "arch", "needed", "chosen"),
    [
        (512 * MB, "x86_64", 0, ""),
        (1 * GB, "x86_64", 150 * MB, "1G-2G:192M,2G-64G:256M,64G-:512M"),
        (16 * GB, "x86_64", 200 * MB, "1G-2G:192M,2G-64G:256M,64G-:512M"),
        (16 * GB, "x86_64", 300 * MB, "320M"),
        (16 * GB, "aarch64", 0, "1G-2G:224M,2G-4G:256M,4G-64G:320M,64G-:576M"),
        (16 * GB, "riscv64", 0, "1G-2G:192M,2G-64G:256M,64G-:512M"),
    ],
)
def test_the_advised_sizes_hold_unless_more_is_needed(ram: int, arch: str, needed: int, chosen: str) -> None:
    assert choose(ram, arch, needed) == chosen


def test_the_estimate_is_a_sum_of_what_is_known(machine: Path) -> None:
    found = estimate(RELEASE, "x86_64", machine)
    assert found.needed >= sum(need.size for need in found.needs)
    assert ("the capture image, unpacked", 31 * MB) in [(need.what, need.size) for need in found.needs]
    assert not isinstance(found.configured, Missing)
    assert (found.reserved, found.configured.size) == (256 * MB, 256 * MB)
    assert found.needed < 256 * MB
    assert found.notes == ()


def test_a_large_image_must_fit_into_half_of_what_is_left(machine: Path) -> None:
    path = record_path(RELEASE, machine)
    path.write_text(path.read_text().replace(f'"unpacked": {31 * MB}', f'"unpacked": {150 * MB}'))
    found = estimate(RELEASE, "x86_64", machine)
    assert found.needed >= 300 * MB
    assert found.advised.endswith("M") and int(found.advised[:-1]) >= 300


def test_without_an_image_it_says_that_it_guesses(machine: Path) -> None:
    assert "kdive setup" in estimate("5.10.0-1", "x86_64", machine).notes[0]


def test_words_of_a_command_line() -> None:
    assert crashkernel_values('a crashkernel=1G,high "b crashkernel=2" crashkernel=72M,low') == ["1G,high", "72M,low"]


def test_the_verb_says_whether_it_is_enough(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["estimate", "--root", str(machine), "--kernel", RELEASE, "--arch", "x86_64"]
    assert run(argv) == 0
    assert "reserved   256 MB: enough" in capsys.readouterr().out
    (machine / "sys/kernel/kexec_crash_size").write_text("0\n")
    assert run([*argv, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["reserved"] == 0


def test_the_verb_explains_words(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["estimate", "--root", str(machine), "--explain", "crashkernel=2G-:256M"]) == 0
    assert capsys.readouterr().out == "256 MB, because 4 GB lie in 2 GB or more\n"
    assert run(["estimate", "--ram", "1G", "--explain", "2G-:256M"]) == 1
