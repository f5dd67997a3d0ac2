"""What the ways to the kallsyms tables have in common: reading one table, and telling whether all of them agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kdive.errors import DumpDamagedError
from kdive.formats.integers import integers
from kdive.formats.kallsyms import TOKENS, AddressForms, AddressOf, Kallsyms, Tokens
from kdive.memory.memory import Memory

TOKEN_TABLE_LIMIT = 8192  # bytes; expanded tokens, in practice about 1000
NAMES_LIMIT = 32 << 20  # bytes


def read_up_to(memory: Memory, address: int, size: int) -> bytes:
    """What follows `address`, with zeros for pages that are missing: tables may end right before one."""
    return bytes(memory.read_with_holes(address, size)[0])


def token_index(memory: Memory, address: int) -> Sequence[int]:
    return integers("H", memory.read(address, 2 * TOKENS), memory.dump.order)


def address_forms(
    memory: Memory, count: int, offsets: int | None, base: int | None, addresses: int | None
) -> Iterator[AddressOf]:
    order = memory.dump.order
    if offsets is not None:
        table = integers("i", memory.read(offsets, 4 * count), order)
        if base is None:
            yield AddressForms.place_relative(table, offsets)
        else:
            relative_base = memory.read_word(base)
            yield AddressForms.absolute_percpu(table, relative_base)
            yield AddressForms.base_relative(table, relative_base)
    if addresses is not None:
        word = memory.dump.word_size
        yield AddressForms.absolute(integers("Q" if word == 8 else "I", memory.read(addresses, word * count), order))


def agreeing(tokens: Tokens, names: list[bytes], forms: Iterator[AddressOf], stext: int) -> Kallsyms:
    """The table in the address form under which _stext lies where VMCOREINFO says."""
    found = Kallsyms(tokens, names, lambda index: 0)
    index = found.find("_stext")
    for address_of in forms if index is not None else ():
        if index is not None and address_of(index) == stext:
            return found.with_addresses(address_of)
    raise DumpDamagedError("the kallsyms tables do not agree with VMCOREINFO about _stext")
