"""Rules for struct pages, from VMCOREINFO as kernels print it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdive.compat.pages import Field, Hugetlb, PageRules, PageType, page_rules
from kdive.facts.missing import Missing
from kdive.formats import vmcoreinfo

# What Debian's 7.2.13 prints.
RECENT = """\
SIZE(page)=64
OFFSET(page.flags)=0
OFFSET(page._refcount)=52
OFFSET(page.mapping)=24
OFFSET(page.lru)=8
OFFSET(page._mapcount)=48
OFFSET(page.private)=40
OFFSET(page.compound_info)=8
LENGTH(zone.free_area)=11
NUMBER(PG_lru)=5
NUMBER(PG_private)=14
NUMBER(PG_swapcache)=10
NUMBER(PG_swapbacked)=17
NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)=-184549376
NUMBER(PG_hwpoison)=21
NUMBER(PG_head_mask)=64
NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-268435456
NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)=-201326592
NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-251658240
NUMBER(PAGE_UNACCEPTED_MAPCOUNT_VALUE)=-150994944
"""


def rules(text: str, word_size: int = 8) -> PageRules:
    found = page_rules(vmcoreinfo.parse(text.encode()), "<", word_size)
    assert not isinstance(found, Missing)
    return found


def lacking(*names: str) -> str:
    return "".join(line + "\n" for line in RECENT.splitlines() if not any(name in line for name in names))


def test_a_recent_kernel_names_all_there_is() -> None:
    found = rules(RECENT)
    assert found.unknown == ()
    assert found.tail == Field(8, 8)
    assert found.buddy == PageType(0xF0000000, 0xFF000000)
    assert found.slab == PageType(0xF5000000, 0xFF000000)
    assert found.unaccepted == PageType(0xF7000000, 0xFF000000)
    assert found.hugetlb == Hugetlb(page_type=PageType(0xF4000000, 0xFF000000))
    assert (found.order, found.head, found.hwpoison) == (Field(0, 1), 64, 1 << 21)
    assert found.typed


def test_values_printed_without_a_sign_are_the_same() -> None:
    assert rules(RECENT.replace("-268435456", "4026531840")) == rules(RECENT)


def test_types_before_they_had_a_byte_of_their_own_are_compared_whole() -> None:
    found = rules(RECENT.replace("-268435456", "-129").replace("-184549376", "-4097"))
    assert found.buddy == PageType(0xFFFFFF7F, 0xFFFFFFFF)
    assert not found.typed


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("compound_info", "memory of processes is kept: VMCOREINFO does not say how to tell the tails"),
        ("PAGE_SLAB", "memory of processes is kept: VMCOREINFO does not say how to tell slabs"),
        ("page.mapping", "memory of processes is kept: VMCOREINFO does not say where a struct page has its mapping"),
        ("PG_lru", "page cache is kept: VMCOREINFO does not name PG_lru and PG_private"),
        ("PAGE_BUDDY", "free pages are kept: VMCOREINFO does not name PAGE_BUDDY_MAPCOUNT_VALUE"),
        ("page._mapcount", "free pages are kept: VMCOREINFO does not name page._mapcount"),
        ("page.private", "free pages are kept: VMCOREINFO does not name page.private"),
        ("zone.free_area", "free pages are kept: VMCOREINFO does not name zone.free_area"),
        ("PG_head_mask", "of huge pages only the first page is recognised"),
    ],
)
def test_what_is_not_named_is_kept_and_said(name: str, reason: str) -> None:
    assert any(text.startswith(reason) for text in rules(lacking(name)).unknown)


def test_without_flags_nothing_can_be_told() -> None:
    for name in ("page.flags", "SIZE(page)"):
        assert isinstance(page_rules(vmcoreinfo.parse(lacking(name).encode()), "<", 8), Missing)


@pytest.mark.parametrize(
    ("lines", "order"),
    [
        ("OFFSET(page.compound_dtor)=40\nOFFSET(page.compound_order)=44\n", Field(44, 4)),  # v4.4, 64 bits
        ("OFFSET(page.compound_dtor)=24\nOFFSET(page.compound_order)=26\n", Field(26, 2)),  # v4.4, 32 bits
        ("OFFSET(page.compound_dtor)=16\nOFFSET(page.compound_order)=17\n", Field(17, 1)),  # v4.16
        ("OFFSET(folio._folio_dtor)=80\nOFFSET(folio._folio_order)=81\n", Field(17, 1)),  # v6.3
        ("NUMBER(PG_hugetlb)=8\n", Field(0, 1)),  # v6.6
        ("", None),
        ("OFFSET(page.compound_dtor)=16\nOFFSET(page.compound_order)=400\n", None),
    ],
)
def test_the_order_of_compound_pages_is_as_wide_as_its_place(lines: str, order: Field | None) -> None:
    text = lacking("PAGE_SLAB", "PAGE_HUGETLB") + "NUMBER(PG_slab)=9\n" + lines
    assert rules(text).order == order


def test_the_order_is_the_last_byte_of_the_flags_on_big_endian_machines() -> None:
    found = page_rules(vmcoreinfo.parse(RECENT.encode()), ">", 8)
    assert isinstance(found, PageRules)
    assert found.order == Field(7, 1)


@given(st.dictionaries(st.sampled_from([line.split("=")[0] for line in RECENT.splitlines()]), st.integers()))
def test_any_numbers_give_rules_whose_members_lie_inside_of_a_struct_page(numbers: dict[str, int]) -> None:
    text = RECENT + "".join(f"{name}={value}\n" for name, value in numbers.items())
    found = page_rules(vmcoreinfo.parse(text.encode()), "<", 8)
    if isinstance(found, PageRules):
        members = (found.flags, found.mapping, found.mapcount, found.private, found.tail, found.order)
        assert all(0 <= field.offset <= found.size - field.size for field in members if field)
        assert 0 <= found.head < 1 << 64
