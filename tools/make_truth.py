"""Writes what the kernel's own debuginfo says of a dump: the yardstick for reports without debuginfo.

    python tools/make_truth.py VMLINUX VMCORE [MODULE.ko …] > samples/truth.json

It uses drgn's helpers and DWARF alone, nothing of kdive: inlined functions are marked, so that "the stack without
debuginfo is this one minus the inlined frames" can be checked.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import drgn
from drgn.helpers.linux.boot import kaslr_offset
from drgn.helpers.linux.cpumask import for_each_online_cpu, for_each_possible_cpu
from drgn.helpers.linux.mm import totalram_pages
from drgn.helpers.linux.module import for_each_module, module_taints
from drgn.helpers.linux.panic import tainted
from drgn.helpers.linux.pid import for_each_task
from drgn.helpers.linux.sched import cpu_curr, get_task_state, idle_task, loadavg, task_cpu
from drgn.helpers.linux.timekeeping import uptime
from drgn.helpers.linux.vmstat import nr_free_pages


def frames(program: drgn.Program, task: drgn.Object) -> list[dict[str, Any]]:
    """Function, offset in it (None for an inlined one) and file:line, innermost first."""
    found = []
    for frame in program.stack_trace(task):
        entry: dict[str, Any] = {"function": frame.name, "inline": frame.is_inline}
        if not frame.is_inline:
            entry["pc"] = f"{frame.pc:#x}"
        found.append(entry)
    return found


def add_init_part(module: drgn.Module) -> None:
    """Up to Linux 6.3 drgn leaves out the part of a module that runs once, where the stack of a crash in it goes on."""
    if isinstance(module, drgn.RelocatableModule) and hasattr(module.object, "init_layout"):
        layout = module.object.init_layout
        start = layout.base.value_()
        if start:
            module.address_ranges = [*(module.address_ranges or ()), (start, start + layout.size.value_())]


def main(vmlinux: str, vmcore: str, *modules: str) -> None:
    program = drgn.Program()
    program.set_core_dump(vmcore)
    program.load_debug_info([vmlinux])
    for module, _ in program.loaded_modules():
        add_init_part(module)
    program.load_debug_info(modules)
    threads = [idle_task(program, cpu) for cpu in for_each_possible_cpu(program)] + list(for_each_task(program))
    crashed = program.crashed_thread().object
    names = program["init_uts_ns"].name
    truth = {
        "banner": {
            "tasks": len(threads),
            "nodename": names.nodename.string_().decode(),
            "release": names.release.string_().decode(),
            "version": names.version.string_().decode(),
            "machine": names.machine.string_().decode(),
            "load_average": [round(value, 2) for value in loadavg(program)],
            "uptime_s": int(uptime(program)),
            "cpus": len(list(for_each_online_cpu(program))),
            "cpu_khz": program["cpu_khz"].value_(),
            "pid": crashed.pid.value_(),
            "command": crashed.comm.string_().decode(),
            "task": f"{crashed.value_():#x}",
            "cpu": task_cpu(crashed),
            "kaslr_offset": f"{kaslr_offset(program):#x}",
            "taints": tainted(program).replace(" ", ""),
        },
        "memory": {
            "total": totalram_pages(program) * program["PAGE_SIZE"].value_(),
            "free": nr_free_pages(program) * program["PAGE_SIZE"].value_(),
        },
        "tasks": [[task.pid.value_(), task.comm.string_().decode(), get_task_state(task)] for task in threads],
        "modules": [[module.name.string_().decode(), module_taints(module)] for module in for_each_module(program)],
        "crashed_stack": frames(program, crashed),
        "cpu_stacks": {cpu: frames(program, cpu_curr(program, cpu)) for cpu in for_each_online_cpu(program)},
    }
    json.dump(truth, sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
