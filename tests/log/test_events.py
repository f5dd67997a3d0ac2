"""Reports found in logs: one real-looking log per class, with what is known to be in it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from kdive.dumpfile.open import open_dump
from kdive.facts.log import LogEvent
from kdive.log.chain import panic_chain
from kdive.log.events import find_events
from kdive.log.from_memory import read_log
from kdive.log.from_text import read_text_log
from kdive.log.render import lines
from kdive.memory.open import open_memory

LOGS = Path(__file__).parent.parent / "data" / "logs"
INTERLEAVED = {LOGS / "interleaved-callers.log"}

# log, class, function and module of the instruction, the frame after it, CPU, PID, task
CASES = [
    ("null-deref-x86-3.10", "null-deref", "frob_read", "frob", "vfs_read", 1, 2211, "cat"),
    ("null-deref-arm64", "null-deref", "frob_set", "frob", "frob_open", 2, 311, "insmod"),
    ("null-deref-arm64-leaf", "null-deref", "zoo_timer_leaf", "crashzoo", "zoo_timer_fn", 0, 0, "swapper/0"),
    ("null-deref-call-x86", "null-deref", "", "", "dev_open_op", 3, 901, "ip"),
    ("null-deref-ppc64", "null-deref", "frob_init", "frob", "do_one_initcall", 5, 4410, "insmod"),
    ("page-fault-x86", "page-fault", "memcpy_orig", "", "frob_copy", 6, 55, "kworker/6:1"),
    ("page-fault-s390x", "page-fault", "frob_show", "frob", "seq_read_iter", 1, 1832, "cat"),
    ("page-fault-arm", "page-fault", "frob_ioctl", "frob", "do_vfs_ioctl", 0, 412, "cat"),
    ("page-fault-riscv", "page-fault", "frob_poke", "frob", "frob_init", 1, 201, "insmod"),
    ("gpf-x86", "gpf", "frob_unlink", "frob", "frob_timer", 1, 3321, "frobd"),
    ("gpf-x86-3.10", "gpf", "run_timer_softirq", "", "__do_softirq", 17, 0, "swapper/17"),
    ("null-deref-decoded", "null-deref", "nfc_free", "nfc", "nfc_release", 1, 5100, "test"),
    ("null-deref-mips", "null-deref", "mi_leaf", "mi", "mi_init", 0, 70, "insmod"),
    ("null-deref-loongarch", "null-deref", "la_leaf", "la", "la_init", 0, 70, "insmod"),
    ("kasan-uaf", "kasan-uaf", "frob_get", "frob", "frob_ioctl", 0, 512, "frobtest"),
    ("kasan-oob", "kasan-oob", "memcpy", "", "frob_fill", 1, 377, "insmod"),
    ("kasan-oob-decoded", "kasan-oob", "frob_bread_key", "", "frob_brec_insert", 0, 5066, "frobtest"),
    ("kasan-invalid-free", "kasan-invalid-free", "frob_exit", "frob", "__x64_sys_delete_module", 1, 402, "rmmod"),
    ("kasan-null-deref", "kasan-null-deref", "frob_touch", "frob", "frob_init", 1, 402, "insmod"),
    ("kasan-wild-access", "kasan-wild-access", "frob_touch", "frob", "frob_init", 1, 402, "insmod"),
    ("kfence", "kfence", "frob_peek", "frob", "frob_ioctl", 1, 700, "frobtest"),
    ("kmsan", "kmsan", "frob_check", "frob", "frob_ioctl", 0, 3610, "frobtest"),
    ("kcsan", "kcsan", "frob_inc", "frob", "frob_ioctl", 0, 812, "frobtest"),
    ("ubsan", "ubsan", None, "", "dump_stack_lvl", 2, 914, "frobtest"),
    ("slab-corruption", "slab-corruption", None, "", "dump_stack_lvl", 0, 830, "frobtest"),
    ("mm-corruption", "mm-corruption", None, "", "dump_stack_lvl", 1, 700, "frobtest"),
    ("list-corruption-bug", "list-corruption", "__list_del_entry_valid.cold", "", "zoo_list_leaf", 1, 610, "insmod"),
    ("list-corruption-warn-3.10", "list-corruption", "__list_add", "", "frob_queue", 0, 1210, "frobd"),
    ("usercopy", "usercopy", "usercopy_abort", "", "__check_heap_object", 0, 710, "frobtest"),
    ("refcount", "refcount", "refcount_warn_saturate", "", "frob_put", 1, 640, "frobtest"),
    ("kernel-bug-arm64", "kernel-bug", "frob_assert", "frob", "frob_init", 3, 320, "insmod"),
    ("warning-panic", "warning", "frob_check", "frob", "frob_init", 0, 301, "insmod"),
    ("warning-panic-4.18", "warning", "frob_drain", "frob", "frob_shutdown_work", 3, 2210, "kworker/3:1"),
    ("warning-new-wording", "warning", "frob_check", "frob", "frob_init", 0, 301, "insmod"),
    ("lockdep", "lockdep", None, "", "dump_stack_lvl", 1, 433, "frobtest"),
    ("spinlock-bad-magic", "lockdep", None, "", "dump_stack_lvl", 1, 333, "insmod"),
    ("atomic-context", "atomic-context", None, "", "dump_stack_lvl", 0, 222, "insmod"),
    ("atomic-context-panic", "atomic-context", None, "", "dump_stack_lvl", 0, 222, "frobtest"),
    ("gpf-inside-a-trace", "gpf", "frob_unlink", "frob", "frob_ioctl", 0, 30477, "frobtest"),
    ("soft-lockup", "soft-lockup", "frob_spin", "frob", "frob_work", 1, 77, "kworker/1:2"),
    (
        "soft-lockup-arm64",
        "soft-lockup",
        "zoo_soft_lockup_leaf",
        "crashzoo",
        "zoo_soft_lockup_fn.constprop.0",
        1,
        156,
        "insmod",
    ),
    ("hard-lockup", "hard-lockup", "frob_hard", "frob", "frob_init", 2, 420, "insmod"),
    ("hard-lockup-3.10", "hard-lockup", "frob_hard", "frob", "frob_init", 3, 1420, "insmod"),
    ("hard-lockup-in-irq-3.10", "hard-lockup", "_raw_spin_lock_irqsave", "", "bx_intr", 3, 0, "swapper/3"),
    ("rcu-stall", "rcu-stall", "frob_rcu", "frob", "frob_init", 1, 512, "insmod"),
    ("rcu-stall-self-3.10", "rcu-stall", "frob_rcu", "frob", "frob_init", 1, None, ""),
    ("rcu-stall-self-x86", "rcu-stall", "frob_loop", "frob", "frob_ioctl", 1, 4526, "frobtest"),
    ("rcu-stall-arm64", "rcu-stall", None, "", "__switch_to", 3, 205, "frobtest"),
    ("rcu-stall-reader", "rcu-stall", "long_reader", "rd", "rd_thread", None, 4223, "reader"),
    ("hung-task", "hung-task", None, "", "__schedule", None, 660, "frobtest"),
    ("workqueue-lockup", "workqueue-lockup", "frob_work", "frob", None, None, None, ""),
    ("fs-panic", "fs-panic", "ext4_find_entry", "", "dump_stack", 0, 610, "ls"),
    ("oom-panic", "oom-panic", None, "", "dump_stack_lvl", 1, 720, "frobtest"),
    ("stack-overflow-x86", "stack-overflow", "frob_recurse", "frob", "frob_recurse", 0, 410, "insmod"),
    ("stack-overflow-arm64", "stack-overflow", "frob_recurse", "frob", None, 1, 300, "insmod"),
    ("stack-protector", "stack-protector", "frob_smash", "frob", "frob_init", 0, 430, "insmod"),
    ("double-fault", "double-fault", "frob_badstack", "frob", None, 1, 440, "insmod"),
    ("divide-error", "divide-error", "frob_divide", "frob", "frob_init", 0, 450, "insmod"),
    ("cpu-trap-x86", "cpu-trap", "frob_ud2", "frob", "frob_init", 0, 460, "insmod"),
    ("cpu-trap-arm64", "cpu-trap", "frob_undef", "frob", "frob_init", 0, 460, "insmod"),
    ("nx-smep-cfi-nx", "nx-smep-cfi", "", "", "frob_jump", 0, 470, "insmod"),
    ("nx-smep-cfi-kcfi", "nx-smep-cfi", "frob_call", "frob", "frob_init", 0, 480, "insmod"),
    ("serror", "serror", "frob_readl", "", None, 5, 490, "irq/30-frob"),
    ("external-abort", "external-abort", "frob_probe", "frob", "platform_probe", 1, 491, "insmod"),
    ("mce", "mce", None, "", None, 2, None, ""),
    ("memory-failure", "memory-failure", None, "", None, None, None, ""),
    ("nmi", "nmi", None, "", "dump_stack", 0, 0, "swapper/0"),
    ("rust-panic", "rust-panic", "rust_helper_BUG", "", None, 0, 333, "insmod"),
    ("init-died", "init-died", None, "", "dump_stack_lvl", 0, 1, "init"),
    ("boot-failure", "boot-failure", None, "", "panic", 0, 1, "swapper/0"),
    ("sysrq-3.10", "sysrq", "sysrq_handle_crash", "", "__handle_sysrq", 0, 1444, "bash"),
    ("panic-other", "panic-other", None, "", "dump_stack_lvl", 0, 310, "frobd"),
    ("refcount-leak", "refcount-leak", None, "", None, None, None, ""),
    ("memory-leak", "memory-leak", None, "", "frob_open", None, None, ""),
    ("io-hang", "io-hang", None, "", None, None, None, ""),
]


def first_fault(name: str) -> LogEvent:
    fault = panic_chain(read_text_log((LOGS / f"{name}.log").read_bytes())).first_fault
    assert fault is not None
    return fault


@pytest.mark.parametrize(("name", "kind", "function", "module", "caller", "cpu", "pid", "comm"), CASES)
def test_each_class_is_told_with_its_place_and_task(
    name: str,
    kind: str,
    function: str | None,
    module: str,
    caller: str | None,
    cpu: int | None,
    pid: int | None,
    comm: str,
) -> None:
    fault = first_fault(name)
    assert fault.kind == kind
    assert (fault.ip.function if fault.ip else None) == function
    assert (fault.ip.module if fault.ip else "") == module
    if caller is not None:
        assert fault.frames[0].function == caller
    elif name != "rust-panic":
        assert fault.frames == ()
    assert (fault.cpu, fault.pid, fault.comm) == (cpu, pid, comm)


@pytest.mark.parametrize(
    "link", ["zoo_timer_leaf+0x4/0x18", "zoo_timer_leaf.cold+0x4/0x18", "call_timer_fn+0x3c/0x154"]
)
def test_link_register_of_arm64_tells_no_caller_that_called_another_or_has_a_record(link: str) -> None:
    text = (LOGS / "null-deref-arm64-leaf.log").read_text()
    changed = text.replace("lr : zoo_timer_fn+0x4c/0x6c", f"lr : {link}")
    fault = panic_chain(read_text_log(changed.encode())).first_fault
    assert fault is not None
    assert [frame.function for frame in fault.frames[:2]] == ["call_timer_fn", "__run_timers"]


@pytest.mark.parametrize(
    ("name", "address", "access"),
    [
        ("null-deref-x86-3.10", 0x28, "read"),
        ("null-deref-arm64", 0x18, "write"),
        ("null-deref-call-x86", 0, "fetch"),
        ("null-deref-ppc64", 0x10, "write"),
        ("page-fault-x86", 0xFFFFA0C3C0A4F000, "write"),
        ("page-fault-s390x", 0x6B6B6B6B6B6B6000, ""),
        ("page-fault-arm", 0xBF0A1234, ""),
        ("gpf-x86", 0xDEAD000000000108, ""),
        ("kasan-uaf", 0xFFFF888104D2C418, "read"),
        ("kasan-oob", 0xFFFF88810A1C4E00, "write"),
        ("nx-smep-cfi-nx", 0xFFFF9C0F84E51A00, "fetch"),
    ],
)
def test_the_access_is_told_with_its_address(name: str, address: int, access: str) -> None:
    fault = first_fault(name)
    assert (fault.address, fault.access) == (address, access)


@pytest.mark.parametrize(
    ("name", "details"),
    [
        (
            "kasan-uaf",
            {"alloc_function": "frob_open", "free_function": "frob_release", "alloc_pid": "512", "free_pid": "498",
             "cache": "kmalloc-64", "object_size": "64", "what": "slab-use-after-free"},
        ),
        ("kfence", {"alloc_function": "frob_open", "free_function": "frob_close"}),
        ("slab-corruption", {"alloc_function": "frob_open", "free_function": "frob_old", "cache": "kmalloc-64"}),
        ("kernel-bug-arm64", {"file": "drivers/frob/frob.c", "line": "120"}),
        ("rust-panic", {"file": "drivers/frob/frob_rs.rs", "line": "42"}),
        ("warning-panic", {"file": "drivers/frob/frob.c", "line": "61", "function": "frob_check"}),
        ("hung-task", {"task": "frobtest", "seconds": "120", "blocker": "frobholder", "waits": "mutex"}),
        ("soft-lockup", {"seconds": "26", "kdump": "loaded"}),
        ("rcu-stall", {"cpus": "1", "flavour": "rcu_preempt"}),
        ("rcu-stall-self-3.10", {"cpus": "1", "flavour": "rcu_sched"}),
        ("kcsan", {"function": "frob_inc", "other_function": "frob_read"}),
        ("usercopy", {"what": "exposure", "object": "SLUB object 'kmalloc-32'"}),
        ("init-died", {"exitcode": "0x0000000b"}),
        ("mce", {"reason": "Fatal machine check", "count": "6"}),
        ("fs-panic", {"device": "sda1", "reason": "EXT4-fs (device sda1): panic forced after error"}),
    ],
)  # fmt: skip
def test_what_only_some_classes_tell_is_named(name: str, details: dict[str, str]) -> None:
    fault = first_fault(name)
    assert {key: fault.details.get(key) for key in details} == details


def test_bundled_console_gives_the_bug_with_registers_and_code(sample_console: Path) -> None:
    (event,) = find_events(read_text_log(sample_console.read_bytes()))
    assert (event.kind, event.cpu, event.pid, event.comm, event.taint) == ("kernel-bug", 0, 104, "insmod", "G OE")
    assert event.die_counter == 1
    assert event.ip is not None
    assert (event.ip.function, event.ip.module, event.ip.offset, event.ip.size) == (
        "zoo_bug_leaf",
        "crashzoo",
        0x16,
        0x20,
    )
    reliable = [frame.function for frame in event.frames if frame.reliable]
    assert reliable[:4] == ["zoo_bug", "zoo_init", "do_one_initcall", "do_init_module"]
    assert event.registers["r12"] == 0xFFFF9843D7F40D30
    assert event.registers["rsp"] == 0xFFFFA88EC01A3DD0
    assert event.code.startswith("e8 df ff ff")
    assert event.details["line"] == "202"


def test_registers_of_user_space_do_not_replace_the_kernels(sample_console: Path) -> None:
    (event,) = find_events(read_text_log(sample_console.read_bytes()))
    assert event.registers["rax"] == 0
    assert event.registers["rsp"] >> 63


def check_same_event(vmcore: Path, console: Path) -> None:
    (of_dump,) = find_events(read_log(open_memory(open_dump(vmcore))))
    (of_text,) = find_events(read_text_log(console.read_bytes()))
    assert of_dump.timestamp is not None and of_text.timestamp is not None
    assert of_dump.timestamp // 1000 == of_text.timestamp // 1000
    assert of_dump.end_line - of_dump.line == of_text.end_line - of_text.line
    assert replace(of_dump, line=0, end_line=0, timestamp=None) == replace(of_text, line=0, end_line=0, timestamp=None)


def test_vmcore_and_console_of_one_crash_give_the_same_event(sample_console: Path, sample_vmcore: Path) -> None:
    check_same_event(sample_vmcore, sample_console)


@pytest.mark.parametrize("name", ["6.1-sysrq", "6.12-null_deref"])
def test_more_vmcores_and_consoles_give_the_same_event(more_samples: Path, name: str) -> None:
    check_same_event(more_samples / f"{name}.vmcore", more_samples / f"{name}.console.log")


def test_event_lines_index_the_rendered_log(sample_console: Path) -> None:
    log = read_text_log(sample_console.read_bytes())
    (event,) = find_events(log)
    assert lines(log)[event.line] == event.headline == "kernel BUG at /usr/src/crashzoo/crashzoo.c:202!"
    assert lines(log)[event.end_line - 1].startswith("Modules linked in: crashzoo")


def test_frames_say_in_which_context_they_ran() -> None:
    frames = {frame.function: frame for frame in first_fault("gpf-x86").frames}
    assert frames["frob_timer"].context == "irq"
    assert frames["do_idle"].context == "task"
    assert frames["default_idle"].interrupted


def test_hung_task_is_told_with_taint_and_release() -> None:
    fault = first_fault("hung-task")
    assert (fault.taint, fault.details["release"]) == ("G OE", "6.1.0-56-cloud-amd64")


def test_each_hung_task_shows_its_own_stack_not_that_of_the_cpu_that_found_it() -> None:
    events = find_events(read_text_log((LOGS / "hung-task-many.log").read_bytes()))
    hung = [event for event in events if event.kind == "hung-task"]
    assert [event.pid for event in hung] == [201, 202, 203, 204, 205, 206]
    assert [event.frames[2].function for event in hung] == [f"wait_fn{n}" for n in range(1, 7)]


def test_frames_behind_a_double_mark_belong_to_the_stack_below_the_exception() -> None:
    frames = {frame.function: frame for frame in first_fault("hard-lockup-3.10").frames}
    assert (frames["frob_init"].module, frames["frob_init"].context) == ("frob", "task")


def test_sources_that_a_decoder_put_into_the_trace_are_kept() -> None:
    fault = first_fault("null-deref-decoded")
    assert fault.ip is not None
    assert (fault.ip.source, fault.ip.offset) == ("net/nfc/core.c:812", None)
    assert [(frame.source, frame.reliable) for frame in fault.frames] == [
        ("net/nfc/core.c:900", True),
        ("fs/file_table.c:320", True),
        ("kernel/task_work.c:179", False),
    ]


def test_warning_that_panicked_before_its_registers_has_those_of_the_panic() -> None:
    fault = first_fault("warning-panic-4.18")
    assert fault.registers["rbx"] == 0xFFFF9A5D43C85000
    assert fault.code.startswith("5d 41 5c c3")
    assert fault.taint == "G OE t"


def test_lock_that_is_misused_is_told_with_the_stack_that_misuses_it() -> None:
    lockdep = find_events(read_text_log((LOGS / "lockdep-inconsistent.log").read_bytes()))[0]
    assert (lockdep.kind, lockdep.pid, lockdep.comm) == ("lockdep", 433, "frobtest")
    assert "frob_ioctl" in [frame.function for frame in lockdep.frames]
    assert "frob_irq" not in [frame.function for frame in lockdep.frames]


def test_address_that_the_kernel_hashed_is_no_address() -> None:
    (event,) = find_events(read_text_log(b"[    1.000000] BUG: TASK stack guard page was hit at 00000000b7f2a8b6\n"))
    assert (event.kind, event.address) == ("stack-overflow", None)


def test_no_reports_in_near_misses() -> None:
    assert find_events(read_text_log((LOGS / "none-near-misses.log").read_bytes())) == ()


def test_message_of_user_space_in_the_ring_is_no_report() -> None:
    log = read_text_log(b"<13>[    5.000000] Kernel panic - not syncing: said a shell\n<6>[    5.100000] hello\n")
    assert [record.facility for record in log.records] == [1, 0]
    assert find_events(log) == ()


@pytest.mark.parametrize("path", sorted(set(LOGS.glob("*.log")) - INTERLEAVED), ids=lambda path: path.stem)
def test_events_do_not_overlap(path: Path) -> None:
    log = read_text_log(path.read_bytes())
    events = find_events(log)
    assert all(event.line < event.end_line for event in events)
    assert all(a.end_line <= b.line for a, b in pairwise(events))
    assert all(lines(log)[event.line] == event.headline for event in events)
