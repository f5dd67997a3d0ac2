"""The program's manners: help, exit codes, pipes, signals."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kdive import __version__, errors
from kdive.cli import parser
from tests.cli.run import kdive


def test_help_names_every_verb_with_a_line_on_it() -> None:
    shown = kdive("--help")
    assert shown.returncode == 0
    for verb in parser.verbs():
        assert re.search(rf"^    {verb}\s+\w+", shown.stdout, re.MULTILINE), verb
    assert "say why the kernel crashed" in shown.stdout


def test_help_imports_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "kdive", "--help"], capture_output=True, text=True, check=True
    )
    imported = {line.rsplit("|", 1)[1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert not {"drgn", "_drgn", "numpy", "jinja2", "shtab", "zstandard", "json"} & imported


def test_help_documents_every_exit_code() -> None:
    codes = {value for name, value in vars(errors).items() if name.startswith("EXIT_")}
    assert {int(code) for code in re.findall(r"^  (\d+) ", parser.EPILOG, re.MULTILINE)} == codes


def test_version_is_the_package_version() -> None:
    shown = kdive("--version")
    assert (shown.returncode, shown.stdout) == (0, f"kdive {__version__}\n")


@pytest.mark.parametrize("argv", [[], ["no-such-verb"], ["report"], ["report", "x", "--no-such-option"]])
def test_wrong_usage_exits_2_and_says_how(argv: list[str]) -> None:
    refused = kdive(*argv)
    assert refused.returncode == 2
    assert "usage: kdive" in refused.stderr
    assert refused.stdout == ""


def test_every_verb_has_help_of_its_own() -> None:
    for verb in parser.verbs():
        shown = kdive(verb, "--help")
        assert shown.returncode == 0
        assert shown.stdout.startswith(f"usage: kdive {verb}")


def test_a_reader_that_goes_away_ends_the_program_silently() -> None:
    command = f"{sys.executable} -u -m kdive --help | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    first, status = done.stdout.splitlines()
    assert first.startswith("usage: kdive")
    assert status in ("0", "141")  # 0 when all was written before head ended
    assert done.stderr == ""


@pytest.mark.parametrize("buffering", [[], ["-u"]])
@pytest.mark.parametrize("argv", [["--help"], ["--version"], ["completion", "bash"]])
def test_a_closed_pipe_exits_141(argv: list[str], buffering: list[str]) -> None:
    program = subprocess.Popen(
        [sys.executable, *buffering, "-m", "kdive", *argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert program.stdout and program.stderr
    program.stdout.close()
    assert program.wait(30) == 141
    assert program.stderr.read() == ""
    program.stderr.close()


def test_a_full_disk_is_an_error_of_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "kdive", "completion", "bash"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == "kdive: standard output: No space left on device"
    assert "Traceback" not in done.stderr


def test_ctrl_c_exits_130_without_a_traceback() -> None:
    program = subprocess.Popen(
        [sys.executable, "-m", "kdive", "report", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(1)  # it waits for its input
    program.send_signal(signal.SIGINT)
    out, err = program.communicate(timeout=30)
    assert program.returncode == 130
    assert (out, err) == ("", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completion_offers_the_verbs_and_their_options(shell: str) -> None:
    script = kdive("completion", shell)
    assert script.returncode == 0
    for verb in parser.verbs():
        assert verb in script.stdout
    assert "save-facts" in script.stdout


def test_completion_for_bash_is_bash() -> None:
    script = kdive("completion", "bash").stdout
    checked = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, "")
