"""makedumpfile's filter files, as its manual page describes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdive.errors import KdiveError
from kdive.formats.filter_config import Erase, Loop, Section, parse

MANUAL = b"""
erase jiffies
[mymodule]
erase array_var
erase mystruct1.buffer size 25
erase mystruct1.addr1 nullify
# Assuming addr2 points to 1024 bytes
erase mystruct1.addr2 size 1K   # a kilobyte
erase mystruct2.addr size mystruct2.addr_size
for mys1 in mystruct1 via next
    erase mys1.private
    erase mys1.key size mys1.key_size
endfor
for mys1 in s1_list_head.next within s1:list
    erase mys1.private
endfor
for mys1 in myarray
    erase mys1
endfor
"""


def test_every_form_of_the_manual_page_is_read() -> None:
    kernel, module = parse(MANUAL, "filter.conf")
    assert kernel == Section("vmlinux", (Erase(2, ("jiffies",)),))
    assert module.module == "mymodule"
    assert module.commands[:5] == (
        Erase(4, ("array_var",)),
        Erase(5, ("mystruct1", "buffer"), 25),
        Erase(6, ("mystruct1", "addr1"), nullify=True),
        Erase(8, ("mystruct1", "addr2"), 1024),
        Erase(9, ("mystruct2", "addr"), ("mystruct2", "addr_size")),
    )
    via, within, array = module.commands[5:]
    assert via == Loop(
        10,
        "mys1",
        ("mystruct1",),
        via="next",
        commands=(Erase(11, ("mys1", "private")), Erase(12, ("mys1", "key"), ("mys1", "key_size"))),
    )
    assert isinstance(within, Loop) and isinstance(array, Loop)
    assert (within.source, within.within) == (("s1_list_head", "next"), ("s1", "list"))
    assert (array.source, array.via, array.within) == (("myarray",), "", None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"erase", "f:1: erase"),
        (b"\nerase a.b size", "f:2: erase a.b size"),
        (b"erase a size 0", "f:1: 0: no size"),
        (b"erase a->b", "f:1: a->b: not a name"),
        (b"delete a", "f:1: delete: no such command"),
        (b"[mod", "f:1: [mod: not a section"),
        (b"for a in b\nerase a", "f:1: the loop does not end"),
        (b"for a in b\nfor c in a\nendfor\nendfor", "f:2: for: not in a loop"),
        (b"for a in b within c\nendfor", "f:1: : not a name"),
        (b"\xff\xfe", "f: not a text"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(text: bytes, message: str) -> None:
    with pytest.raises(KdiveError) as raised:
        parse(text, "f")
    assert raised.value.message.startswith(message)


@given(st.binary(max_size=200))
def test_any_bytes_give_sections_or_an_error(text: bytes) -> None:
    try:
        parse(text, "f")
    except KdiveError as error:
        assert error.hint
