"""Linked lists that do not come back to their head: circles, endless ones, links that lead nowhere."""

from __future__ import annotations

import struct
from collections.abc import Mapping

import drgn

from kdive.kernel.lists import ListWalk

HEAD = 0x1000
OFFSET = 8  # of the list_head in its structure


def program(links: Mapping[int, int]) -> drgn.Program:
    """A program whose memory holds `links`: address of a list_head → its next."""
    flags = drgn.PlatformFlags.IS_64_BIT | drgn.PlatformFlags.IS_LITTLE_ENDIAN
    made = drgn.Program(drgn.Platform(drgn.Architecture.X86_64, flags))
    memory = bytearray(0x10000)
    for address, following in links.items():
        struct.pack_into("<Q", memory, address, following)
    made.add_memory_segment(0, len(memory), lambda address, count, offset, physical: memory[offset : offset + count])
    return made


def walked(links: Mapping[int, int], limit: int = 100) -> tuple[list[int], str]:
    walk = ListWalk(program(links), limit)
    return list(walk.entries(HEAD, OFFSET)), walk.damage


def test_a_whole_list_gives_its_entries_and_no_damage() -> None:
    assert walked({HEAD: 0x2000, 0x2000: 0x3000, 0x3000: HEAD}) == ([0x2000 - OFFSET, 0x3000 - OFFSET], "")


def test_an_empty_list_has_no_entries() -> None:
    assert walked({HEAD: HEAD}) == ([], "")


def test_a_circle_that_leaves_out_the_head_ends() -> None:
    entries, damage = walked({HEAD: 0x2000, 0x2000: 0x3000, 0x3000: 0x2000})
    assert entries == [0x2000 - OFFSET, 0x3000 - OFFSET]
    assert "runs in a circle after 2 entries" in damage


def test_a_list_longer_than_its_bound_ends_there() -> None:
    links = {HEAD: 0x2000} | {address: address + 16 for address in range(0x2000, 0x8000, 16)}
    entries, damage = walked(links, limit=50)
    assert len(entries) == 50
    assert "more than 50 entries" in damage


def test_a_link_to_where_no_memory_is_ends_the_walk() -> None:
    entries, damage = walked({HEAD: 0x2000, 0x2000: 0xDEAD000000000100})
    assert entries == [0x2000 - OFFSET]
    assert "0xdead000000000100, which is not in the dump" in damage
