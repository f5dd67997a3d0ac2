"""Command lines for the next kernel."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdive.kexec.cmdline import Wanted, build, inherited, words

RUNNING = "BOOT_IMAGE=/boot/vmlinuz-6.1 root=UUID=1-2 ro quiet crashkernel=256M initrd=\\EFI\\initrd"
IMAGE = "root=LABEL=image rw"


def test_the_running_kernels_is_inherited_without_what_its_boot_loader_added() -> None:
    assert build(Wanted(), RUNNING, None, crash=False) == "root=UUID=1-2 ro quiet crashkernel=256M"


def test_a_capture_kernel_reserves_no_memory_itself() -> None:
    assert inherited(RUNNING + " elfcorehdr=0x1000", crash=True) == ["root=UUID=1-2", "ro", "quiet"]


def test_the_images_own_wins_over_the_running_one_unless_reuse_is_asked_for() -> None:
    assert build(Wanted(), RUNNING, IMAGE, crash=False) == IMAGE
    assert build(Wanted(reuse=True), RUNNING, IMAGE, crash=True) == "root=UUID=1-2 ro quiet"


def test_what_is_asked_for_wins_over_all_and_may_be_empty() -> None:
    assert build(Wanted(cmdline="single"), RUNNING, IMAGE, crash=False) == "single"
    assert build(Wanted(cmdline=""), RUNNING, IMAGE, crash=False) == ""


@pytest.mark.parametrize(
    ("removed", "left"),
    [
        ("console", "a-b.c=1 a_b.c=2 ro"),
        ("console=tty0", "console=ttyS0 a-b.c=1 a_b.c=2 ro"),
        ("a_b.c", "console=ttyS0 console=tty0 ro"),  # to the kernel it is the same name
        ("conso", "console=ttyS0 console=tty0 a-b.c=1 a_b.c=2 ro"),
    ],
)
def test_a_name_removes_every_value_and_name_with_value_that_one(removed: str, left: str) -> None:
    given = "console=ttyS0 console=tty0 a-b.c=1 a_b.c=2 ro"
    assert build(Wanted(cmdline=given, remove=(removed,)), "", None, crash=False) == left


def test_what_is_appended_stays_before_what_is_for_init() -> None:
    wanted = Wanted(cmdline="ro -- --verbose", append=("quiet", "nr_cpus=1 irqpoll"))
    assert build(wanted, "", None, crash=False) == "ro quiet nr_cpus=1 irqpoll -- --verbose"


def test_quotes_keep_blanks_within_a_parameter() -> None:
    text = 'dyndbg="file a.c +p; file b.c +p" ro "x y"'
    assert words(text) == ['dyndbg="file a.c +p; file b.c +p"', "ro", '"x y"']
    assert build(Wanted(cmdline=text, remove=("dyndbg",)), "", None, crash=False) == 'ro "x y"'


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_split_without_losing_anything_but_blanks(text: str) -> None:
    assert "".join("".join(words(text)).split()) == "".join(text.split())
