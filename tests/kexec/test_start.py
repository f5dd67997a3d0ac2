"""Starting the loaded kernel, and what is done before."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdive.kexec.plan import LoadError
from kdive.kexec.start import at_once, writable
from tests.kexec.fake import FakeKernel

MOUNTS = """\
/dev/vda1 / ext4 rw,relatime 0 0
proc /proc proc rw,nosuid 0 0
/dev/vda2 /boot ext4 ro,relatime 0 0
/dev/mapper/data /srv/my\\040data xfs rw,noatime 0 0
tmpfs /run tmpfs rw 0 0
"""


@pytest.fixture
def kernel(tmp_path: Path) -> FakeKernel:
    kernel = FakeKernel(tmp_path)
    (tmp_path / "proc/self/mounts").write_text(MOUNTS)
    return kernel


def test_disks_mounted_for_writing_are_found_the_innermost_first() -> None:
    assert writable(MOUNTS) == ["/srv/my data", "/"]


def test_disks_are_written_and_mounted_read_only_before_the_kernel_starts(kernel: FakeKernel) -> None:
    kernel._hold(False, (b"", b"", ""))
    with pytest.raises(LoadError):  # this kernel comes back
        at_once(kernel.host())
    assert kernel.done == ["sync", "remount /srv/my data", "remount /", "sync", "start"]


def test_without_sync_the_kernel_starts_at_once(kernel: FakeKernel) -> None:
    kernel._hold(False, (b"", b"", ""))
    with pytest.raises(LoadError):
        at_once(kernel.host(), sync=False)
    assert kernel.done == ["start"]


def test_nothing_is_touched_where_nothing_is_loaded(kernel: FakeKernel) -> None:
    with pytest.raises(LoadError, match="no kernel is loaded"):
        at_once(kernel.host())
    assert kernel.done == []


def test_nothing_is_touched_for_a_caller_who_may_not_start_it(kernel: FakeKernel) -> None:
    kernel._hold(False, (b"", b"", ""))
    (kernel.root / "proc/self/status").write_text("CapEff:\t0000000000000000\n")
    with pytest.raises(LoadError, match="root alone"):
        at_once(kernel.host())
    assert kernel.done == []
