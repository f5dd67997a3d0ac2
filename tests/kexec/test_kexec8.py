"""The command line of kexec(8), as scripts of distributions use it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdive.kexec.calls import FileFlag
from kdive.kexec.cmdline import Wanted, build
from kdive.kexec.kexec8 import Action, Command, understand
from kdive.kexec.plan import LoadError, Method, Request

RUNNING = "BOOT_IMAGE=/vmlinuz root=/dev/vda1 ro crashkernel=256M"


def request(argv: str) -> Request:
    wanted = understand(argv.split()).request
    assert wanted is not None
    return wanted


def test_kdumps_own_call_loads_for_a_crash() -> None:
    # kdump-utils: kexec -s -d -p --command-line=… --initrd=… KERNEL
    argv = [
        "-s",
        "-d",
        "-p",
        "--command-line=ro nr_cpus=1 irqpoll",
        "--initrd=/boot/initramfs-kdump.img",
        "/boot/vmlinuz",
    ]
    expected = Request(
        kernel=Path("/boot/vmlinuz"),
        initrds=(Path("/boot/initramfs-kdump.img"),),
        crash=True,
        cmdline=Wanted(cmdline="ro nr_cpus=1 irqpoll", inherit=False),
        flags=FileFlag.DEBUG,
        method=Method.FILE,
    )
    assert understand(argv) == Command(Action.LOAD, crash=True, request=expected)


@pytest.mark.parametrize(
    ("argv", "action", "crash"),
    [
        ("-l /vmlinuz", Action.LOAD, False),
        ("/vmlinuz -l", Action.LOAD, False),
        ("/vmlinuz", Action.LOAD_AND_REBOOT, False),
        ("-f /vmlinuz", Action.LOAD_AND_START, False),
        ("--force /vmlinuz", Action.LOAD_AND_START, False),
        ("-e", Action.START, False),
        ("-u", Action.UNLOAD, False),
        ("-p -u", Action.UNLOAD, True),
        ("-s -p -u", Action.UNLOAD, True),
        ("-S", Action.STATUS, True),
        ("-l -S", Action.STATUS, False),
        ("--print-ckr-size", Action.CRASH_SIZE, False),
        ("-v", Action.VERSION, False),
        ("-lp --help", Action.HELP, False),
        ("--dtb=/x.dtb -l /vmlinuz", Action.PROGRAM, False),
        ("--load-preserve-context /vmlinuz", Action.PROGRAM, False),
    ],
)
def test_options_come_to_the_action_that_kexec_8_takes(argv: str, action: Action, crash: bool) -> None:
    command = understand(argv.split())
    assert (command.action, command.crash) == (action, crash)


@pytest.mark.parametrize(
    ("argv", "cmdline"),
    [
        ("-l /k", ""),  # unlike `kdive kexec load`, nothing is inherited
        ("-l /k --append=single", "single"),
        ("-l /k --append=a --command-line=b", "b"),  # one option by two names: the last counts
        ("-l /k --reuse-cmdline", "root=/dev/vda1 ro crashkernel=256M"),
        ("-p /k --reuse-cmdline --append=nr_cpus=1", "root=/dev/vda1 ro nr_cpus=1"),
    ],
)
def test_the_command_line_is_that_of_kexec_8(argv: str, cmdline: str) -> None:
    wanted = request(argv)
    assert build(wanted.cmdline, RUNNING, None, wanted.crash) == cmdline


def test_long_options_may_be_shortened_and_values_may_follow_as_words() -> None:
    assert request("-l /k --init /i --reuse-c").initrds == (Path("/i"),)
    assert request("-l /k --ramdisk /i").initrds == (Path("/i"),)


def test_how_to_load_may_be_chosen() -> None:
    assert [request(f"{option} -l /k").method for option in ("-s", "-c", "-a", "")] == [
        Method.FILE,
        Method.SEGMENTS,
        Method.AUTO,
        Method.AUTO,
    ]


def test_options_that_the_kernel_sees_to_itself_are_named_not_refused() -> None:
    assert understand(["-x", "-i", "-t", "bzImage", "--noefi", "--mem-min=0x1", "-l", "/k"]).ignored == (
        "-x", "-i", "-t", "--noefi", "--mem-min",
    )  # fmt: skip


def test_no_sync_is_kept() -> None:
    assert understand(["-e", "-y"]).sync is False


@pytest.mark.parametrize("argv", ["-l", "-l /a /b", "--no-such /k", "--initrd", ""])
def test_what_kexec_8_does_not_take_is_refused(argv: str) -> None:
    with pytest.raises(LoadError):
        understand(argv.split())
