"""End to end, by the program itself: real dumps, with and without debuginfo, and console logs, to the known verdict."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import debug_vmlinux

BUNDLED = Path(__file__).parent.parent / "samples"


@dataclass(frozen=True)
class Sample:
    """A dump, the console log of the same crash, and what is right about both."""

    vmcore: Path
    console: Path
    truth: tuple[str, str | None, str | None]  # class, function, module


TRUTHS: dict[str, tuple[str, str | None, str | None]] = {
    "sample": ("kernel-bug", "zoo_bug_leaf", "crashzoo"),
    "5.10-bug": ("kernel-bug", "zoo_bug_leaf", "crashzoo"),
    "6.1-sysrq": ("sysrq", None, None),
    "6.12-null_deref": ("null-deref", "zoo_null_deref_leaf", "crashzoo"),
}
# arm64-RELEASE-KIND and arm64-RELEASE-pauth-KIND: the latter on a CPU with pointer authentication
ARM64_TRUTHS: dict[str, tuple[str, str | None, str | None]] = {
    "sysrq": ("sysrq", None, None),
    "null-deref": ("null-deref", "zoo_null_deref_leaf", "crashzoo"),
    "null-deref-timer": ("null-deref", "zoo_timer_leaf", "crashzoo"),
    "soft-lockup": ("soft-lockup", "zoo_soft_lockup_leaf", "crashzoo"),
}
for release in ("6.1", "6.12"):
    for variant in ("", "pauth-"):
        TRUTHS |= {f"arm64-{release}-{variant}{kind}": truth for kind, truth in ARM64_TRUTHS.items()}
# Functions that call nothing but the one that crashed leave no record of their caller: only x30 has it.
ARM64_STACKS = {
    "sysrq": ["panic", "sysrq_handle_crash"],
    "null-deref": ["zoo_null_deref_leaf", "zoo_null_deref_outer", "zoo_null_deref", "zoo_init", "do_one_initcall"],
    "null-deref-timer": ["zoo_timer_leaf", "zoo_timer_fn", "call_timer_fn"],
    "soft-lockup": ["zoo_soft_lockup_leaf", "zoo_soft_lockup_fn.constprop.0", "zoo_soft_lockup", "zoo_init"],
}


def samples() -> Iterator[Sample]:
    """The bundled one, and those in KDIVE_SAMPLES whose truth is known here."""
    for folder in (str(BUNDLED), os.environ.get("KDIVE_SAMPLES", "")):
        for vmcore in sorted(Path(folder).glob("*.vmcore")) if folder else ():
            if vmcore.stem in TRUTHS:
                yield Sample(vmcore, vmcore.with_suffix(".console.log"), TRUTHS[vmcore.stem])


SAMPLES = list(samples())
ARM64 = [sample for sample in SAMPLES if sample.vmcore.stem.startswith("arm64-")]
each_sample = pytest.mark.parametrize("sample", SAMPLES, ids=[sample.vmcore.stem for sample in SAMPLES])


def report(*arguments: str | Path, code: int = 0) -> dict[str, Any]:
    """What `kdive report --json` prints."""
    run = subprocess.run(
        [sys.executable, "-m", "kdive", "report", "--json", *map(str, arguments)], capture_output=True, text=True
    )
    assert run.returncode == code, run.stderr
    data: dict[str, Any] = json.loads(run.stdout)
    return data


def verdict(data: dict[str, Any]) -> tuple[str, str | None, str | None]:
    return data["verdict"]["class"], data["verdict"]["function"], data["verdict"]["module"]


def alone(sample: Sample, folder: Path) -> Path:
    """The dump by itself, with nothing beside it that could be taken for its debuginfo."""
    path = folder / "vmcore"
    path.symlink_to(sample.vmcore.resolve())
    return path


def vmlinux_of(data: dict[str, Any]) -> Path:
    """The debuginfo of the kernel of a report, from KDIVE_DEBUG_DIRS."""
    release = data["banner"]["release"]
    path = debug_vmlinux(release)
    if path is None:
        pytest.skip(f"KDIVE_DEBUG_DIRS holds no vmlinux of {release} (`make debuginfo` fetches the bundled sample's)")
    return path


@each_sample
def test_a_dump_alone_gives_the_right_verdict_with_names_and_types(sample: Sample, tmp_path: Path) -> None:
    data = report(alone(sample, tmp_path))
    assert verdict(data) == sample.truth
    assert data["rung"] == "btf"
    assert data["stack_source"] == "memory"


@each_sample
def test_brief_says_the_same_as_the_full_report(sample: Sample, tmp_path: Path) -> None:
    dump = alone(sample, tmp_path)
    assert verdict(report("--brief", dump)) == verdict(report(dump)) == sample.truth


@each_sample
def test_a_console_log_gives_the_same_verdict_and_signature_as_the_dump(sample: Sample, tmp_path: Path) -> None:
    from_log = report(sample.console)
    from_dump = report(alone(sample, tmp_path))
    assert verdict(from_log) == sample.truth
    assert from_log["rung"] == "log"
    assert from_log["signature"] == from_dump["signature"]
    assert from_log["signature"]["text"]


@each_sample
def test_the_dump_s_own_log_as_text_gives_the_same_report_as_the_dump(sample: Sample, tmp_path: Path) -> None:
    dmesg = subprocess.run(
        [sys.executable, "-m", "kdive", "dmesg", str(sample.vmcore)], capture_output=True, check=True
    ).stdout
    (tmp_path / "vmcore-dmesg.txt").write_bytes(dmesg)
    from_log = report(tmp_path / "vmcore-dmesg.txt")
    from_dump = report(alone(sample, tmp_path))
    assert verdict(from_log) == sample.truth
    assert from_log["signature"] == from_dump["signature"]


@each_sample
def test_debuginfo_gives_the_same_verdict_and_the_same_stack_plus_inlined_frames(
    sample: Sample, tmp_path: Path
) -> None:
    dump = alone(sample, tmp_path)
    without = report(dump)
    with_debuginfo = report("--vmlinux", vmlinux_of(without), dump)
    assert with_debuginfo["rung"] == "dwarf"
    assert verdict(with_debuginfo) == sample.truth
    assert with_debuginfo["signature"] == without["signature"]
    for ours, theirs in zip(without["stacks"], with_debuginfo["stacks"], strict=True):
        assert ours["pid"] == theirs["pid"]
        outlined = [frame["pc"] for frame in theirs["frames"] if frame["how"] != "inline"]
        assert [frame["pc"] for frame in ours["frames"]] == outlined


def test_stacks_of_arm64_have_the_callers_that_no_frame_record_tells(tmp_path: Path) -> None:
    if not ARM64:
        pytest.skip("KDIVE_SAMPLES is not set, or names no dumps of arm64 (arm64-6.1-null-deref.vmcore …)")
    for sample in ARM64:
        data = report(sample.vmcore)
        crashed = next(stack for stack in data["stacks"] if stack["crashed"])
        functions = [frame["function"] for frame in crashed["frames"]]
        expected = next(stack for kind, stack in ARM64_STACKS.items() if sample.vmcore.stem.endswith(kind))
        start = functions.index(expected[0])
        assert functions[start : start + len(expected)] == expected, sample.vmcore.stem
        assert functions[-1] in ("el0t_64_sync", "ret_from_fork", "__primary_switched", "__secondary_switched")
        assert "" not in functions


def test_a_vmlinux_of_another_kernel_is_refused_with_both_named(sample_vmcore: Path, tmp_path: Path) -> None:
    others = [sample for sample in SAMPLES if "5.10" not in sample.vmcore.stem and sample.vmcore.stem != "sample"]
    if not others:
        pytest.skip("KDIVE_SAMPLES is not set: there is no dump of another kernel")
    wrong = vmlinux_of(report(sample_vmcore))
    data = report("--vmlinux", wrong, others[0].vmcore, code=3)
    assert data["verdict"] is None
    assert "5.10.0-32-cloud-amd64" in data["error"]["message"]
    assert report("--vmlinux", wrong, "--force", sample_vmcore)["rung"] == "dwarf"
