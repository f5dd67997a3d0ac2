"""Which log a kernel keeps and how it is laid out, over recorded layouts of many kernels."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from kdive.compat import printk
from kdive.errors import DumpDamagedError
from kdive.formats import vmcoreinfo

LAYOUTS = Path(__file__).parent.parent / "data" / "layouts"


def recorded(name: str) -> dict[str, str]:
    return vmcoreinfo.parse((LAYOUTS / f"{name}.vmcoreinfo").read_bytes())


@pytest.mark.parametrize(
    ("name", "prb", "ring_size", "size_bits_at"),
    [
        ("debian-5.10.0-32", 0xFFFFFFFF8C8597E0, 80, 40),
        ("debian-6.1.0-56", 0xFFFFFFFFB5C622C0, 88, 48),
        ("debian-6.12.117", 0xFFFFFFFF8345C040, 88, 48),
    ],
)
def test_kernels_from_5_10_on_have_a_ring(name: str, prb: int, ring_size: int, size_bits_at: int) -> None:
    layout = printk.ring_layout(recorded(name), "<", 8)
    assert layout is not None
    assert (layout.prb, layout.ring.size, layout.desc.size, layout.info.size) == (prb, ring_size, 24, 88)
    ring = struct.pack("<IxxxxQQQQ", 12, 1, 2, 3, 4).ljust(size_bits_at, b"\0")
    ring = (ring + struct.pack("<IxxxxQQQ", 17, 5, 6, 7)).ljust(ring_size, b"\0")
    assert layout.ring.read(ring) == (12, 1, 2, 3, 4, 17, 5)
    info = struct.pack("<QQHBBI", 10, 20, 30, 1, 0b110_00010, 50).ljust(88, b"\0")
    assert layout.info.read(info) == (10, 20, 30, 1, 0b110_00010, 50)
    assert printk.records_layout(recorded(name), "<") is None
    assert printk.buffer_layout(recorded(name)) is None


def test_rhel_7_has_records_under_their_first_name() -> None:
    info = recorded("centos-3.10.0-1160")
    assert printk.ring_layout(info, "<", 8) is None
    layout = printk.records_layout(info, "<")
    assert layout is not None
    assert (layout.log_buf, layout.log_first_idx, layout.log_next_idx) == (
        0xFFFFFFFF81A20000,
        0xFFFFFFFF81A20010,
        0xFFFFFFFF81A20014,
    )
    assert layout.record.read(struct.pack("<QHHHBB", 5, 32, 11, 2, 3, 4)) == (5, 32, 11, 2, 3, 4)


def test_the_caller_of_5_1_is_there_where_it_is_configured() -> None:
    info = {key.replace("(log.", "(printk_log."): value for key, value in recorded("centos-3.10.0-1160").items()}
    del info["SIZE(log)"]
    info |= {"SIZE(printk_log)": "24", "OFFSET(printk_log.caller_id)": "16"}
    layout = printk.records_layout(info, "<")
    assert layout is not None
    assert layout.record.read(struct.pack("<QHHHBBIxxxx", 5, 32, 11, 2, 3, 4, 99)) == (5, 32, 11, 2, 3, 4, 99)


def test_kernels_before_3_5_have_a_plain_buffer() -> None:
    info = {"SYMBOL(log_buf)": "c0800000", "SYMBOL(log_end)": "c0800008", "SYMBOL(log_buf_len)": "c0800004"}
    assert printk.records_layout(info, "<") is None
    assert printk.buffer_layout(info) == printk.BufferLayout(
        log_buf=0xC0800000,  # type: ignore[arg-type]
        log_buf_len=0xC0800004,  # type: ignore[arg-type]
        log_end=0xC0800008,  # type: ignore[arg-type]
        logged_chars=None,
    )


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("OFFSET(printk_info.seq)", "", "does not give"),
        ("OFFSET(printk_info.seq)", "-8", "does not give"),
        ("OFFSET(printk_info.seq)", "17", "overlaps"),
        ("OFFSET(prb_desc.text_blk_lpos)", "100", "not inside"),
        ("SIZE(prb_desc)", "99999999999999", "cannot have"),
        ("SIZE(prb_desc)", "0", "cannot have"),
    ],
)
def test_a_layout_that_cannot_be_is_damage(key: str, value: str, complaint: str) -> None:
    with pytest.raises(DumpDamagedError, match=complaint):
        printk.ring_layout(recorded("debian-6.1.0-56") | {key: value}, "<", 8)
