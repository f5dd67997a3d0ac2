"""Called as kdumpctl it takes kdumpctl's subcommands, and ends with its exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_kexec import called_as


def loaded() -> bool:
    """Whether a capture kernel stands ready on the machine that runs the tests."""
    for name in ("/sys/kernel/kexec/crash_loaded", "/sys/kernel/kexec_crash_loaded"):
        if Path(name).exists():
            return Path(name).read_text().strip() == "1"
    return False


def test_status_is_what_scripts_ask_for(tmp_path: Path) -> None:
    done = called_as("kdumpctl", tmp_path, "status")
    assert (done.returncode, done.stdout) == (
        (0, "kdump: Kdump is operational\n") if loaded() else (3, "kdump: Kdump is not operational\n")
    )


def test_help_lists_the_commands(tmp_path: Path) -> None:
    done = called_as("kdumpctl", tmp_path, "--help")
    assert done.returncode == 0
    for name in ("start", "stop", "reload", "status", "rebuild", "propagate", "showmem", "test"):
        assert f"  {name}" in done.stdout or f", {name}" in done.stdout


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["unknown"], "no command unknown"),
        (["setup-crypttab"], "does not write /etc/crypttab"),
        (["test", "--now"], "does not know --now"),
        (["propagate"], "dumps do not go elsewhere by ssh"),
    ],
)
def test_what_cannot_be_done_exits_1_with_the_reason(argv: list[str], words: str, tmp_path: Path) -> None:
    done = called_as("kdumpctl", tmp_path, *argv)
    assert done.returncode == 1
    assert words in done.stderr
    assert "hint: " in done.stderr


def test_what_to_reserve_is_said_in_words_for_crashkernel(tmp_path: Path) -> None:
    done = called_as("kdumpctl", tmp_path, "get-default-crashkernel")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.split()) <= 1
    assert called_as("kdumpctl", tmp_path, "get-default-crashkernel", "fadump").returncode == 1


def test_the_estimate_is_the_sum(tmp_path: Path) -> None:
    done = called_as("kdumpctl", tmp_path, "estimate")
    assert done.returncode == 0
    assert "needed" in done.stdout


def test_no_command_is_wrong_usage(tmp_path: Path) -> None:
    assert called_as("kdumpctl", tmp_path).returncode == 1
