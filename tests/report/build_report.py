"""A report of the bundled sample's crash, and variations of it, built by hand."""

from __future__ import annotations

from dataclasses import replace

from kdive.facts.crash import Facts, PanicChain, Rung
from kdive.facts.log import Log, LogEvent, LogRecord
from kdive.facts.machine import Banner, Container, Cpu, Cpus, MemoryTotals, Module, Modules, Task, Tasks
from kdive.facts.missing import Missing
from kdive.facts.stacks import Frame, Registers, Stack, Stacks
from kdive.facts.verdict import Diagnosis, Evidence, Finding, Report, Signature, SkippedFrame, UncheckedRule
from kdive.units import Address, ByteCount, Nanoseconds, UnixSeconds

LOG_LINES = (
    "crashzoo: loading out-of-tree module taints kernel.",
    "------------[ cut here ]------------",
    "kernel BUG at crashzoo.c:59!",
    "invalid opcode: 0000 [#1] SMP NOPTI",
    "CPU: 0 PID: 104 Comm: insmod Kdump: loaded Tainted: G           OE     5.10.0-32-cloud-amd64 #1",
    "RIP: 0010:zoo_bug_leaf+0x16/0x20 [crashzoo]",
    "Modules linked in: crashzoo(OE+) virtio_blk virtio_pci virtio virtio_ring",
)

FRAMES = (
    Frame("exc_invalid_op", pc=Address(0xFFFFFFFF8C2E8C4E), offset=0x4E, size=0x70, context="exception"),
    Frame("zoo_bug_leaf", "crashzoo", Address(0xFFFFFFFFC0000016), 0x16, 0x20, context="task", interrupted=True),
    Frame("zoo_bug", "crashzoo", Address(0xFFFFFFFFC000002C), 0xC, 0x20, context="task"),
    Frame("do_one_initcall", pc=Address(0xFFFFFFFF8B802344), offset=0x44, size=0x1E0, context="task"),
)

VERDICT = Finding(
    class_="kernel-bug",
    title="kernel BUG in zoo_bug_leaf [crashzoo]",
    confidence="certain",
    evidence=(
        Evidence("log:2", LOG_LINES[2], "headline", "E1"),
        Evidence("stack:crashed#1", "zoo_bug_leaf+0x16 [crashzoo]", "frame", "E2"),
    ),
    function="zoo_bug_leaf",
    module="crashzoo",
    explanation="The code checked a condition that must never be true, found it true, and stopped the machine.",
    next_steps=("Give this report to the people who make the module crashzoo.",),
    skipped=(SkippedFrame("exc_invalid_op", "", "T0.exception"),),
    rule="kernel_bug",
)

CRASHED = Stack(FRAMES, pid=104, comm="insmod", task=Address(0xFFFF9843C2F90000), cpu=0, on_cpu=True, crashed=True)
IDLE = Stack((Frame("native_safe_halt"), Frame("default_idle")), pid=0, comm="swapper/1", cpu=1, on_cpu=True)


def _blocked(pid: int) -> Stack:
    frames = (Frame("__schedule"), Frame("rwsem_down_write_slowpath"), Frame("do_unlinkat"))
    return Stack(frames, pid=pid, comm=f"rm{pid}", task=Address(0xFFFF984300000000 + pid), state="UN")


def _task(pid: int) -> Task:
    return Task(
        pid, pid, 1, f"rm{pid}", "UN", 1, Address(0xFFFF984300000000 + pid), False, False, Nanoseconds(125 * 10**9)
    )


BANNER = Banner(
    kernel=Missing("no debuginfo"),
    dumpfile="sample.vmcore",
    partial=True,
    cpus=2,
    cpus_offline=1,
    date=UnixSeconds(1763892000),
    uptime=Nanoseconds(2 * 86400 * 10**9 + 9 * 10**9),
    load_average=(0.08, 0.02, 0.01),
    tasks=63,
    nodename="zoo",
    release="5.10.0-32-cloud-amd64",
    version="#1 SMP Debian 5.10.223-1 (2024-08-10)",
    machine="x86_64",
    cpu_khz=2445123,
    memory=ByteCount(384 << 20),
    panic="kernel BUG at crashzoo.c:59!",
    pid=104,
    command="insmod",
    task=Address(0xFFFF9843C2F90000),
    thread_info=Address(0xFFFF9843C2F90000),
    cpu=0,
    state="TASK_RUNNING (PANIC)",
)


