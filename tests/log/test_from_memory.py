"""The bundled sample's log: counts from drgn's get_dmesg with debuginfo, lines from its serial console."""

from __future__ import annotations

import re
import struct
from itertools import pairwise
from pathlib import Path

import pytest

from kdive.dumpfile.open import open_dump
from kdive.errors import NoVerdictError
from kdive.facts.log import Log
from kdive.log.format import human
from kdive.log.from_memory import read_log
from kdive.memory.open import open_memory
from tests.build_dump import PAGE_SIZE, build_kdump
from tests.log.build_log import Records
from tests.memory.build_tables import build_tables


@pytest.fixture(scope="module")
def log(sample_vmcore: Path) -> Log:
    with open_dump(sample_vmcore) as dump:
        return read_log(open_memory(dump))


def test_every_record_is_read(log: Log) -> None:
    assert (log.source, len(log.records), log.lost_records, log.notes) == ("ring", 414, 0, ())
    assert [record.sequence for record in log.records] == list(range(414))


def test_time_level_facility_and_caller_are_read(log: Log) -> None:
    bug = next(record for record in log.records if record.text.startswith("kernel BUG at"))
    assert (bug.level, bug.facility, bug.caller) == (2, 0, "T104")
    assert bug.timestamp is not None and bug.timestamp // 1000 == 9701041
    assert log.records[0].text.startswith("Linux version 5.10.0-32-cloud-amd64 ")
    assert (log.records[0].level, log.records[0].caller) == (5, "T0")


def test_records_of_several_lines_keep_them(log: Log) -> None:
    (clock,) = (record for record in log.records if "trace_clock=local" in record.text)
    assert clock.text.split("\n")[-2:] == ['  "trace_clock=local"', "on the kernel command line"]


def crashed_lines(console: Path) -> list[str]:
    """Lines with a time stamp of the machine that crashed; the capture kernel's follow where the time falls back."""
    stamped = re.findall(r"^(\[ *(\d+\.\d{6})\] .*?)\r*$", console.read_text("utf-8", "replace"), re.MULTILINE)
    ends = (i for i, (one, other) in enumerate(pairwise(stamped), 1) if float(other[1]) < float(one[1]) - 1)
    return [line for line, _ in stamped[: next(ends, len(stamped))]]


def test_the_lines_are_those_of_the_console(log: Log, sample_console: Path) -> None:
    crashed = crashed_lines(sample_console)
    assert len(crashed) == 418
    # The console does not show debug messages; all that it shows is in the log.
    lines = set(human(log))
    assert [line for line in crashed if line not in lines] == []


def test_logs_of_more_dumps_are_those_of_their_consoles(more_samples: Path) -> None:
    checked = 0
    for vmcore in sorted(more_samples.glob("*.vmcore")):
        console = vmcore.with_suffix(".console.log")
        if not console.exists():
            continue
        with open_dump(vmcore) as dump:
            lines = set(human(read_log(open_memory(dump))))
        crashed = crashed_lines(console)
        assert len(crashed) > 100
        assert [line for line in crashed if line not in lines] == []
        checked += 1
    assert checked


def test_a_dump_without_vmcoreinfo_says_that_the_log_cannot_be_found(tmp_path: Path) -> None:
    path = tmp_path / "vmcore"
    path.write_bytes(build_kdump({1: b"page"}, vmcoreinfo=""))
    with open_dump(path) as dump, pytest.raises(NoVerdictError, match="log cannot be found"):
        read_log(open_memory(dump))


def test_a_kernel_that_names_no_log_says_so(tmp_path: Path) -> None:
    path = tmp_path / "vmcore"
    path.write_bytes(build_kdump({1: b"page"}))
    with open_dump(path) as dump, pytest.raises(NoVerdictError, match="names no log"):
        read_log(open_memory(dump))


def test_centos_7_with_its_kernel_moved_is_read_from_end_to_end(tmp_path: Path) -> None:
    """VMCOREINFO of 3.10 gives no phys_base, and the header of a hypervisor's dump is wrong about it."""
    layout = Path(__file__).parent.parent / "data" / "layouts" / "centos-3.10.0-1160.vmcoreinfo"
    phys_base, direct_map, buffer_at = 0x4C00000, 0xFFFF880000000000, 0x9000000

    def physical(symbol: int) -> int:
        return symbol - 0xFFFFFFFF80000000 + phys_base

    records = Records(size=4 * PAGE_SIZE, name="log")
    for number in range(1000):
        records.add(b"line %d" % number, ts_nsec=number * 10**6, dictionary=b"SUBSYSTEM=pci")
    variables = struct.pack("<QIIII", direct_map + buffer_at, 0, records.size, records.first_idx, records.next_idx)
    uts = b"".join(text.ljust(65, b"\0") for text in (b"Linux", b"node", b"3.10.0-1160.el7.x86_64"))
    root = physical(0xFFFFFFFF81A0C000)
    tables = build_tables(
        {0xFFFFFFFF81A00000: (physical(0xFFFFFFFF81A00000), 21), direct_map: (0, 30)},
        root=root,
        shifts=(39, 30, 21, 12),
        first_free=0x100000,
        table_entry=lambda at: at | 0x67,
        leaf_entry=lambda at, _: at | 0xE3,
    )
    pages = {
        **tables,
        physical(0xFFFFFFFF81A18000) >> 12: bytes(0x504) + uts,
        physical(0xFFFFFFFF81A20000) >> 12: variables,
        **{(buffer_at >> 12) + i: bytes(records.buffer[i * PAGE_SIZE : (i + 1) * PAGE_SIZE]) for i in range(4)},
    }
    path = tmp_path / "vmcore"
    path.write_bytes(build_kdump(pages, vmcoreinfo=layout.read_text(), codec="lzo", version=3, phys_base=0))
    with open_dump(path) as dump:
        memory = open_memory(dump)
        log = read_log(memory)
    assert (memory.phys_base, memory.kaslr_offset) == (phys_base, 0)
    assert [record.text for record in log.records] == [f"line {n}" for n in range(1000 - len(log.records), 1000)]
    assert len(log.records) == records.count
