"""Which frame of a stack is to blame."""

from __future__ import annotations

import pytest

from kdive.diagnosis.guilty import Guilty, entry_frame, guilty_frame
from kdive.facts.stacks import Frame


def stack(*functions: str) -> list[Frame]:
    """Frames from "function" or "function [module]", innermost first; a "?" in front marks a guess of the unwinder."""
    frames = []
    for text in functions:
        name, _, module = text.removeprefix("? ").partition(" [")
        frames.append(Frame(name, module.rstrip("]"), reliable=not text.startswith("? ")))
    return frames


def named(guilty: Guilty | None) -> str:
    if guilty is None:
        return ""
    return f"{guilty.frame.function} [{guilty.frame.module}]" if guilty.frame.module else guilty.frame.function


@pytest.mark.parametrize(
    ("frames", "culprit"),
    [
        (["memcpy_erms", "nfs_readpage", "read_pages", "do_syscall_64"], "nfs_readpage"),
        (["rb_erase", "timerqueue_del", "hrtimer_cancel"], "timerqueue_del"),
        (["_raw_spin_lock", "__queue_work", "queue_work_on", "frob_irq [frob]", "handle_edge_irq"], "frob_irq [frob]"),
        (["skb_release_data", "consume_skb", "tcp_clean_rtx_queue", "net_rx_action"], "tcp_clean_rtx_queue"),
        (["strnlen", "string_nocheck", "string", "vsnprintf", "vprintk_store", "_printk", "frob_log"], "frob_log"),
        (["kobject_get", "get_device", "frob_probe", "really_probe"], "frob_probe"),
        (["panic", "oops_end", "no_context", "do_page_fault", "page_fault", "frob_read", "vfs_read"], "frob_read"),
        (["panic", "die", "die_kernel_fault", "do_mem_abort", "el1_abort", "el1h_64_sync", "frob_read"], "frob_read"),
        (["io_schedule", "folio_wait_bit_common", "__flush_work", "xfs_log_force", "kthread"], "xfs_log_force"),
    ],
)
def test_machinery_and_primitives_are_passed_over(frames: list[str], culprit: str) -> None:
    assert named(guilty_frame(stack(*frames))) == culprit


@pytest.mark.parametrize("function", ["print_state", "list_add_item", "kthread", "die", "mutex_lock_slot", "watchdog"])
def test_a_module_s_own_frame_is_guilty_whatever_it_is_called(function: str) -> None:
    assert named(guilty_frame(stack(f"{function} [frob]", "frob_init [frob]"))) == f"{function} [frob]"


def test_a_module_s_assertion_is_not_its_culprit() -> None:
    assert named(guilty_frame(stack("assfail [xfs]", "xfs_iget [xfs]"))) == "xfs_iget [xfs]"
    assert named(guilty_frame(stack("spl_panic [spl]", "zfs_open [zfs]"))) == "zfs_open [zfs]"


def test_the_search_ends_at_a_dispatch_point() -> None:
    guilty = guilty_frame(stack("_raw_spin_lock", "process_one_work", "worker_thread", "innocent"))
    assert named(guilty) == "_raw_spin_lock"
    assert guilty is not None
    assert guilty.weak


def test_a_function_that_only_waits_is_never_guilty() -> None:
    assert guilty_frame(stack("__schedule", "schedule", "kthread", "ret_from_fork")) is None


def test_uncertain_frames_count_only_when_nothing_else_is_left() -> None:
    assert named(guilty_frame(stack("? stale_leaf", "frob_read", "vfs_read"))) == "frob_read"
    guessed = guilty_frame(stack("panic", "? stale_leaf", "? vfs_read"))
    assert named(guessed) == "stale_leaf"
    assert guessed is not None
    assert guessed.weak


def test_a_class_s_helpers_are_passed_over_and_so_are_their_clones() -> None:
    guilty = guilty_frame(stack("skb_panic.cold", "skb_put", "tcp_fragment"), {"skb_panic"})
    assert named(guilty) == "tcp_fragment"
    assert guilty is not None
    assert [frame.tier for frame in guilty.skipped] == ["class.helper", "T1.skb"]


def test_a_door_that_many_calls_come_through_can_be_guilty() -> None:
    guilty = guilty_frame(stack("vfs_write", "ksys_write", "do_syscall_64"))
    assert named(guilty) == "vfs_write"
    assert guilty is not None
    assert not guilty.weak


def test_no_frames_have_no_culprit() -> None:
    assert guilty_frame([]) is None
    assert guilty_frame(stack("")) is None


@pytest.mark.parametrize(
    ("frames", "entered"),
    [
        (["cpu_relax", "frob_spin [frob]", "frob_work [frob]", "process_one_work", "kthread"], "frob_work [frob]"),
        (["frob_poll", "napi_poll", "net_rx_action", "do_softirq", "innocent"], "frob_poll"),
        (["frob_spin", "frob_ioctl", "vfs_ioctl", "__x64_sys_ioctl", "do_syscall_64"], "frob_ioctl"),
        (["frob_write [frob]", "vfs_write", "ksys_write", "do_syscall_64"], "frob_write [frob]"),
        (["_raw_spin_lock", "vfs_write", "ksys_write", "do_syscall_64"], "_raw_spin_lock"),
        (["vfs_write", "ksys_write", "do_syscall_64"], "ksys_write"),
        (["schedule", "kthread"], ""),
    ],
)
def test_a_stall_is_told_by_the_function_that_was_dispatched(frames: list[str], entered: str) -> None:
    assert named(entry_frame(stack(*frames))) == entered
