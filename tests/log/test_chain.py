"""Which report explains the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdive.facts.crash import PanicChain
from kdive.log.chain import panic_chain
from kdive.log.from_text import read_text_log

LOGS = Path(__file__).parent.parent / "data" / "logs"

OOPS = """\
[  100.000100] BUG: kernel NULL pointer dereference, address: 0000000000000008
[  100.000300] Oops: 0000 [#1] PREEMPT SMP NOPTI
[  100.000400] CPU: 0 PID: 333 Comm: frobtest Tainted: G           OE      6.1.0 #1
[  100.000500] RIP: 0010:frob_locked+0x10/0x20 [frob]
[  100.000600] Call Trace:
[  100.000700]  frob_ioctl+0x20/0x40 [frob]
[  100.000800] ---[ end trace 0000000000000000 ]---
"""
WARNING = """\
[   15.000200] WARNING: CPU: 0 PID: 301 at drivers/frob/frob.c:61 frob_check+0x25/0x40 [frob]
[   15.000400] CPU: 0 PID: 301 Comm: frobd Tainted: G           OE      6.1.0 #1
[   15.000500] RIP: 0010:frob_check+0x25/0x40 [frob]
[   15.000700] Call Trace:
[   15.001400]  frob_init+0x14/0xff0 [frob]
[   15.001700] ---[ end trace 0000000000000000 ]---
"""


def chain(text: str) -> PanicChain:
    return panic_chain(read_text_log(text.encode()))


def kinds(found: PanicChain) -> tuple[str | None, str | None, str | None, list[str]]:
    return (
        found.first_fault.kind if found.first_fault else None,
        found.last_oops.kind if found.last_oops else None,
        found.panic.kind if found.panic else None,
        [event.kind for event in found.preludes],
    )


def test_wrapper_does_not_replace_the_oops_before_it() -> None:
    found = chain(OOPS + "[  100.001000] Kernel panic - not syncing: Fatal exception\n")
    assert kinds(found) == ("null-deref", "null-deref", "panic", [])
    assert found.panic is not None and found.panic.details["reason"] == "Fatal exception"


def test_warning_before_an_oops_is_a_prelude() -> None:
    assert kinds(chain(WARNING + OOPS)) == ("null-deref", "null-deref", None, ["warning"])


def test_warning_alone_is_no_crash() -> None:
    assert kinds(chain(WARNING)) == (None, None, None, ["warning"])


def test_message_that_a_warning_is_printed_for_is_the_fault_not_the_warning() -> None:
    message = "[   15.000100] BUG: Dentry ffff880175978600{i=8bb9,n=lo}  still in use (1) [unmount of proc proc]\n"
    found = chain(message + WARNING + "[   15.002000] Kernel panic - not syncing: panic_on_warn set ...\n")
    assert kinds(found) == ("refcount-leak", None, "panic", [])
    assert found.first_fault is not None and found.first_fault.pid == 301


def test_warning_that_panics_is_the_fault() -> None:
    text = WARNING + "[   15.002000] Kernel panic - not syncing: panic_on_warn set ...\n"
    assert kinds(chain(text)) == ("warning", None, "panic", [])


def test_first_of_two_oopses_is_the_fault_and_the_second_the_last_oops() -> None:
    second = OOPS.replace("[  100.", "[  200.").replace("[#1]", "[#2]").replace("NULL pointer", "NULL pointer")
    second = second.replace(
        "BUG: kernel NULL pointer dereference, address: 0000000000000008", "divide error: 0000 [#2]"
    )
    found = chain(OOPS + second.replace("[  200.000300] Oops: 0000 [#2] PREEMPT SMP NOPTI\n", ""))
    assert kinds(found) == ("null-deref", "divide-error", None, [])


def test_sanitizer_line_beats_the_trap_after_it() -> None:
    found = panic_chain(read_text_log((LOGS / "kasan-uaf.log").read_bytes()))
    assert kinds(found) == ("kasan-uaf", "gpf", "panic", [])


def test_sysrq_after_an_oops_leaves_the_oops_as_the_fault() -> None:
    found = panic_chain(read_text_log((LOGS / "sysrq-after-oops.log").read_bytes()))
    assert kinds(found) == ("null-deref", "null-deref", "sysrq", [])
    assert found.panic is not None and found.panic.details["reason"] == "sysrq triggered crash"


def test_sysrq_alone_is_the_fault_and_the_panic() -> None:
    found = chain(
        "[    8.024021] sysrq: Trigger a crash\n[    8.024355] Kernel panic - not syncing: sysrq triggered crash\n"
    )
    assert kinds(found) == ("sysrq", None, "sysrq", [])


def test_sysrq_of_an_old_kernel_with_kasan_is_a_sysrq() -> None:
    text = (
        "[    8.000000] sysrq: SysRq : Trigger a crash\n"
        "[    8.100000] kasan: CONFIG_KASAN_INLINE enabled\n"
        "[    8.200000] kasan: GPF could be caused by NULL-ptr deref or user memory access\n"
        "[    8.300000] general protection fault: 0000 [#1] SMP KASAN\n"
        "[    8.400000] CPU: 0 PID: 333 Comm: bash Not tainted 4.14.0 #1\n"
        "[    8.500000] RIP: 0010:sysrq_handle_crash+0x45/0x70\n"
        "[    8.600000] Kernel panic - not syncing: Fatal exception\n"
    )
    assert kinds(chain(text))[0] == "sysrq"


def test_sysrq_after_a_warning_is_still_a_sysrq() -> None:
    text = WARNING + "[   80.024355] Kernel panic - not syncing: sysrq triggered crash\n"
    assert kinds(chain(text)) == ("sysrq", None, "sysrq", ["warning"])


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("hung_task: blocked tasks", "hung-task"),
        ("softlockup: hung tasks", "soft-lockup"),
        ("Hard LOCKUP", "hard-lockup"),
        ("RCU Stall", "rcu-stall"),
    ],
)
def test_wrapper_whose_report_is_lost_still_tells_the_class(reason: str, kind: str) -> None:
    found = chain(f"[   15.002000] Kernel panic - not syncing: {reason}\n")
    assert kinds(found) == (kind, None, "panic", [])


def test_lockup_that_ended_long_before_the_panic_is_a_prelude() -> None:
    text = (
        "[  100.000000] watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [frobd:77]\n"
        "[ 9000.000000] Kernel panic - not syncing: stack-protector: Kernel stack is corrupted in: frob+0x1/0x2\n"
    )
    assert kinds(chain(text)) == ("stack-protector", None, "stack-protector", ["soft-lockup"])


def test_hung_tasks_after_io_timeouts_are_an_io_hang() -> None:
    found = panic_chain(read_text_log((LOGS / "io-hang.log").read_bytes()))
    assert kinds(found) == ("io-hang", None, "panic", [])


def test_killed_process_is_no_crash() -> None:
    found = panic_chain(read_text_log((LOGS / "oom-kill-only.log").read_bytes()))
    assert kinds(found) == (None, None, None, ["oom-kill"])
    assert found.preludes[0].details["killed"] == "frobtest"


@pytest.mark.parametrize(("address", "kind"), [("0000000000000018", "null-deref"), ("ffffa0c3c0a4f000", "page-fault")])
def test_oops_whose_first_line_is_lost_is_told_by_its_registers(address: str, kind: str) -> None:
    found = chain(
        "[    8.000001] Oops: 0002 [#1] SMP\n"
        "[    8.000002] CPU: 0 PID: 333 Comm: frobd Not tainted 6.1.0 #1\n"
        "[    8.000003] RIP: 0010:frob+0x10/0x20\n"
        "[    8.000004] RSP: 0018:ffffd3570047bc28 EFLAGS: 00000246\n"
        "[    8.000005] RAX: ffffffffc02674b0 RBX: 0000000000000000 RCX: c0000000ffffefff\n"
        f"[    8.000006] CR2: {address} CR3: 0000000003086000 CR4: 0000000000750ef0\n"
    )
    assert kinds(found) == (kind, kind, None, [])
    assert found.first_fault is not None and found.first_fault.access == "write"


def test_quiet_log_has_no_fault() -> None:
    assert kinds(chain("[    1.000000] all is well\n")) == (None, None, None, [])
