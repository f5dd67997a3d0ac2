"""Kinds of pages, over struct pages that were written for them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kdive.compat.pages import Field, PageRules, PageType, page_rules
from kdive.engine.classify import Classifier
from kdive.engine.kinds import PageKind, excluded_kinds
from kdive.facts.missing import Missing
from kdive.formats import vmcoreinfo
from kdive.formats.record import ByteOrder
from tests.engine.build_pages import GENERATIONS, KINDS, STRUCT_BYTES, Generation, Use, without

ONE_PAGE_EACH = [what for what in KINDS if what not in ("hugetlb", "unaccepted")]
RECENT = [name for name in GENERATIONS if name not in ("v2.6.38", "v3.9")]


def rules_of(generation: Generation) -> PageRules:
    rules = page_rules(vmcoreinfo.parse(generation.vmcoreinfo().encode()), "<", 8)
    assert not isinstance(rules, Missing)
    return rules


def kinds_of(generation: Generation, uses: list[Use], count: int = 64) -> list[PageKind]:
    return classify(rules_of(generation), generation.structs(uses, count))


def classify(rules: PageRules, structs: bytes | bytearray, readable: NDArray[np.bool_] | None = None) -> list[PageKind]:
    kinds = Classifier(rules).classify(np.frombuffer(structs, np.uint8), readable, 0)
    return [PageKind(kind) for kind in kinds.tolist()]


@pytest.mark.parametrize("name", GENERATIONS)
def test_pages_are_told_apart_by_what_each_generation_says(name: str) -> None:
    generation = GENERATIONS[name]
    known = [what for what in ONE_PAGE_EACH if what in generation.types or what not in ("offline", "poisoned")]
    if "hwpoison" in generation.bits:
        known.append("poisoned")
    old_swapcache = generation.bits["swapcache"] > generation.bits["private"]
    known = [what for what in known if not (what == "owned" and old_swapcache)]
    if name == "v2.6.38":
        known.remove("slab")  # its allocators leave `mapping` alone, and what marks slabs is not named
    uses = [Use(pfn, what) for pfn, what in enumerate(known)]
    kinds = kinds_of(generation, uses)
    assert {use.what: kinds[use.first] for use in uses} == {use.what: generation.kind(use.what) for use in uses}
    assert set(kinds[len(uses) :]) == {PageKind.KEPT}


@pytest.mark.parametrize("name", GENERATIONS)
def test_free_blocks_are_free_to_their_ends(name: str) -> None:
    generation = GENERATIONS[name]
    kinds = kinds_of(generation, [Use(8, "free", 3), Use(16, "free"), Use(32, "free", 4)])
    free = generation.kind("free")
    assert kinds[8:17] == [free] * 9
    assert kinds[32:48] == [free] * 16
    assert set(kinds[:8] + kinds[17:32] + kinds[48:]) == {PageKind.KEPT}


@pytest.mark.parametrize("name", RECENT)
def test_huge_pages_are_of_processes_to_their_ends(name: str) -> None:
    kinds = kinds_of(GENERATIONS[name], [Use(0, "anonymous", 3), Use(16, "hugetlb", 4), Use(32, "cache", 2)])
    assert kinds == (
        [PageKind.USER] * 8 + [PageKind.KEPT] * 8 + [PageKind.USER] * 16 + [PageKind.CACHE] * 4 + [PageKind.KEPT] * 28
    )


@pytest.mark.parametrize("name", RECENT)
@pytest.mark.parametrize("what", ["slab", "kernel", "large_kmalloc"])
def test_compound_pages_of_the_kernel_are_kept_whole(name: str, what: str) -> None:
    """From v6.6 on the second page's mapping is odd: who does not know its tails takes them for anonymous memory."""
    assert set(kinds_of(GENERATIONS[name], [Use(0, what, 1), Use(8, what, 3)])) == {PageKind.KEPT}


def test_processes_and_files_are_kept_where_tails_cannot_be_told() -> None:
    generation = replace(GENERATIONS["v7.1"], head_name="compound_something")
    rules = rules_of(generation)
    assert set(kinds_of(generation, [Use(0, "slab", 3), Use(8, "anonymous"), Use(9, "cache")])) == {PageKind.KEPT}
    assert [reason.split(":")[0] for reason in rules.unknown] == [
        "page cache is kept",
        "memory of processes is kept",
    ]


def test_slabs_are_told_by_their_type_alone_since_it_exists() -> None:
    """The bit that was PG_slab means something else there."""
    generation = replace(GENERATIONS["v6.12"], bits={**GENERATIONS["v6.12"].bits, "waiters": 7})
    structs = generation.structs([Use(0, "anonymous"), Use(1, "free")], 64)
    for page in (0, 1):
        structs[page * STRUCT_BYTES] |= 1 << 7
    assert classify(rules_of(generation), structs)[:2] == [PageKind.USER, PageKind.FREE]


