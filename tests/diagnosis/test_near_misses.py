"""What looks like a class of crash and is another, or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdive.diagnosis.engine import diagnose
from kdive.facts.verdict import Finding
from kdive.pipeline.from_log import facts_of_log

LIFE = "\n".join(f"[ {100 + number}.000000] eth0: link is up, 1000 Mbps" for number in range(120))


def verdict_of(text: str) -> Finding:
    verdict = diagnose(facts_of_log(Path("console.log"), text.encode())).verdict
    assert verdict is not None
    return verdict


OOPS = """\
[   50.000100] BUG: {headline}
[   50.000200] #PF: supervisor {access} access in kernel mode
[   50.000300] #PF: error_code(0x0002) - not-present page
[   50.000400] Oops: 0002 [#1] PREEMPT SMP NOPTI
[   50.000500] CPU: 0 PID: 4 Comm: frobtest Not tainted 6.1.0 #1
[   50.000600] RIP: 0010:frob_write+0x16/0x20 [frob]
[   50.000700] RAX: {rax} RBX: 0000000000000000 RCX: 0000000000000001
[   50.000800] Call Trace:
[   50.000900]  <TASK>
[   50.001000]  frob_ioctl+0x44/0x60 [frob]
[   50.001100]  __x64_sys_ioctl+0x90/0xd0
[   50.001200]  do_syscall_64+0x58/0x80
[   50.001300]  </TASK>
[   50.001400] Kernel panic - not syncing: Fatal exception
"""


@pytest.mark.parametrize(
    "line",
    [
        "frobd[812]: segfault at 18 ip 00005555 sp 00007ffd error 4 in frobd[5555]",
        "traps: frobd[812] general protection fault ip:5555 sp:7ffd error:0",
        "WARNING: CPU: 0 PID: 1 at drivers/frob/frob.c:7 frob_check+0x1/0x2 [frob]",
        "watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [frobtest:77]",
        "Out of memory: Killed process 812 (frobd) total-vm:1kB, anon-rss:1kB",
        "sysrq: Show Blocked State",
        "Kernel command line: note=kernel BUG at frob.c:1! panic=1",
        "systemd[1]: WARNING: list_del corruption is what frobd says",
    ],
)
def test_what_a_machine_survives_or_a_program_says_is_no_crash(line: str) -> None:
    assert verdict_of(f"[   10.000000] {line}\n{LIFE}").class_ == "none"


def test_an_address_beyond_the_first_page_is_a_page_fault_and_not_a_null_pointer() -> None:
    headline = "unable to handle page fault for address: ffffc90000a41000"
    verdict = verdict_of(OOPS.format(headline=headline, access="write", rax="ffffc90000a41000"))
    assert (verdict.class_, verdict.function, verdict.module) == ("page-fault", "frob_write", "frob")
    assert "NULL" not in verdict.explanation


def test_an_address_in_the_first_page_is_a_null_pointer_with_its_offset() -> None:
    headline = "kernel NULL pointer dereference, address: 0000000000000028"
    verdict = verdict_of(OOPS.format(headline=headline, access="read", rax="0" * 16))
    assert verdict.class_ == "null-deref"
    assert "read from address 0x28: a member 0x28 bytes into a structure at NULL" in verdict.explanation


def test_poison_in_a_bad_address_is_named_and_hints_at_use_after_free() -> None:
    headline = "unable to handle page fault for address: 6b6b6b6b6b6b6b9b"
    verdict = verdict_of(OOPS.format(headline=headline, access="write", rax="6b6b6b6b6b6b6b6b"))
    assert "freed memory (slab poison 0x6b)" in verdict.explanation
    assert any("slub_debug" in step for step in verdict.next_steps)


def test_an_ordinary_bad_address_is_not_called_poison() -> None:
    headline = "unable to handle page fault for address: ffffc90000a41000"
    verdict = verdict_of(OOPS.format(headline=headline, access="write", rax="0000000000000005"))
    assert "poison" not in verdict.explanation


def test_a_panic_of_init_names_the_signal_and_no_function() -> None:
    verdict = verdict_of("[   10.000000] Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b\n")
    assert (verdict.class_, verdict.function) == ("init-died", None)
    assert "was killed by signal 11 (SIGSEGV)" in verdict.explanation


def test_an_exit_of_init_is_not_called_a_signal() -> None:
    verdict = verdict_of("[   10.000000] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100\n")
    assert "exited by itself with status 1" in verdict.explanation


def test_a_hung_task_hours_before_a_sysrq_does_not_take_its_class() -> None:
    text = """\
[  242.000100] INFO: task frobtest:660 blocked for more than 120 seconds.
[  242.000200]       Not tainted 6.1.0 #1
[  242.000300] task:frobtest        state:D stack:0     pid:660   ppid:1      flags:0x00000002
[  242.000400] Call Trace:
[  242.000500]  __schedule+0x34d/0x9e0
[  242.000600]  frob_wait+0x22/0x40 [frob]
[ 9242.000100] sysrq: Trigger a crash
[ 9242.000200] Kernel panic - not syncing: sysrq triggered crash
"""
    verdict = verdict_of(text)
    assert (verdict.class_, verdict.function) == ("sysrq", None)
    assert any("blocked for more than 120 seconds" in doubt for doubt in verdict.doubts)


def test_a_panic_with_words_of_its_own_is_not_forced_into_a_class() -> None:
    verdict = verdict_of("[   10.000000] Kernel panic - not syncing: frob: lost contact with the mothership\n")
    assert verdict.class_ == "panic-other"
    assert "lost contact with the mothership" in verdict.explanation
    assert verdict.function is None
