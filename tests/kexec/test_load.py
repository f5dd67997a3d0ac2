"""Loading and unloading against a kernel that answers as it is told to."""

from __future__ import annotations

import errno
import gzip
from pathlib import Path

import pytest

from kdive.facts.missing import Missing
from kdive.kexec.calls import FileFlag
from kdive.kexec.load import load, prepare, unload
from kdive.kexec.plan import LoadError, Method, Request
from kdive.kexec.remember import Loaded, recall
from tests.kexec.fake import FakeKernel
from tests.kexec.images import unified, x86


@pytest.fixture
def kernel(tmp_path: Path) -> FakeKernel:
    (tmp_path / "vmlinuz").write_bytes(x86())
    (tmp_path / "initrd").write_bytes(b"initrd")
    (tmp_path / "more").write_bytes(b"more")
    return FakeKernel(tmp_path)


def request(kernel: FakeKernel, name: str = "vmlinuz", crash: bool = False, **more: object) -> Request:
    return Request(kernel.root / name, (kernel.root / "initrd",), crash, **more)  # type: ignore[arg-type]


def loads(kernel: FakeKernel, wanted: Request) -> tuple[str, ...]:
    """Loads it; the notes."""
    host = kernel.host()
    return load(prepare(wanted, host), host).notes


def test_kernel_initramfs_and_command_line_reach_the_kernel(kernel: FakeKernel) -> None:
    loads(kernel, request(kernel))
    assert kernel.loaded[False] == (x86(), b"initrd", "root=/dev/vda1 ro crashkernel=256M")
    loads(kernel, request(kernel, crash=True))
    assert kernel.loaded[True] == (x86(), b"initrd", "root=/dev/vda1 ro")
    assert kernel.asked == [FileFlag(0), FileFlag.ON_CRASH]


def test_several_initramfs_become_one_each_at_a_multiple_of_four(kernel: FakeKernel) -> None:
    loads(kernel, Request(kernel.root / "vmlinuz", (kernel.root / "initrd", kernel.root / "more")))
    held = kernel.loaded[False]
    assert held and held[1] == b"initrd\0\0more"


def test_a_unified_image_is_taken_apart(kernel: FakeKernel) -> None:
    (kernel.root / "uki").write_bytes(
        unified({".linux": x86("7"), ".initrd": b"own!", ".cmdline": b"own"}, signed=True)
    )
    notes = loads(kernel, request(kernel, "uki"))
    assert kernel.loaded[False] == (x86("7"), b"own!initrd", "own")
    assert any("is signed, the kernel inside is not" in note for note in notes)


def test_a_kernel_without_initramfs_is_loaded_with_the_flag_that_says_so(kernel: FakeKernel) -> None:
    notes = loads(kernel, Request(kernel.root / "vmlinuz"))
    assert kernel.asked == [FileFlag.NO_INITRAMFS]
    assert "no initramfs" in notes[0]


def test_flags_that_the_kernel_does_not_know_are_left_out_the_newest_first(kernel: FakeKernel) -> None:
    kernel.known |= FileFlag.DEBUG
    notes = loads(kernel, request(kernel, flags=FileFlag.DEBUG | FileFlag.NO_CMA | FileFlag.FORCE_DTB))
    assert kernel.asked[-1] == FileFlag.DEBUG
    assert len(kernel.asked) == 3
    assert "this kernel does not know --force-dtb, --no-cma" in notes


def test_where_loads_are_counted_nothing_is_tried_out(kernel: FakeKernel) -> None:
    limit = kernel.root / "proc/sys/kernel/kexec_load_limit_reboot"
    limit.parent.mkdir(parents=True)
    limit.write_text("2\n")
    notes = loads(kernel, request(kernel, flags=FileFlag.DEBUG))
    assert kernel.asked == [FileFlag(0)]
    assert "loads are counted on this machine: --debug is left out" in notes[0]
    kernel.busy = 1
    with pytest.raises(LoadError, match="another program is loading"):
        loads(kernel, request(kernel))
    assert len(kernel.asked) == 2


def test_a_lock_that_another_holds_is_waited_for(kernel: FakeKernel) -> None:
    kernel.busy = 2
    loads(kernel, request(kernel))
    assert kernel.done == ["sleep 0.05", "sleep 0.1"]
    assert kernel.loaded[False]