def test_types_count_by_their_upper_byte() -> None:
    generation = GENERATIONS["v6.16"]
    structs = generation.structs([Use(0, "slab"), Use(1, "free"), Use(2, "offline")], 64)
    for page in range(3):
        structs[page * STRUCT_BYTES + 48] = 0x77
    assert classify(rules_of(generation), structs)[:3] == [PageKind.KEPT, PageKind.FREE, PageKind.OFFLINE]


def test_types_that_kdive_has_never_heard_of_are_kept() -> None:
    generation = GENERATIONS["v7.1"]
    structs = generation.structs([Use(0, "anonymous"), Use(1, "cache")], 64)
    for page in (0, 1):
        structs[page * STRUCT_BYTES + 48 : page * STRUCT_BYTES + 52] = (0xFA000000).to_bytes(4, "little")
    assert classify(rules_of(generation), structs)[:2] == [PageKind.KEPT, PageKind.KEPT]


def test_swapcache_says_nothing_without_swapbacked_where_the_bit_is_shared() -> None:
    rules = rules_of(without(GENERATIONS["v4.18"], "swapbacked"))
    assert rules.swapcache == 0
    assert rules_of(without(GENERATIONS["v3.17"], "swapbacked")).swapcache == 1 << 16


def test_unaccepted_memory_goes_in_blocks_of_the_largest_order() -> None:
    kinds = kinds_of(GENERATIONS["v7.1"], [Use(1024, "unaccepted", 10)], 4096)
    assert kinds[1024:2048] == [PageKind.UNACCEPTED] * 1024
    assert set(kinds[:1024] + kinds[2048:]) == {PageKind.KEPT}


@pytest.mark.parametrize(("order", "first"), [(11, 0), (3, 4), (1 << 40, 0), ((1 << 64) - 1, 0)])
def test_free_blocks_that_cannot_be_are_kept_and_counted(order: int, first: int) -> None:
    generation = GENERATIONS["v6.1"]
    structs = generation.structs([Use(first, "free")], 64)
    structs[first * STRUCT_BYTES + 40 : first * STRUCT_BYTES + 48] = order.to_bytes(8, "little")
    classifier = Classifier(rules_of(generation))
    kinds = classifier.classify(np.frombuffer(structs, np.uint8), None, 0)
    assert kinds[first] == PageKind.UNKNOWN
    assert np.count_nonzero(kinds) == 1
    assert classifier.doubts.bad_order == 1


def test_a_compound_page_of_an_impossible_size_gives_its_first_page_only() -> None:
    generation = GENERATIONS["v6.1"]
    structs = generation.structs([Use(4, "anonymous", 2)], 64)
    structs[5 * STRUCT_BYTES + 17] = 3  # pfn 4 cannot be the start of 8 pages
    kinds = classify(rules_of(generation), structs)
    assert [pfn for pfn, kind in enumerate(kinds) if kind == PageKind.USER] == [4]


def test_poisoned_pages_are_poisoned_whatever_else_they_are() -> None:
    """Whoever reads them may stop the machine."""
    generation = GENERATIONS["v6.16"]
    structs = generation.structs([Use(0, "anonymous", 3), Use(8, "free", 2), Use(16, "slab", 1)], 64)
    for page in (3, 9, 17):
        structs[page * STRUCT_BYTES + 2] |= 1 << 5  # bit 21
    kinds = classify(rules_of(generation), structs)
    assert [pfn for pfn, kind in enumerate(kinds) if kind == PageKind.HWPOISON] == [3, 9, 17]
    assert kinds[2] == PageKind.USER
    assert kinds[10] == PageKind.FREE


def test_struct_pages_that_cannot_be_read_are_unknown_unless_a_range_holds_them() -> None:
    generation = GENERATIONS["v6.1"]
    structs = generation.structs([Use(0, "free", 3), Use(16, "anonymous")], 64)
    readable = np.ones(64, np.bool_)
    readable[4:20] = False
    structs[4 * STRUCT_BYTES : 20 * STRUCT_BYTES] = bytes(16 * STRUCT_BYTES)
    kinds = classify(rules_of(generation), structs, readable)
    assert kinds[:8] == [PageKind.FREE] * 8
    assert kinds[8:20] == [PageKind.UNKNOWN] * 12
    assert kinds[20] == PageKind.KEPT


