"""The tier file: what it covers, and that its patterns are of a kind that is understood."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import kdive.diagnosis
from kdive.diagnosis.tiers import tiers

FILE = Path(kdive.diagnosis.__file__).parent / "data" / "tiers.txt"


def patterns() -> list[str]:
    lines = FILE.read_text(encoding="ascii").split("\n")
    return [word for line in lines if line.startswith(" ") for word in line.split()]


@pytest.mark.parametrize(
    ("function", "entry"),
    [
        ("panic", "T0.panic"),
        ("crash_kexec", "T0.panic"),
        ("oops_end", "T0.oops"),
        ("asm_exc_page_fault", "T0.trap"),
        ("do_page_fault", "T0.trap"),  # 3.10
        ("el1h_64_sync", "T0.trap-arm64"),
        ("do_mem_abort", "T0.trap-arm64"),
        ("__warn", "T0.warn"),
        ("warn_slowpath_null", "T0.warn"),  # 3.10
        ("watchdog_overflow_callback", "T0.nmi"),
        ("sysrq_handle_crash", "T0.sysrq"),
        ("kasan_report", "T0.report"),
        ("debug_check_no_obj_freed", "T0.report"),
        ("assfail", "T0.assert"),
        ("memcpy_erms", "T1.memory"),
        ("vsnprintf", "T1.format"),
        ("native_queued_spin_lock_slowpath", "T1.lock"),
        ("rwsem_down_write_slowpath", "T1.lock"),
        ("rb_erase", "T1.container"),
        ("kmem_cache_free", "T1.slab"),
        ("__alloc_pages_nodemask", "T1.page"),
        ("io_schedule", "T1.wait"),
        ("__flush_work.isra.0", "T1.wait"),
        ("__queue_work", "T1.work"),
        ("kobject_put", "T1.object"),
        ("skb_release_data", "T1.skb"),
        ("call_rcu", "T1.rcu"),
        ("mod_timer", "T1.timer"),
        ("smp_call_function_many_cond", "T1.smp"),
        ("__x86_indirect_thunk_rax", "T1.thunk"),
        ("do_syscall_64", "T2.syscall"),
        ("invoke_syscall", "T2.syscall"),
        ("process_one_work", "T2.thread"),
        ("ret_from_fork_asm", "T2.thread"),
        ("handle_edge_irq", "T2.interrupt"),
        ("net_rx_action", "T2.interrupt"),
        ("secondary_start_kernel", "T2.idle"),
        ("do_one_initcall", "T2.boot"),
        ("__x64_sys_ioctl", "T3.syscall"),
        ("vfs_write", "T3.file"),
    ],
)
def test_a_function_is_covered_by_its_entry(function: str, entry: str) -> None:
    assert tiers().entry(function) == entry


@pytest.mark.parametrize(
    "function",
    [
        "ext4_readpage",
        "tcp_sendmsg",
        "zap_pte_range",
        "unix_release_sock",
        "nvme_queue_rq",
        "do_exit",
        "d_lookup",
        "path_openat",
        "xfs_iget",
    ],
)
def test_ordinary_functions_can_be_guilty(function: str) -> None:
    assert not tiers().entry(function).startswith(("T0", "T1", "T2"))


def test_clones_are_compared_by_the_name_in_the_source() -> None:
    assert tiers().entry("__mutex_lock.constprop.0") == tiers().entry("__mutex_lock.isra.7.cold") == "T1.lock"


def test_no_pattern_has_a_star_in_its_middle() -> None:
    assert [pattern for pattern in patterns() if "*" in pattern[1:-1]] == []


def test_no_pattern_stands_in_two_entries() -> None:
    assert [pattern for pattern, count in Counter(patterns()).items() if count > 1] == []
