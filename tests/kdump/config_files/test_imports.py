"""Configurations of other tools, and which one holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdive.kdump.config import KdumpConfig, LocalTarget, NfsTarget, SshTarget
from kdive.kdump.config_files import of_debian, of_suse
from kdive.kdump.config_files.assignments import assignments
from kdive.kdump.config_files.directives import ConfigError
from kdive.kdump.config_files.find import find_config

DEBIAN = """\
# kdump-tools configuration
USE_KDUMP=1
KDUMP_COREDIR="/var/crash"
#MAKEDUMP_ARGS="-c -d 31"
MAKEDUMP_ARGS="-F -c -d 17"
KDUMP_CMDLINE_APPEND="reset_devices systemd.unit=kdump-tools-dump.service nr_cpus=1 irqpoll nousb console=ttyS1"
SSH="dump@store"  # where they go
SSH_KEY=/root/.ssh/dumps
KDUMP_NUM_DUMPS=5
KDUMP_FAIL_CMD="halt -f"
KDUMP_COMPRESSION=xz
"""
SUSE = """\
KDUMP_SAVEDIR="nfs://store/export/dumps"
KDUMP_KEEP_OLD_DUMPS="3"
KDUMP_FREE_DISK_SIZE="128"
KDUMP_DUMPLEVEL="17"
KDUMP_DUMPFORMAT="lzo"
KDUMP_POSTSCRIPT="/usr/local/bin/after"
KDUMP_REQUIRED_PROGRAMS="/bin/ip /bin/ls"
KDUMP_NOTIFICATION_TO="root@localhost"
KDUMP_IMMEDIATE_REBOOT="no"
KDUMP_TRANSFER="/usr/local/bin/send"
"""


def test_debians_file_is_taken_over() -> None:
    config, notes = of_debian.read(DEBIAN)
    assert config == KdumpConfig(
        target=SshTarget("dump@store", "/root/.ssh/dumps"),
        core_collector="makedumpfile -F -c -d 17",
        failure_action="halt",
        keep=5,
        cmdline_append="console=ttyS1",
    )
    assert notes == ("KDUMP_COMPRESSION=xz: the dump is compressed once, by core_collector, and not a second time",)


def test_suses_file_is_taken_over() -> None:
    config, notes = of_suse.read(SUSE)
    assert config.target == NfsTarget("store:/export/dumps")
    assert config.core_collector == "makedumpfile -l -d 17"
    assert (config.keep, config.reserve, config.kdump_post) == (3, 128 << 20, "/usr/local/bin/after")
    assert (config.extra_bins, config.failure_action, config.mail_to) == (
        ("/bin/ip", "/bin/ls"),
        "shell",
        "root@localhost",
    )
    assert [note.partition("=")[0] for note in notes] == ["KDUMP_TRANSFER"]


@pytest.mark.parametrize(
    ("address", "target", "path", "noted"),
    [
        ("/srv/dumps", LocalTarget(), "/srv/dumps", False),
        ("file:///srv/dumps", LocalTarget(), "/srv/dumps", False),
        ("ssh://joe@store/dumps", SshTarget("joe@store"), "/dumps", False),
        ("sftp://joe:secret@store/dumps", SshTarget("joe@store"), "/dumps", True),
        ("ftp://store/dumps", LocalTarget(), "/var/crash", True),
        ("nfs://[", LocalTarget(), "/var/crash", True),
    ],
)
def test_places_of_suse(address: str, target: object, path: str, noted: bool) -> None:
    config, notes = of_suse.read(f'KDUMP_SAVEDIR="{address}"')
    assert (config.target, config.path, bool(notes)) == (target, path, noted)
    assert not any("secret" in note for note in notes)


def test_assignments_are_read_as_a_shell_would_and_never_run() -> None:
    text = """
A=one  # comment
export B="two $A ${A}x ${NOTHERE:-three}"
C='$A'
D=$(touch /tmp/never)
E="unfinished
echo F=six
G=a\\
b
"""
    values = assignments(text)
    assert (values["A"], values["B"], values["C"]) == ("one", "two one onex three", "$A")
    assert "F" not in values
    assert "E" not in values
    assert values["G"] == "ab"


@given(st.text(max_size=300))
def test_any_text_gives_a_configuration(text: str) -> None:
    assert isinstance(of_debian.read(text)[0], KdumpConfig)
    assert isinstance(of_suse.read(text)[0], KdumpConfig)


def place(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


def test_kdump_conf_holds_before_all_others(tmp_path: Path) -> None:
    assert find_config(tmp_path).config == KdumpConfig()
    place(tmp_path, "etc/sysconfig/kdump", SUSE)
    assert find_config(tmp_path).source == "/etc/sysconfig/kdump"
    place(tmp_path, "etc/default/kdump-tools", DEBIAN)
    found = find_config(tmp_path)
    assert (found.source, found.imported) == ("/etc/default/kdump-tools", True)
    place(tmp_path, "etc/kdump.conf", "path /srv\n")
    found = find_config(tmp_path)
    assert (found.source, found.imported, found.config.path) == ("/etc/kdump.conf", False, "/srv")


def test_rhels_sysconfig_says_more_of_the_command_line(tmp_path: Path) -> None:
    place(tmp_path, "etc/kdump.conf", "path /srv\n")
    place(
        tmp_path,
        "etc/sysconfig/kdump",
        'KDUMP_COMMANDLINE_REMOVE="hugepages quiet"\nKDUMP_COMMANDLINE_APPEND="irqpoll"\n',
    )
    config = find_config(tmp_path).config
    assert (config.cmdline_remove, config.cmdline_append) == ("hugepages quiet", "irqpoll")


def test_a_configuration_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "etc/kdump.conf").mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"kdump\.conf"):
        find_config(tmp_path)
