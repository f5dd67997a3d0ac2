"""`kdive kexec` and `kdive reboot` as programs, as far as they change nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.run import kdive
from tests.kexec.images import arm64, x86

SAVED = {
    "sys/kernel/kexec_loaded": "0",
    "sys/kernel/kexec_crash_loaded": "1",
    "sys/kernel/kexec_crash_size": str(256 << 20),
    "proc/iomem": "  2f000000-3effffff : Crash kernel\n",
    "proc/sys/kernel/kexec_load_limit_panic": "1",
    "sys/kernel/security/lockdown": "none [integrity] confidentiality",
}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    for name, text in SAVED.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def called_as(name: str, folder: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """The program, called by another name as through a link."""
    program = folder / name
    program.write_text("from kdive.cli.main import program\nprogram()\n")
    return subprocess.run([sys.executable, program, *argv], capture_output=True, text=True, timeout=60, check=False)


def test_status_says_what_a_saved_tree_says(saved: Path) -> None:
    shown = kdive("kexec", "status", "--root", saved)
    assert shown.returncode == 0
    assert shown.stdout.splitlines() == [
        "at a reboot   nothing is loaded",
        "at a crash    a kernel is loaded; it was not loaded by kdive",
        "reserved      256 MB (0x2f000000-0x3f000000)",
        "loads         1 left for crash",
        "lockdown      integrity: signed kernels alone",
    ]


def test_status_in_json_is_the_same_for_programs(saved: Path) -> None:
    said = json.loads(kdive("kexec", "status", "--root", saved, "--json").stdout)
    assert said["schema"] == "kdive-kexec-status/1"
    assert (said["loaded"], said["crash_loaded"], said["crash_size"]) == (False, True, 256 << 20)
    assert said["reserved"] == [{"start": 0x2F000000, "end": 0x3F000000}]
    assert said["cma_ranges"] == {"missing": "this kernel has no /sys/kernel/kexec_crash_cma_ranges"}


def test_the_exit_code_answers_whether_a_kernel_is_loaded(saved: Path) -> None:
    assert kdive("kexec", "status", "--root", saved, "--loaded", "crash").returncode == 0
    assert kdive("kexec", "status", "--root", saved, "--loaded", "reboot").returncode == 1


def test_a_dry_run_says_what_would_be_loaded(tmp_path: Path) -> None:
    (tmp_path / "vmlinuz").write_bytes(x86("6.1.0-18-amd64"))
    (tmp_path / "initrd").write_bytes(b"initrd")
    shown = kdive(
        "kexec", "load", tmp_path / "vmlinuz", "-i", tmp_path / "initrd", "--cmdline", "root=/dev/vda1 ro quiet",
        "--remove", "quiet", "--append", "debug", "--dry-run",
    )  # fmt: skip
    assert shown.returncode == 0
    assert "(6.1.0-18-amd64) would be loaded for the next reboot" in shown.stdout
    assert "  cmdline    root=/dev/vda1 ro debug\n" in shown.stdout


def test_a_kernel_of_another_architecture_is_refused_before_the_kernel_is_asked(tmp_path: Path) -> None:
    (tmp_path / "Image").write_bytes(arm64())
    (tmp_path / "vmlinuz").write_bytes(x86())
    refused = [kdive("kexec", "load", "--dry-run", tmp_path / name) for name in ("Image", "vmlinuz")]
    assert sorted(one.returncode for one in refused) == [0, 2]
    assert "and this machine is" in "".join(one.stderr for one in refused)


def test_reboot_names_what_is_missing(tmp_path: Path) -> None:
    refused = kdive("reboot", "--dry-run", "--kernel", "0.0-no-such")
    assert refused.returncode == 2
    assert "no installed kernel is" in refused.stderr


def test_called_as_kexec_it_takes_the_options_of_kexec(tmp_path: Path) -> None:
    shown = called_as("kexec", tmp_path, "--help")
    assert shown.returncode == 0
    assert shown.stdout.startswith("usage: kexec [OPTIONS] [KERNEL]")
    refused = called_as("kexec", tmp_path, "-l", "/no/such/vmlinuz", "--initrd=/i", "--reuse-cmdline")
    assert (refused.returncode, refused.stdout) == (255, "")
    assert refused.stderr.startswith("kdive: /no/such/vmlinuz: No such file or directory\nhint: ")


def test_called_by_any_other_name_it_is_kdive(tmp_path: Path) -> None:
    assert called_as("kd", tmp_path, "--version").stdout.startswith("kdive ")
