"""Trees of unpacked packages."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kdive.errors import KdiveError
from kdive.lab.fetch import fetch
from kdive.lab.kernel import LabKernel
from kdive.lab.store import Store
from kdive.lab.tree import build_tree, guest_tree, host_arch
from tests.lab.need import need, need_network


def quiet(what: str) -> None:
    pass


def test_a_kernel_that_came_as_a_file_has_no_compiler_and_says_what_works(tmp_path: Path) -> None:
    kernel = LabKernel("3.10.0-1160.el7.x86_64", "x86_64", "3.10.0-1160.el7", "", tmp_path)
    with pytest.raises(KdiveError, match="came as a file") as error:
        build_tree(kernel, Store(tmp_path), progress=quiet)
    assert "sysrq" in error.value.hint


# What a container of Docker's may do: neither mount nor unshare.
CONTAINER = "-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+sys_chroot,+mknod"
RUNNER = """
import sys
from pathlib import Path
from kdive.lab.tree import run_in
print(run_in(Path(sys.argv[1]), "echo into >/dev/null; cat /dev/null; grep -c stack /proc/self/maps; make --version"))
"""


@pytest.mark.parametrize("limits", [[], ["setpriv", "--bounding-set", CONTAINER, "--inh-caps", CONTAINER]])
def test_a_compiler_runs_in_its_tree_with_and_without_the_right_to_mount(limits: list[str]) -> None:
    need_network()
    need("apt-get", "dpkg-deb")
    if limits and os.geteuid() != 0:
        pytest.skip("not root: there are no rights to give up")
    kernel = fetch(Store(), "6.1", "x86_64", progress=quiet)
    tree = build_tree(kernel, Store(), progress=quiet)
    shown = subprocess.run([*limits, sys.executable, "-c", RUNNER, tree], capture_output=True, text=True, check=True)
    assert shown.stdout.startswith("1\nGNU Make 4.3\n")


def test_what_a_guest_runs_finds_its_libraries() -> None:
    need_network()
    need("apt-get", "dpkg-deb")
    if host_arch() != "x86_64":
        pytest.skip("this machine cannot run what an x86_64 guest runs")
    tree = guest_tree("x86_64", Store(), progress=quiet)
    libraries = tree / "lib" / "x86_64-linux-gnu"
    loader = libraries / "ld-linux-x86-64.so.2"
    shown = subprocess.run(
        [loader, "--inhibit-cache", "--library-path", libraries, tree / "sbin" / "kexec", "--version"],
        capture_output=True,
        text=True,
    )
    assert shown.stdout.startswith("kexec-tools 2.0.")
    busybox = subprocess.run([tree / "bin" / "busybox", "echo", "runs"], capture_output=True, text=True, env={})
    assert busybox.stdout == "runs\n"
