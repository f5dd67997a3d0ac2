"""Text that no kernel wrote: always a log, soon."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdive.log.chain import panic_chain
from kdive.log.from_text import read_text_log
from kdive.log.render import lines

LOGS = Path(__file__).parent.parent / "data" / "logs"
SIZE = 10 << 20
TIME_LIMIT_S = 10

PIECES = [
    b"[    1.000000] ", b"[    0.000000] ", b"\n", b"\r\n", b"<4>", b"Panic#1 Part1\n", b"{", b'{"MESSAGE":',
    b"__CURSOR=\n", b"INFO: task a:1 blocked for more than 1 seconds", b"Oops: 0000 [#1]\n",
    b"Nov 23 05:07:33 box kernel: ", b"6,1,2,-;", b"BUG: ", b"Kernel panic - not syncing: ", b"CPU: 0 PID: 1 Comm: x ",
    b"RIP: 0010:", b"f+0x1/0x2", b"Call Trace:\n", b" ? ", b"[#1]", b"<IRQ> ", b"\x1b[", b"\xff\xfe",
    b"Linux version 6\n", b"WARNING: CPU: 9 PID: 9 at a:1 f+0x1/0x2\n",
]  # fmt: skip


def read(data: bytes) -> None:
    log = read_text_log(data)
    numbered = lines(log)
    chain = panic_chain(log)
    for event in chain.events:
        assert 0 <= event.line < event.end_line <= len(numbered)


@given(st.binary(max_size=2000))
def test_any_bytes_give_a_log(data: bytes) -> None:
    read(data)


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=20), max_size=40).map(b"".join))
def test_any_pieces_of_logs_give_a_log(data: bytes) -> None:
    read(data)


@given(st.sampled_from(sorted(LOGS.glob("*.log"))), st.data())
def test_damaged_logs_give_a_log(path: Path, data: st.DataObject) -> None:
    text = bytearray(path.read_bytes())
    for at in data.draw(st.lists(st.integers(0, len(text) - 1), max_size=8)):
        text[at] ^= 1 << data.draw(st.integers(0, 7))
    read(bytes(text[: data.draw(st.integers(0, len(text)))]))


@pytest.mark.parametrize(
    "line",
    [
        "watchdog: BUG: soft lockup - CPU#{n} stuck for {n}s! [a:{n}]",
        "CPU: {n} PID: {n} Comm: a Not tainted 6.1.0 #1",
        "Oops: 0000 [#{n}]",
        "rcu: INFO: rcu_sched self-detected stall on CPU\nrcu: {n}-....: (1 ticks this GP)",
        "INFO: rcu_sched self-detected stall on CPU {{ {n}}}",
        "WARNING: CPU: {n} PID: {n} at a.c:{n} f+0x{n}/0x{n}\nCall Trace:\n f+0x{n}/0x{n}",
        "BUG: unable to handle page fault for address: {n}\nOops: 0002 [#1]\nRIP: 0010:{n}\nCR2: {n}",
        "NMI backtrace for cpu {n}",
        "6,{n},{n},-;text",
        "[{n}.000000] text",
    ],
)
def test_numbers_of_thousands_of_digits_are_no_trouble(line: str) -> None:
    text = "BUG: kernel NULL pointer dereference, address: 0\n" + line.format(n="9" * 5000)
    log = read_text_log(text.encode())
    for event in panic_chain(log).events:
        assert (event.cpu or 0) < 1 << 32 and (event.pid or 0) < 1 << 40 and (event.die_counter or 0) < 1 << 32
        assert all((frame.offset or 0) < 1 << 64 for frame in event.frames)
        assert (event.address or 0) < 1 << 64


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [
        b"[    1.000000] Kernel panic - not syncing: x\n",
        b"[    1.000000] WARNING: CPU: 0 PID: 1 at a.c:1 f+0x1/0x2\n[    1.000000] Call Trace:\n",
        b"[    1.000000]  ? f+0x1/0x2\n",
        b"[    1.000000] BUG: BUG: BUG " + b"a" * 300 + b"\n",
        b"BUG: unable to handle kernel NULL pointer dereference" + b" " * 4000 + b"\n",
        b"INFO: task " + b":1 blocked for " * 500 + b"\n",
        b"[    1.000000] [    1.000000] [    1.000000] [    1.000000] ",
        b"[    5.000000] a\n[    0.000000] Linux version 6.1\n",
        b"RIP: " + b"0010:" * 1000 + b"\n",
        b"<IRQ> " * 1000 + b"\n",
        b"<" * 7000 + b"\n",
        b"\x1b[" * 4000 + b"\n",
        b"CPU: 0 PID: 1 Comm: " + b"Tainted: G " * 600 + b"\n",
        b"CPU: 0 PID: 1 Comm: a Tainted: " + b"A " * 3000 + b"\n",
        b"Call Trace:\n" + b" " * 8000 + b"\n",
        b'{"MESSAGE": "x", "_TRANSPORT": "kernel", "_BOOT_ID": "a"}\n{"MESSAGE": "x", "_BOOT_ID": "b"}\n',
        b"{\n",
        b"a\r",
        b"[    1.000000] a\n[    0.000000] b\n",
        b"[" * 5000 + b"\n",
        b"Panic#1 Part1\nPanic#2 Part2\n",
        b"sysrq: Trigger a crash\n",
        b"nvme nvme0: I/O timeout\n",
        b"\n",
        b"a",
    ],
)  # fmt: skip
def test_ten_megabytes_of_anything_take_less_than_ten_seconds(line: bytes) -> None:
    data = line * (SIZE // len(line))
    start = time.process_time()
    read(data)
    assert time.process_time() - start < TIME_LIMIT_S