def test_after_a_failed_load_the_capture_kernel_before_is_loaded_again(kernel: FakeKernel) -> None:
    loads(kernel, request(kernel, crash=True))
    (kernel.root / "bad").write_bytes(x86("bad"))
    kernel.judge = lambda image, initrd: errno.ENOKEY if b"bad" in image else 0
    with pytest.raises(LoadError) as refused:
        loads(kernel, request(kernel, "bad", crash=True))
    assert kernel.loaded[True] == (x86(), b"initrd", "root=/dev/vda1 ro")
    assert "signed by a key that this machine does not trust" in refused.value.message
    assert f"before, {kernel.root}/vmlinuz, is loaded again." in refused.value.message


def test_a_capture_kernel_whose_files_changed_since_is_loaded_again_and_that_is_said(kernel: FakeKernel) -> None:
    loads(kernel, request(kernel, crash=True))
    (kernel.root / "bad").write_bytes(x86("bad"))
    (kernel.root / "initrd").write_bytes(b"another")
    kernel.judge = lambda image, initrd: errno.ENOEXEC if b"bad" in image else 0
    with pytest.raises(LoadError, match=r"is loaded again, although /.*/initrd has changed since"):
        loads(kernel, request(kernel, "bad", crash=True))


def test_a_capture_kernel_that_somebody_else_loaded_is_said_to_be_gone(kernel: FakeKernel) -> None:
    kernel._hold(True, (b"", b"", ""))
    kernel.judge = lambda image, initrd: errno.ENOMEM
    with pytest.raises(LoadError, match="is gone, and cannot be loaded again: it was not loaded by kdive"):
        loads(kernel, request(kernel, crash=True))


def test_a_failed_load_for_a_reboot_leaves_the_capture_kernel_alone(kernel: FakeKernel) -> None:
    loads(kernel, request(kernel, crash=True))
    kernel.judge = lambda image, initrd: errno.ENOEXEC
    with pytest.raises(LoadError) as refused:
        loads(kernel, request(kernel))
    assert "capture kernel" not in refused.value.message
    assert kernel.loaded[True]


def test_what_is_bound_to_fail_does_not_reach_the_kernel(kernel: FakeKernel) -> None:
    loads(kernel, request(kernel, crash=True))
    asked = len(kernel.asked)
    (kernel.root / "big").write_bytes(x86(init_size=300 << 20))
    (kernel.root / "arm64").write_bytes(gzip.compress(b"ELF"))
    for name, words in (("big", "crashkernel= reserves 256 MB"), ("arm64", "no kernel"), ("absent", "No such file")):
        with pytest.raises(Exception, match=words):
            loads(kernel, request(kernel, name, crash=True))
    assert len(kernel.asked) == asked
    assert kernel.loaded[True]


def test_unloading_forgets_what_was_loaded(kernel: FakeKernel) -> None:
    loads(kernel, request(kernel, crash=True))
    known = recall(True, kernel.root)
    assert isinstance(known, Loaded) and known.cmdline == "root=/dev/vda1 ro"
    unload(True, kernel.host())
    assert kernel.loaded[True] is None
    assert recall(True, kernel.root) == Missing("it was not loaded by kdive")


def test_a_kernel_without_the_newer_call_unloads_by_the_older(kernel: FakeKernel) -> None:
    kernel.has_file_load = False
    kernel._hold(True, (b"", b"", ""))
    unload(True, kernel.host())
    assert kernel.loaded[True] is None


def test_without_the_newer_call_an_installed_program_is_needed(kernel: FakeKernel) -> None:
    kernel.has_file_load = False
    with pytest.raises(LoadError) as refused:
        loads(kernel, request(kernel))
    assert "kexec(8), which could do it, is not installed" in refused.value.message
    assert "apt-get install kexec-tools" in refused.value.hint
    with pytest.raises(LoadError, match="this kernel has no kexec_file_load"):
        loads(kernel, request(kernel, method=Method.FILE))


def test_a_damaged_note_of_what_was_loaded_is_missing_not_believed(kernel: FakeKernel) -> None:
    note = kernel.root / "run/kdive/kexec-crash.json"
    note.parent.mkdir(parents=True)
    for text in ("", "[", '{"kernel": 1}', "[" * 100000):
        note.write_text(text)
        assert isinstance(recall(True, kernel.root), Missing)
