"""VMCOREINFO as a table of keys, and its numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kdive.formats import vmcoreinfo

TEXT = b"""OSRELEASE=6.1.0-56-cloud-amd64
BUILD-ID=74ca
PAGESIZE=4096
SYMBOL(prb)=ffffffff8c8597e0
SIZE(printk_info)=88
OFFSET(printk_info.text_len)=16
LENGTH(free_area)=11
NUMBER(phys_base)=-597688320
NUMBER(TCR_EL1_T1SZ)=0x10
KERNELOFFSET=a200000
CRASHTIME=1795406136
noise without the sign
\0SYMBOL(after_the_end)=1
"""


def test_numbers_are_read_in_the_base_in_which_the_kernel_prints_them() -> None:
    info = vmcoreinfo.parse(TEXT)
    assert vmcoreinfo.symbol(info, "prb") == 0xFFFFFFFF8C8597E0
    assert vmcoreinfo.size(info, "printk_info") == 88
    assert vmcoreinfo.offset(info, "printk_info.text_len") == 16
    assert vmcoreinfo.length(info, "free_area") == 11
    assert vmcoreinfo.number(info, "phys_base") == -597688320
    assert vmcoreinfo.number(info, "TCR_EL1_T1SZ") == 16
    assert vmcoreinfo.kernel_offset(info) == 0xA200000
    assert vmcoreinfo.decimal(info, "CRASHTIME") == 1795406136


def test_what_is_not_there_or_no_number_is_none() -> None:
    info = vmcoreinfo.parse(TEXT + b"")
    assert vmcoreinfo.symbol(info, "after_the_end") is None
    assert vmcoreinfo.decimal(info, "OSRELEASE") is None
    assert vmcoreinfo.number({"NUMBER(x)": "9" * 5000}, "x") is None


def test_values_may_hold_the_sign_and_the_last_of_two_counts() -> None:
    assert vmcoreinfo.parse(b"a=1=2\na=3=4\n") == {"a": "3=4"}


@given(st.binary(max_size=3000))
def test_any_bytes_are_a_table(data: bytes) -> None:
    assert all("\n" not in key + value for key, value in vmcoreinfo.parse(data).items())