def sample_report() -> Report:
    """All that a report can hold."""
    event = LogEvent("bug-at", 2, 7, LOG_LINES[2], cpu=0, pid=104, comm="insmod", frames=FRAMES[1:])
    facts = Facts(
        container=Container(
            "sample.vmcore", "kdump-compressed", 6, ("zstd",), 31, ByteCount(13 << 20), 1, 98000, 13333
        ),
        rung=Rung("btf", "no vmlinux was found", "install linux-image-5.10.0-32-cloud-amd64-dbg"),
        banner=BANNER,
        log=Log(tuple(LogRecord(line, Nanoseconds(9 * 10**9)) for line in LOG_LINES), "ring"),
        panic_chain=PanicChain((event,), first_fault=event, last_oops=event),
        registers=(Registers(0, {"rip": 0xFFFFFFFFC0000016}, 104), Registers(1, Missing("no note"))),
        stacks=Stacks((CRASHED, IDLE, _blocked(200), _blocked(201))),
        cpus=Cpus((Cpu(0, True, True, 104, "insmod"), Cpu(1, True, False, 0, "swapper/1"))),
        tasks=Tasks((_task(200), _task(201))),
        modules=Modules(
            (
                Module("crashzoo", Address(0xFFFFFFFFC0000000), ByteCount(16384), "OE", "coming"),
                Module("virtio_blk", Address(0xFFFFFFFFC0010000), ByteCount(20480)),
            ),
            "OE",
        ),
        memory=MemoryTotals(ByteCount(384 << 20), ByteCount(96 << 20), slab=Missing("no vmstat")),
    )
    diagnosis = Diagnosis(
        VERDICT,
        Signature("kd1:kernel-bug:zoo_bug_leaf:crashzoo", "abcdefghijklm"),
        (VERDICT,),
        (UncheckedRule("oom", "page excluded"),),
    )
    return Report(facts, diagnosis, FRAMES, "memory", ("banner.kernel: no debuginfo", "memory.slab: no vmstat"))


def report_with(verdict: Finding | None) -> Report:
    """The sample's report with another verdict."""
    report = sample_report()
    findings = (verdict,) if verdict else ()
    return replace(report, diagnosis=replace(report.diagnosis, verdict=verdict, findings=findings))


def bare_report() -> Report:
    """A report on a dump of which nothing could be read."""
    nothing = Missing("page excluded at dump level 31")
    facts = Facts(Container("x", "elf"), Rung("vmcoreinfo"), Banner(), nothing, nothing)
    return Report(facts, Diagnosis(None, Signature("", "")), (), "", ("log: page excluded at dump level 31",))


HOSTILE = "\x1b]0;owned\x07\x1b[2J<script>alert(1)</script>`rm -rf`|@all [x](http://e.vil)\u202e\r\n# head\x00\x9b"


def hostile_report() -> Report:
    """The sample's report with hostile text wherever a dump can put text."""
    report = sample_report()
    frame = Frame(HOSTILE, HOSTILE, source=HOSTILE)
    evidence = (Evidence(HOSTILE, HOSTILE, "headline", "E1"),)
    verdict = replace(
        VERDICT, title=HOSTILE, explanation=HOSTILE, evidence=evidence, function=HOSTILE, doubts=(HOSTILE,)
    )
    facts = replace(
        report.facts,
        banner=replace(BANNER, command=HOSTILE, nodename=HOSTILE, release=HOSTILE, panic=HOSTILE, version=HOSTILE),
        log=Log(tuple(LogRecord(HOSTILE.replace("\n", "")) for _ in LOG_LINES), "ring"),
        cpus=Cpus((Cpu(0, True, True, 1, HOSTILE),)),
        stacks=Stacks((replace(CRASHED, comm=HOSTILE), replace(_blocked(7), comm=HOSTILE))),
        modules=Modules((Module(HOSTILE, Address(0), ByteCount(1), HOSTILE),), HOSTILE),
        rung=Rung("btf", HOSTILE, HOSTILE, (HOSTILE,)),
    )
    diagnosis = replace(report.diagnosis, verdict=verdict, signature=Signature(HOSTILE, HOSTILE))
    return replace(report, facts=facts, diagnosis=diagnosis, stack=(frame,), missing=(f"{HOSTILE}: {HOSTILE}",))