def test_struct_pages_that_were_never_initialised_are_unknown() -> None:
    generation = GENERATIONS["v7.1"]
    structs = generation.structs([], 64)
    structs[: 8 * STRUCT_BYTES] = b"\xff" * (8 * STRUCT_BYTES)
    assert classify(rules_of(generation), structs)[:9] == [PageKind.UNKNOWN] * 8 + [PageKind.KEPT]


def test_a_huge_page_goes_on_in_the_windows_behind_its_head() -> None:
    generation = GENERATIONS["v6.16"]
    classifier = Classifier(rules_of(generation))
    head = generation.structs([Use(64, "hugetlb", 6)], 64, first_pfn=64)
    head[STRUCT_BYTES] = 8  # order: 256 pages would not be aligned at 64
    kinds = classifier.classify(np.frombuffer(head, np.uint8), None, 64)
    assert np.count_nonzero(kinds == PageKind.USER) == 1
    head = generation.structs([Use(256, "hugetlb", 6)], 64, first_pfn=256)
    head[STRUCT_BYTES] = 8
    tails = generation.structs([Use(320, "kernel", 6)], 64, first_pfn=320)
    tails[:STRUCT_BYTES] = tails[STRUCT_BYTES : 2 * STRUCT_BYTES]
    for first_pfn in (256, 320, 384, 448):
        structs = head if first_pfn == 256 else tails
        kinds = classifier.classify(np.frombuffer(structs, np.uint8), None, first_pfn)
        assert set(kinds.tolist()) == {PageKind.USER}
    kinds = classifier.classify(np.frombuffer(tails, np.uint8), None, 512)
    assert set(kinds.tolist()) == {PageKind.KEPT}


def one_by_one(rules: PageRules, structs: bytes, count: int) -> list[PageKind]:
    """The decisions as the kernel's documentation has them: a page at a time, and over what a range holds."""

    def member(index: int, field: Field | None) -> int:
        assert field is not None
        start = index * rules.size + field.offset
        return int.from_bytes(structs[start : start + field.size], "little")

    def is_type(index: int, page_type: PageType | None) -> bool:
        return page_type is not None and member(index, rules.mapcount) & page_type.mask == page_type.value

    def decide(index: int) -> tuple[PageKind, int]:
        flags = member(index, rules.flags)
        slab, typed = is_type(index, rules.slab), 0xF0 <= member(index, rules.mapcount) >> 24 < 0xFF
        order = 0
        if flags & rules.head and index + 1 < count:
            order = member(index + 1, rules.order)
            if order >= 52 or index & (1 << order) - 1:
                order = 0
        anonymous = bool(member(index, rules.mapping) & 1) and not slab and not typed
        both = rules.swapcache | rules.swapbacked
        cache = (bool(flags & rules.lru) or flags & both == both) and not anonymous and not typed
        if member(index, rules.tail) & 1:
            return PageKind.KEPT, 0
        if not slab and is_type(index, rules.buddy):
            block = member(index, rules.private)
            good = block < (rules.free_areas or 0) and not index & (1 << block) - 1
            return (PageKind.FREE, block) if good else (PageKind.UNKNOWN, 0)
        if is_type(index, rules.unaccepted):
            return PageKind.UNACCEPTED, 10 if not index & 1023 else 0
        if cache:
            return PageKind.CACHE_PRIVATE if flags & rules.private_data else PageKind.CACHE, order
        huge = flags & rules.head and index + 1 < count and rules.hugetlb and is_type(index, rules.hugetlb.page_type)
        if anonymous or huge:
            return PageKind.USER, order
        if not slab and is_type(index, rules.offline):
            return PageKind.OFFLINE, order
        return PageKind.KEPT, 0

    kinds = [PageKind.KEPT] * count
    index = 0
    while index < count:
        kind, order = decide(index)
        pages = min(1 << order, count - index)
        kinds[index : index + pages] = [kind] * pages
        index += pages
    return kinds


