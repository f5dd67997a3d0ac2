"""The table of headlines, and how it is searched."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kdive.log.headlines import KEPT_AT_EACH_END, find_headlines, patterns
from kdive.log.render import lines

LOGS = Path(__file__).parent.parent / "data" / "logs"

_CLASSES = """
    null-deref page-fault gpf kasan-uaf kasan-oob kasan-invalid-free kasan-null-deref kasan-wild-access kfence kmsan
    kcsan ubsan slab-corruption mm-corruption list-corruption usercopy refcount refcount-leak memory-leak kernel-bug
    warning lockdep atomic-context soft-lockup hard-lockup rcu-stall hung-task workqueue-lockup io-hang fs-panic
    oom-panic stack-overflow stack-protector double-fault divide-error cpu-trap nx-smep-cfi serror external-abort mce
    memory-failure pcie nmi rust-panic init-died boot-failure sysrq firmware
"""
CLASSES = set(_CLASSES.split())


def kind_of(line: str) -> str | None:
    found = find_headlines([line])
    return found[0].kind if found else None


def test_every_class_that_a_log_can_show_has_a_pattern() -> None:
    assert {pattern.kind for pattern in patterns()} == CLASSES | {"panic", "oops", "oom-kill"}


def test_every_implied_class_is_a_class() -> None:
    assert {pattern.implies for pattern in patterns()} - {""} <= CLASSES


@pytest.mark.parametrize("row", range(len(patterns())))
def test_every_pattern_compiles(row: int) -> None:
    pattern = patterns()[row]
    assert pattern.match("nothing of note") is None
    assert pattern.anchor.strip()


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("BUG: KASAN: use-after-free in frob+0x1/0x2 at addr ffff880000000000", "kasan-uaf"),
        ("BUG: KASan: out of bounds access in frob+0x1/0x2 at addr ffff880000000000", "kasan-oob"),
        ("BUG: KASAN: global-out-of-bounds in frob+0x1/0x2", "kasan-oob"),
        ("BUG: KASAN: stack-out-of-bounds in frob+0x1/0x2", "kasan-oob"),
        ("BUG: KASAN: user-memory-access in frob+0x1/0x2", "kasan-wild-access"),
        ("BUG: KASAN: double-free or invalid-free in frob+0x1/0x2", "kasan-invalid-free"),
        ("BUG: KFENCE: memory corruption in frob+0x1/0x2", "kfence"),
        ("UBSAN: Undefined behaviour in fs/frob.c:1:2", "ubsan"),
        ("UBSAN: shift-out-of-bounds in fs/frob.c:1:2", "ubsan"),
        ("BUG kmalloc-64 (Not tainted): Poison overwritten", "slab-corruption"),
        ("BUG skbuff_head_cache (Tainted: P    B   W  OE): Object already free", "slab-corruption"),
        ("BUG: Bad page map in process frob  pte:8000000123 pmd:456", "mm-corruption"),
        ("BUG: Bad rss-counter state mm:0000000012345678 type:MM_ANONPAGES val:1", "mm-corruption"),
        ("list_add double add: new=ffff8881, prev=ffff8882, next=ffff8883.", "list-corruption"),
        ("usercopy: kernel memory overwrite attempt detected to ffff8881 (kmalloc-64) (128 bytes)", "usercopy"),
        ("unregister_netdevice: waiting for lo to become free. Usage count = 1", "refcount-leak"),
        ("VFS: Busy inodes after unmount of sda1. Self-destruct in 5 seconds.  Have a nice day...", "refcount-leak"),
        ("BUG: sleeping function called from invalid context at mm/slab.h:421", "atomic-context"),
        ("BUG: using smp_processor_id() in preemptible [00000000] code: insmod/99", "atomic-context"),
        ("[ INFO: possible recursive locking detected ]", "lockdep"),
        ("WARNING: insmod/3100 still has locks held!", "lockdep"),
        ("WARNING: nested lock was not taken", "lockdep"),
        ("divide_error: 0000 [#1] PREEMPT SMP KASAN", "divide-error"),
        ("segment-related general protection fault: beec [#2] PREEMPT SMP PTI", "gpf"),
        (
            "kasan: GPF could be caused by NULL-ptr deref or user memory accessgeneral protection fault: 0000 [#1]",
            "gpf",
        ),
        ("WARNING: [time_after(jiffies, timeout)] io_uring/io_uring.c:3026 at frob+0x1/0x2, CPU#0: a/1", "warning"),
        ("INFO: task frobtest:4100 can't die for more than 143 seconds.", "hung-task"),
        (" BUG: KCSAN: data-race in frob+0x551/0xb10", "kcsan"),
        ("WARNING: inconsistent lock state", "lockdep"),
        ("WARNING: suspicious RCU usage", "lockdep"),
        ("WARNING: bad unlock balance detected!", "lockdep"),
        ("BUG: soft lockup - CPU#3 stuck for 67s! [kworker/3:0:1]", "soft-lockup"),
        ("NMI watchdog: BUG: soft lockup - CPU#3 stuck for 22s! [a:b]:1]", "soft-lockup"),
        ("NMI watchdog: Watchdog detected hard LOCKUP on cpu 1", "hard-lockup"),
        ("watchdog: CPU 4 self-detected hard LOCKUP @ frob+0x1/0x2", "hard-lockup"),
        ("INFO: rcu_sched detected stalls on CPUs/tasks: { 0} (detected by 1, t=60002 jiffies)", "rcu-stall"),
        ("rcu: INFO: rcu_preempt detected expedited stalls on CPUs/tasks: { 1-...D } 21 jiffies", "rcu-stall"),
        ("INFO: task kworker/u8:1:23 blocked for more than 143 seconds.", "hung-task"),
        ("Kernel panic - not syncing: Out of memory and no killable processes...", "oom-panic"),
        ("Kernel panic - not syncing: System is deadlocked on memory", "oom-panic"),
        ("Kernel panic - not syncing: corrupted stack end detected inside scheduler", "stack-overflow"),
        ("BUG: IRQ stack guard page was hit at 00000000f3a1c1c8 (stack is 1..2)", "stack-overflow"),
        ("kernel stack overflow (double-fault): 0000 [#1] SMP", "stack-overflow"),
        ("Oops: double fault: 0000 [#1] SMP", "double-fault"),
        ("Oops: divide error: 0000 [#1] SMP", "divide-error"),
        ("int3: 0000 [#1] SMP", "cpu-trap"),
        ("stack segment: 0000 [#1] SMP", "cpu-trap"),
        ("Bad mode in Synchronous Abort handler detected on CPU1, code 0x86000006", "cpu-trap"),
        ("Unable to handle kernel execute from non-executable memory at virtual address ffff0000", "nx-smep-cfi"),
        ("traps: Missing ENDBR: frob+0x0/0x10", "nx-smep-cfi"),
        ("Unhandled fault: synchronous external abort (0x96000210) at 0xffff800000000000", "external-abort"),
        ("{1}[Hardware Error]: Hardware error from APEI Generic Hardware Error Source: 0", "mce"),
        ("Kernel panic - not syncing: Timeout: Not all CPUs entered broadcast exception handler", "mce"),
        ("NMI: PCI system error (SERR) for reason a1 on CPU 0.", "nmi"),
        ("Kernel panic - not syncing: An NMI occurred. Depending on your system the reason is logged", "nmi"),
        ("DMAR: [DMA Read] Request device [03:00.0] fault addr 7f000 [fault reason 06]", "pcie"),
        ("Kernel panic - not syncing: No working init found.  Try passing init= option to kernel.", "boot-failure"),
        ("XFS (dm-0): Corruption of in-memory data detected.  Shutting down filesystem", "fs-panic"),
        ("Internal error: Oops: 96000004 [#1] SMP", "oops"),
        ("Oops: Kernel access of bad area, sig: 11 [#1]", "page-fault"),
        ("Oops: Exception in kernel mode, sig: 4 [#1]", "cpu-trap"),
        ("illegal operation: 0001 ilc:1 [#1] SMP", "cpu-trap"),
    ],
)
def test_wordings_of_old_and_new_kernels_are_known(line: str, kind: str) -> None:
    assert kind_of(line) == kind


@pytest.mark.parametrize(
    "line",
    [
        "---[ end Kernel panic - not syncing: Fatal exception ]---",
        "mce: [Hardware Error]: Machine check events logged",
        "mce: CPU0: Thermal monitoring enabled (TM1)",
        "NMI watchdog: Enabled. Permanently consumes one hw-PMU counter.",
        "rcu: Hierarchical RCU implementation.",
        "systemd[1]: BUG: soft lockup - CPU#3 stuck for 67s! [a:1]",
        "traps: frob[334] general protection fault ip:401140 sp:7ffd0a3b1c30 error:0 in frob[401000+1000]",
        "watchdog: Delayed init of the lockup detector failed: -19",
        "WARNING: Kernel stack regs at (____ptrval____) in frob:1 has bad 'bp' value",
        "pcieport 0000:00:1c.0: AER: Corrected error received: 0000:00:1c.0",
        "Kernel command line: softlockup_panic=1 hung_task_panic=1 WARNING: CPU: 0 PID: 0 at a:1",
    ],
)
def test_near_misses_are_no_headlines(line: str) -> None:
    assert kind_of(line) is None


def test_endless_headlines_keep_both_ends() -> None:
    found = find_headlines(["Kernel panic - not syncing: again"] * 50_000)
    assert len(found) == 2 * KEPT_AT_EACH_END
    assert (found[0].line, found[-1].line) == (0, 49_999)


def test_records_of_several_lines_are_several_lines() -> None:
    from kdive.facts.log import Log, LogRecord

    log = Log((LogRecord("one\ntwo"), LogRecord(""), LogRecord("three\n")), "ring")
    assert lines(log) == ["one", "two", "", "three"]


def test_data_file_has_no_line_that_is_neither_row_nor_class() -> None:
    import kdive.log.headlines as module

    text = (Path(module.__file__).parent / "data" / "headlines.txt").read_text()
    for row in text.split("\n"):
        assert not row or row.startswith("#") or " => " in row or re.fullmatch(r"\[[a-z-]+\]", row), row
