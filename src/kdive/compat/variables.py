"""C types of the kernel variables that readers use, where neither DWARF nor BTF says them.

BTF types per-CPU variables at most; of all others a kernel without debuginfo gives name and address only. A wrong
type is worse than none: where a variable changed over time, each of its types names a type or member by which the
kernels it holds for are told. Arrays whose length a configuration sets have none here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


class Layout(Protocol):
    """Which types and members a kernel has."""

    def has_type(self, name: str) -> bool:
        """Whether `name`, as in "struct rq" or "note_buf_t", is a complete type."""

    def has_member(self, type_name: str, member: str) -> bool: ...


@dataclass(frozen=True)
class Declaration:
    """`type` holds for kernels that have what `where` names: "struct x", "struct x.member", or with "!" have not.

    A struct without a tag is given by its `members`, each with type and name.
    """

    type: str
    where: tuple[str, ...] = ()
    members: tuple[tuple[str, str], ...] = ()


def declaration(name: str, layout: Layout) -> Declaration | None:
    """How the kernel variable `name` is declared; None where it is not known for this layout."""
    candidates = VARIABLES.get(name, ())
    return next((one for one in candidates if all(_holds(condition, layout) for condition in one.where)), None)


def _holds(condition: str, layout: Layout) -> bool:
    if condition.startswith("!"):
        return not _holds(condition[1:], layout)
    type_name, dot, member = condition.partition(".")
    return layout.has_member(type_name, member) if dot else layout.has_type(type_name)


def _same(type_: str, names: str) -> dict[str, tuple[Declaration, ...]]:
    return {name: (Declaration(type_),) for name in names.split()}


# Conditions that tell generations of kernels apart, each with the change that brought it.
_TK_DATA = "struct tk_data"  # 20c7b582e88c "timekeeping: Move shadow_timekeeper into tk_core", v6.13
_XARRAY = "struct xarray"  # f8d5d0cc145c "xarray: Add definition of struct xarray", v4.20
_NODE_STATS = "enum node_stat_item"  # 75ef71840539 "mm, vmstat: add infrastructure for per-node vmstats", v4.8

_TIMEKEEPER = ("struct timekeeper", "timekeeper")

VARIABLES: Mapping[str, tuple[Declaration, ...]] = {
    # identity, boot
    **_same("struct uts_namespace", "init_uts_ns"),
    **_same("char *", "saved_command_line"),
    **_same("const char []", "linux_banner"),
    **_same("enum system_states", "system_state"),
    # tasks and scheduling
    **_same("struct task_struct", "init_task"),
    **_same("struct mm_struct", "init_mm"),
    **_same("struct pid_namespace", "init_pid_ns"),
    **_same("struct hlist_head *", "pid_hash"),
    **_same("unsigned int", "pidhash_shift nr_cpu_ids cpu_khz tsc_khz"),
    **_same("const char * const []", "task_state_array"),
    **_same("struct rq", "runqueues"),
    **_same("struct task_group", "root_task_group"),
    **_same("unsigned long [3]", "avenrun"),
    **_same("int", "nr_threads"),
    **_same("unsigned long", "process_counts"),
    **_same("struct kernel_cpustat", "kernel_cpustat"),
    **_same("struct kernel_stat", "kstat"),
    # CPUs
    **_same(
        "struct cpumask",
        "__cpu_possible_mask __cpu_present_mask __cpu_online_mask __cpu_active_mask __cpu_dying_mask watchdog_cpumask",
    ),
    **_same("atomic_t", "__num_online_cpus"),
    **_same("unsigned long []", "__per_cpu_offset"),
    **_same("struct cpuinfo_x86", "cpu_info"),
    "boot_cpu_data": (
        Declaration("struct cpuinfo_x86", ("struct cpuinfo_x86",)),
        Declaration("struct cpuinfo_arm64", ("struct cpuinfo_arm64",)),
    ),
    # stacks of x86-64
    **_same("struct task_struct *", "current_task"),
    **_same("unsigned long", "cpu_current_top_of_stack"),
    **_same("struct pcpu_hot", "pcpu_hot"),
    **_same("struct tss_struct", "cpu_tss_rw"),
    **_same("struct cea_exception_stacks *", "cea_exception_stacks"),
    **_same("struct exception_stacks", "exception_stacks"),
    **_same("struct orig_ist", "orig_ist"),
    **_same("union irq_stack_union", "irq_stack_union"),
    # struct irq_stack * before 951c2a51ae75 "x86/irq/64: Adjust the per CPU irq stack pointer by 8", v5.12: no member
    # tells them apart, and the pointer is all that readers use
    **_same("void *", "hardirq_stack_ptr"),
    # panic, oops, kexec
    **_same("atomic_t", "panic_cpu panic_redirect_cpu oops_count warn_count"),
    **_same(
        "int",
        "crashing_cpu panic_on_oops panic_timeout panic_on_warn panic_on_unrecovered_nmi panic_on_io_nmi"
        " oops_in_progress sysctl_panic_on_oom sysctl_panic_on_rcu_stall die_counter",
    ),
    **_same("unsigned int", "oops_limit warn_limit"),
    **_same("unsigned long", "tainted_mask panic_print panic_on_taint"),
    **_same("note_buf_t *", "crash_notes"),
    **_same("struct kimage *", "kexec_crash_image kexec_image"),
    **_same("struct resource", "crashk_res crashk_low_res iomem_resource ioport_resource"),
    # watchdogs, hung tasks, RCU
    **_same("int", "watchdog_thresh watchdog_user_enabled sysctl_hung_task_check_count sysctl_hung_task_warnings"),
    **_same("unsigned int", "softlockup_panic hardlockup_panic sysctl_hung_task_panic"),
    **_same(
        "unsigned long",
        "watchdog_enabled watchdog_touch_ts watchdog_report_ts"
        " sysctl_hung_task_timeout_secs sysctl_hung_task_check_interval_secs",
    ),
    **_same("struct rcu_state", "rcu_state rcu_sched_state rcu_bh_state rcu_preempt_state"),
    **_same("struct rcu_data", "rcu_data"),
    # modules
    **_same("struct list_head", "modules"),
    **_same("struct mod_tree_root", "mod_tree"),
    # time
    **_same("u64", "jiffies_64"),
    **_same("volatile unsigned long", "jiffies"),
    "tk_core": (
        Declaration("struct tk_data", (_TK_DATA,)),
        # 025e82bcbc34 "timekeeping: Use sequence counter with associated raw spinlock", v5.10
        Declaration("struct", ("seqcount_raw_spinlock_t",), (("seqcount_raw_spinlock_t", "seq"), _TIMEKEEPER)),
        Declaration("struct", (), (("seqcount_t", "seq"), _TIMEKEEPER)),
    ),
    "timekeeper_data": (Declaration("struct tk_data []", (_TK_DATA,)),),
    "timekeeper": (Declaration("struct timekeeper"),),
    "timer_bases": (Declaration("struct timer_base []"),),
    **_same("struct hrtimer_cpu_base", "hrtimer_bases"),
    **_same("struct tick_sched", "tick_cpu_sched"),
    # the log
    **_same("struct printk_ringbuffer *", "prb"),
    **_same("char *", "log_buf"),
    **_same("u32", "log_buf_len log_first_idx log_next_idx"),
    **_same("u64", "log_first_seq log_next_seq"),
    **_same("int [4]", "console_printk"),
    **_same("struct semaphore", "console_sem"),
    # memory
    **_same("unsigned long", "page_offset_base vmemmap_base vmalloc_base max_pfn min_low_pfn max_low_pfn"),
    **_same("void *", "high_memory"),
    **_same("pgd_t []", "swapper_pg_dir init_top_pgt"),
    **_same("atomic_long_t", "_totalram_pages nr_swap_pages"),
    # ca79b0c211af "mm: convert totalram_pages and totalhigh_pages variables to atomic", v5.0, renamed it
    **_same("unsigned long", "totalram_pages totalreserve_pages"),
    **_same("long", "total_swap_pages"),
    **_same("struct pglist_data *[]", "node_data"),
    **_same("struct pglist_data", "contig_page_data"),
    "vm_node_stat": (Declaration("atomic_long_t []", (_NODE_STATS,)),),
    "vm_zone_stat": (Declaration("atomic_long_t []", (_NODE_STATS,)),),
    "vm_stat": (Declaration("atomic_long_t []", ("!" + _NODE_STATS,)),),
    **_same("struct vm_event_state", "vm_event_states"),
    **_same("struct list_head", "slab_caches slab_root_caches vmap_area_list"),
    **_same("struct rb_root", "vmap_area_root"),
    **_same("struct vmap_node *", "vmap_nodes"),
    **_same("struct swap_info_struct *[]", "swap_info"),
    **_same("unsigned int", "nr_swapfiles nr_online_nodes"),
    # files, devices, network, the rest
    **_same("struct list_head", "super_blocks workqueues net_namespace_list pci_root_buses tty_drivers"),
    **_same("struct file_system_type *", "file_systems"),
    **_same("struct hlist_head *", "mount_hashtable"),
    **_same("struct net", "init_net"),
    **_same("struct class", "block_class"),
    **_same("struct kset *", "class_kset bus_kset module_kset"),
    **_same("struct idr", "prog_idr map_idr btf_idr link_idr worker_pool_idr cgroup_hierarchy_idr"),
    **_same("struct cgroup_root", "cgrp_dfl_root"),
    **_same("struct mutex", "module_mutex rtnl_mutex cgroup_mutex oom_lock"),
    **_same("struct maple_tree", "sparse_irqs"),
    # radix_tree_root is a macro for xarray since v4.20 (f8d5d0cc145c): BTF has the latter alone
    "irq_desc_tree": (
        Declaration("struct radix_tree_root", ("struct radix_tree_root",)),
        Declaration("struct xarray", (_XARRAY,)),
    ),
}
