"""/etc/kdump.conf."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdive.errors import KdiveError
from kdive.kdump.config import HttpTarget, KdumpConfig, LocalTarget, NfsTarget, RawTarget, SshTarget
from kdive.kdump.config_files.directives import ConfigError, parse, render

# What RHEL 9 installs, its comments shortened, with a few lines switched on.
RHEL = """\
# This file contains a series of commands to perform (in order) in the kdump
#raw /dev/vg/lv_kdump
#ext4 LABEL=/boot
auto_reset_crashkernel yes
path /var/crash
core_collector makedumpfile -l --message-level 7 -d 31   # the usual
#kdump_post /var/crash/scripts/kdump-post.sh
extra_bins /usr/bin/lsof /usr/bin/tree
#failure_action shell
"""
# A CentOS 7 machine that sends its dumps away.
CENTOS = """\
ssh kdump@dumps.example.org
sshkey /root/.ssh/id_dumps
path "/srv/dumps"
core_collector makedumpfile -F -l -d 31
default poweroff
"""


def test_rhels_own_file_is_read_as_it_is() -> None:
    assert parse(RHEL, "kdump.conf") == KdumpConfig(
        path="/var/crash",
        core_collector="makedumpfile -l --message-level 7 -d 31",
        extra_bins=("/usr/bin/lsof", "/usr/bin/tree"),
    )


def test_a_machine_that_sends_its_dumps_away() -> None:
    config = parse(CENTOS, "kdump.conf")
    assert config.target == SshTarget("kdump@dumps.example.org", "/root/.ssh/id_dumps")
    assert (config.path, config.failure_action) == ("/srv/dumps", "poweroff")


@pytest.mark.parametrize(
    ("line", "target"),
    [
        ("xfs UUID=6c1a", LocalTarget("UUID=6c1a", "xfs")),
        ("ext4\t/dev/vdb1", LocalTarget("/dev/vdb1", "ext4")),
        ("virtiofs share", LocalTarget("share", "virtiofs")),
        ("nfs [fe80::1]:/srv", NfsTarget("[fe80::1]:/srv")),
        ("raw /dev/vdb", RawTarget("/dev/vdb")),
        ("http https://dumps.example.org/in", HttpTarget("https://dumps.example.org/in")),
    ],
)
def test_each_kind_of_target(line: str, target: object) -> None:
    assert parse(line, "x").target == target
    assert parse(f"second_target {line}".replace("\t", " "), "x").second_target == target


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("path /a\nnet host:/x", "kdump.conf:2: net is not understood any more", "ssh USER@HOST"),
        ("pth /var/crash", "kdump.conf:1: pth is no directive", "did you mean path"),
        ("raw /dev/a\nnfs h:/x", "kdump.conf:2: there is one target already in line 1", "leave one"),
        ("path /a\n\npath /b", "kdump.conf:3: path stands already in line 1", "leave one"),
        ("default halt\nfailure_action halt", "already in line 1", ""),
        ("failure_action explode", "one of reboot, halt, poweroff, shell, dump_to_rootfs is wanted", ""),
        ("force_rebuild 1\nforce_no_rebuild 1", "shut each other out", ""),
        ("force_rebuild maybe", "0 or 1 is wanted", ""),
        ("path var/crash", "a path begins with /", ""),
        ("path /var/../etc", "without ..", ""),
        ("ssh host", "host is not USER@HOST", ""),
        ("ssh user@host;reboot", "is not USER@HOST", ""),
        ("ssh -oProxyCommand=x@host", "is not USER@HOST", ""),
        ("nfs host", "is not HOST:/EXPORT", ""),
        ("raw vdb", "is not a device", ""),
        ("http ftp://x", "is no address", ""),
        ("deadline soon", "a whole number is wanted", ""),
        ("core_collector", "core_collector has no value", ""),
        ("second_target nfs", "nfs is no target", ""),
        ("reserve lots", "not a size", ""),
    ],
)
def test_what_cannot_be_followed_is_an_error_with_its_line(text: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, "kdump.conf")
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.hint


words = st.text("abcxyz0189./-_=", min_size=1, max_size=12).map(lambda text: "/" + text)
targets = st.sampled_from(
    [
        LocalTarget(),
        LocalTarget("UUID=1-2", "xfs"),
        SshTarget("u@h"),
        SshTarget("u@h", "/root/key"),
        NfsTarget("h:/x"),
        RawTarget("/dev/vdb"),
        HttpTarget("http://h/x"),
    ]
)
configs = st.builds(
    KdumpConfig,
    target=targets,
    path=st.sampled_from(["/", "/var/crash", "/srv/dumps"]),
    core_collector=st.sampled_from(["makedumpfile -c -d 1", "cp"]),
    kdump_pre=st.one_of(st.just(""), words),
    extra_bins=st.lists(words, max_size=3).map(tuple),
    failure_action=st.sampled_from(["reboot", "shell"]),
    force_rebuild=st.booleans(),
    deadline_s=st.integers(0, 100000),
    keep=st.integers(0, 100),
)


@given(configs)
def test_what_is_written_is_read_back(config: KdumpConfig) -> None:
    assert parse(render(config), "x") == config


@given(st.text(max_size=400))
def test_any_text_is_a_configuration_or_an_error(text: str) -> None:
    try:
        config = parse(text, "x")
    except KdiveError as error:
        assert error.hint
    else:
        assert {field.name for field in fields(config)} == {field.name for field in fields(KdumpConfig())}