FLAG_SETS = st.sets(st.sampled_from(["lru", "private", "swapcache", "swapbacked", "head"]))
PAGE = st.tuples(
    FLAG_SETS,
    st.sampled_from([0, 0, 2, 3]),  # order, in the struct page's own flags
    st.sampled_from([0xFFFFFFFF, 0, 3, *(top << 24 for top in (0xF0, 0xF1, 0xF2, 0xF4, 0xF5, 0xF7))]),
    st.sampled_from([0, 1]),  # mapping
    st.sampled_from([0, 0, 0, 1]),  # compound_info
    st.integers(0, 12),  # private
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PAGE, min_size=64, max_size=64))
def test_arrays_decide_as_page_after_page_does(pages: list[tuple[set[str], int, int, int, int, int]]) -> None:
    generation = GENERATIONS["v7.1"]
    structs = bytearray(64 * STRUCT_BYTES)
    for index, (flags, order, mapcount, mapping, info, private) in enumerate(pages):
        word = sum(1 << generation.bits[name] for name in flags) & ~0xFF | order | ("head" in flags) << 6
        word |= ("lru" in flags) << 5
        at = index * STRUCT_BYTES
        for offset, size, value in (
            (0, 8, word), (8, 8, info), (24, 8, mapping), (40, 8, private), (48, 4, mapcount),
        ):  # fmt: skip
            structs[at + offset : at + offset + size] = value.to_bytes(size, "little")
    rules = rules_of(generation)
    ours = classify(rules, structs)
    # A range within a larger one counts for nothing; larger ones may start inside of smaller ones only by damage.
    theirs = one_by_one(rules, bytes(structs), 64)
    assert ours == theirs


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1 << 32), st.sampled_from(sorted(GENERATIONS)))
def test_any_bytes_give_kinds(seed: int, name: str) -> None:
    kinds = classify(rules_of(GENERATIONS[name]), np.random.default_rng(seed).bytes(64 * STRUCT_BYTES))
    assert len(kinds) == 64
    assert PageKind.HOLE not in kinds


NUMBERS = [line.split("=")[0] for line in GENERATIONS["v7.1"].vmcoreinfo().splitlines()]
MORE_NUMBERS = ["NUMBER(PG_hugetlb)", "NUMBER(HUGETLB_PAGE_DTOR)", "SYMBOL(free_huge_page)", "OFFSET(page._count)"]
MORE_NUMBERS += ["OFFSET(page.compound_dtor)", "OFFSET(page.compound_order)", "NUMBER(PG_slab)"]


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(st.sampled_from(NUMBERS + MORE_NUMBERS), st.integers(-(1 << 70), 1 << 70) | st.integers(-9, 70)),
    st.sets(st.sampled_from(NUMBERS)),
    st.integers(0, 1 << 32),
    st.sampled_from([4, 8]),
    st.sampled_from(["<", ">"]),
)
def test_any_vmcoreinfo_gives_kinds(
    numbers: dict[str, int], absent: set[str], seed: int, word_size: int, order: ByteOrder
) -> None:
    info = vmcoreinfo.parse(GENERATIONS["v7.1"].vmcoreinfo().encode())
    info = {key: value for key, value in info.items() if key not in absent}
    info |= {key: f"{value:x}" if key.startswith("SYMBOL") else str(value) for key, value in numbers.items()}
    rules = page_rules(info, order, word_size)
    if not isinstance(rules, Missing):
        assert len(classify(rules, np.random.default_rng(seed).bytes(64 * rules.size))) == 64


def test_big_endian_struct_pages_are_read_as_such() -> None:
    rules = page_rules(vmcoreinfo.parse(GENERATIONS["v7.1"].vmcoreinfo().encode()), ">", 8)
    assert isinstance(rules, PageRules)
    structs = bytearray(64 * STRUCT_BYTES)
    for at, size, value in (
        (0, 8, 1 << 6 | 1 << 5), (24, 8, 0x1001), (48, 4, 3),  # an anonymous page's head, pfn 0
        (64, 8, 2), (64 + 8, 8, 0x1001),  # its tail says that it has four pages
        (8 * 64 + 48, 4, 0xF0000000), (8 * 64 + 40, 8, 3),  # a free block of eight pages, pfn 8
    ):  # fmt: skip
        structs[at : at + size] = value.to_bytes(size, "big")
    kinds = classify(rules, structs)
    assert kinds[:16] == [PageKind.USER] * 4 + [PageKind.KEPT] * 4 + [PageKind.FREE] * 8


@given(st.integers(0, 31), st.integers(0, 31))
def test_a_higher_level_keeps_a_subset(level: int, more: int) -> None:
    assert excluded_kinds(level) <= excluded_kinds(level | more)


def test_levels_exclude_what_makedumpfile_excludes() -> None:
    always = {PageKind.HWPOISON, PageKind.OFFLINE, PageKind.HOLE}
    assert excluded_kinds(0) == excluded_kinds(1) == always
    assert excluded_kinds(2) == always | {PageKind.CACHE}
    assert excluded_kinds(4) == always | {PageKind.CACHE, PageKind.CACHE_PRIVATE}
    assert excluded_kinds(8) == always | {PageKind.USER}
    assert excluded_kinds(16) == always | {PageKind.FREE, PageKind.UNACCEPTED}
    assert excluded_kinds(31) == set(PageKind) - {PageKind.KEPT, PageKind.UNKNOWN}
