"""Which kernel of a text is the machine's, and which boot the last."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdive.facts.log import Log
from kdive.log.from_text import read_text_log

BOOT = """\
[    0.000000] Linux version 6.1.0 (builder@box) #1 SMP Debian 6.1.76-1
[    0.000000] Command line: root=/dev/vda crashkernel=144M
[    0.500000] Freeing SMP alternatives memory: 32K
[    4.000000] Run /init as init process
"""
CRASH = """\
[   60.000000] divide error: 0000 [#1] SMP NOPTI
[   60.000001] CPU: 0 PID: 450 Comm: insmod Kdump: loaded Tainted: G           OE     6.1.0 #1
[   60.000002] RIP: 0010:frob_divide+0x9/0x10 [frob]
[   60.000003] Call Trace:
[   60.000004]  frob_init+0x2c/0x1000 [frob]
"""
QUIET_CAPTURE = """\
[    0.000000] Spurious LAPIC timer interrupt on cpu 0
[    2.000000] something
saved 1 file
[   14.000000] reboot: Power down
"""
EARLIER = "an earlier boot in this text ends in a crash: divide error: 0000 [#1] SMP NOPTI"


def read(text: str) -> Log:
    return read_text_log(text.encode())


def test_capture_kernel_after_a_crash_is_cut_off() -> None:
    log = read(BOOT + CRASH + QUIET_CAPTURE)
    assert log.records[-1].text == " frob_init+0x2c/0x1000 [frob]"
    assert (log.earlier_boots, log.capture_kernel_lines, log.notes) == (0, 4, ())


def test_capture_kernel_that_prints_its_command_line_is_cut_off() -> None:
    capture = BOOT.replace("crashkernel=144M", "elfcorehdr=0x17fdc000 irqpoll nr_cpus=1")
    log = read(BOOT + CRASH.replace("Kdump: loaded ", "") + capture)
    assert (log.earlier_boots, log.capture_kernel_lines) == (0, 4)
    assert log.records[-1].text == " frob_init+0x2c/0x1000 [frob]"


def test_reboot_after_a_crash_makes_the_last_boot_count_and_notes_the_crash() -> None:
    log = read(BOOT + CRASH + BOOT)
    assert [record.text for record in log.records] == [record.text for record in read(BOOT).records]
    assert (log.earlier_boots, log.capture_kernel_lines, log.notes) == (1, 0, (EARLIER,))


@pytest.mark.parametrize("firmware", ["SeaBIOS (version 1.16.2)", "Booting from Hard Disk...", "GRUB loading."])
def test_firmware_between_two_kernels_makes_it_a_reboot(firmware: str) -> None:
    log = read(BOOT + CRASH + firmware + "\n" + QUIET_CAPTURE)
    assert (log.earlier_boots, log.capture_kernel_lines, log.notes) == (1, 0, (EARLIER,))


def test_panic_that_came_to_its_end_was_not_followed_by_a_capture_kernel() -> None:
    end = "[   60.100000] ---[ end Kernel panic - not syncing: Fatal exception ]---\n"
    log = read(BOOT + CRASH + end + QUIET_CAPTURE)
    assert (log.earlier_boots, log.capture_kernel_lines) == (1, 0)


def test_boot_after_the_capture_kernel_is_the_last_one() -> None:
    log = read(BOOT + CRASH + QUIET_CAPTURE + "SeaBIOS (version 1.16.2)\n" + BOOT)
    assert [record.text for record in log.records] == [record.text for record in read(BOOT).records]
    assert (log.earlier_boots, log.capture_kernel_lines, log.notes) == (1, 0, (EARLIER,))


def test_second_crash_of_a_machine_is_the_one_that_counts() -> None:
    second = CRASH.replace("divide error", "int3")
    log = read(BOOT + CRASH + QUIET_CAPTURE + "SeaBIOS (version 1.16.2)\n" + BOOT + second + QUIET_CAPTURE)
    assert any("int3" in record.text for record in log.records)
    assert not any("divide error" in record.text for record in log.records)
    assert (log.earlier_boots, log.capture_kernel_lines) == (1, 4)


def test_crash_without_a_crash_kernel_is_followed_by_a_boot() -> None:
    log = read(BOOT.replace(" crashkernel=144M", "") + CRASH.replace("Kdump: loaded ", "") + QUIET_CAPTURE)
    assert (log.earlier_boots, log.capture_kernel_lines, log.notes) == (1, 0, (EARLIER,))


def test_boot_that_ended_without_a_word_is_noted() -> None:
    assert read(BOOT + BOOT).notes == ("the boot before this one ends without a crash report and without a shutdown",)
    assert read(BOOT + "[    9.000000] reboot: Restarting system\n" + BOOT).notes == ()


def test_time_stamps_that_go_back_a_little_are_no_boot() -> None:
    text = BOOT + "[    5.000300] one CPU\n[    5.000100] another CPU\n[    4.700000] a third\n[    5.100000] one\n"
    log = read(text)
    assert (log.earlier_boots, log.capture_kernel_lines, len(log.records)) == (0, 0, 8)


def test_single_line_at_zero_from_a_cpu_that_comes_up_is_no_boot() -> None:
    text = BOOT.replace("[    4.0", "[    0.000000] calibrate_delay_direct() failed\n[    4.0")
    assert read(text).earlier_boots == 0


def test_lines_before_the_banner_belong_to_the_same_boot() -> None:
    second = "[    0.000000] Initializing cgroup subsys cpuset\n" + BOOT
    log = read(BOOT + second)
    assert log.records[0].text == "Initializing cgroup subsys cpuset"
    assert log.earlier_boots == 1


def test_boots_are_told_apart_by_the_banner_where_there_are_no_time_stamps() -> None:
    bare = "\n".join(line[15:] for line in BOOT.splitlines())
    log = read(f"{bare}\n{bare}\n")
    assert (len(log.records), log.earlier_boots) == (4, 1)


def test_journal_marks_boots() -> None:
    line = "Nov 23 05:07:33 box kernel: {}\n"
    log = read(line.format("one") + "-- Boot 0123456789abcdef0123456789abcdef --\n" + line.format("two"))
    assert [record.text for record in log.records if record.facility == 0] == ["two"]
    assert log.earlier_boots == 1


def test_crash_of_the_capture_kernel_is_noted() -> None:
    capture = QUIET_CAPTURE + "[   14.100000] Kernel panic - not syncing: Out of memory and no killable processes...\n"
    log = read(BOOT + CRASH + capture)
    assert log.capture_kernel_lines == 5
    assert log.notes == (
        "the capture kernel crashed too: Kernel panic - not syncing: Out of memory and no killable processes...",
    )


@pytest.mark.parametrize(
    ("name", "capture_lines", "last"),
    [("6.1-sysrq", 14, " </TASK>"), ("6.12-null_deref", 14, "CR2: 0000000000000018")],
)
def test_more_consoles_end_with_their_crash(more_samples: Path, name: str, capture_lines: int, last: str) -> None:
    log = read_text_log((more_samples / f"{name}.console.log").read_bytes())
    assert log.records[-1].text == last
    assert (log.earlier_boots, log.capture_kernel_lines) == (0, capture_lines)
