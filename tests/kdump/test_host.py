"""A saved tree is looked at as the machine was, and never left."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from kdive.facts.missing import Missing
from kdive.kdump.doctor.examine import examine
from kdive.kdump.doctor.host import Host
from tests.kdump.trees_of_hosts import RELEASE, healthy, link, write


def test_release_and_architecture_are_those_of_the_tree(tmp_path: Path) -> None:
    host = Host(healthy(tmp_path))
    assert (host.release, host.arch, host.live) == (RELEASE, "x86_64", False)
    assert host.parameter("crashkernel") == ["256M"]


def test_a_sosreport_names_them_by_uname(tmp_path: Path) -> None:
    line = "Linux web1 5.14.0-503.el9.x86_64 #1 SMP PREEMPT_DYNAMIC Tue Sep 24 x86_64 x86_64 x86_64 GNU/Linux\n"
    host = Host(write(tmp_path, {"sos_commands/kernel/uname_-a": line}))
    assert (host.release, host.arch) == ("5.14.0-503.el9.x86_64", "x86_64")


def test_a_sosreport_gives_sysctls_by_their_list(tmp_path: Path) -> None:
    listed = "kernel.ostype = Linux\nkernel.panic = 10\nkernel.panic_on_oops = 1\n"
    host = Host(write(tmp_path, {"sos_commands/kernel/sysctl_-a": listed}))
    assert (host.sysctl("kernel.panic"), host.sysctl("kernel.panic_on_oops")) == (10, 1)
    assert host.sysctl("kernel.sysrq") == Missing("there is no /proc/sys/kernel/sysrq")


def test_links_are_followed_inside_of_the_tree(tmp_path: Path) -> None:
    host = Host(write(tmp_path / "tree", {"boot/real": "inside"}))
    write(tmp_path, {"secret": "outside"})
    link(host.root, "absolute", "/boot/real")
    link(host.root, "etc/upwards", "../../../../secret")
    link(host.root, "loop", "loop")
    link(host.root, "folder", "/boot")
    assert host.text("absolute") == "inside"
    assert host.text("folder/real") == "inside"
    assert host.text("etc/upwards") == Missing("there is no /etc/upwards")
    assert isinstance(host.text("loop"), Missing)


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    host = Host(tmp_path)
    assert host.text("pipe") == Missing("/pipe is no file")
    assert host.text("folder") == Missing("/folder is no file")


def test_quoted_parameters_stay_whole(tmp_path: Path) -> None:
    host = Host(write(tmp_path, {"proc/cmdline": 'a dyndbg="file x.c +p; file y.c +p" b crash_kexec_post_notifiers\n'}))
    assert host.parameter("dyndbg") == ["file x.c +p; file y.c +p"]
    assert host.parameter("crash-kexec-post-notifiers") == [""]
    assert host.parameter("c") == []


def test_patterns_find_links_that_lead_nowhere_too(tmp_path: Path) -> None:
    tree = write(tmp_path, {"etc/a.wants/one.service": "", "etc/b.wants/two.service": "", "etc/b.wants/other": ""})
    link(tree, "etc/c.wants/one.service", "/usr/lib/one.service")
    host = Host(tree)
    assert host.glob("etc/*.wants/one.service") == ["etc/a.wants/one.service", "etc/c.wants/one.service"]
    assert host.glob("etc/b.wants/*.service") == ["etc/b.wants/two.service"]
    assert host.glob("nowhere/*") == []


@pytest.mark.skipif(os.geteuid() != 0, reason="not run as root: nothing can be hidden from whoever runs the tests")
def test_what_root_alone_can_read_is_skipped_not_missed() -> None:
    with tempfile.TemporaryDirectory() as folder:
        tree = healthy(Path(folder))
        tree.chmod(0o755)
        (tree / "var/lib/kdive").chmod(0o700)
        (tree / f"boot/vmlinuz-{RELEASE}").chmod(0o600)
        (tree / "var/crash").mkdir(mode=0o700)
        examine(Host(tree))  # imports what the other user may not be able to read
        os.seteuid(65534)
        try:
            found = {one.id: one for one in examine(Host(tree))}
        finally:
            os.seteuid(0)
    assert [one for one in found.values() if one.result in ("warn", "fail")] == []
    for name in ("capture-image", "last-test", "kernel-image"):
        assert "root alone" in found[name].reason, found[name]
