"""The kallsyms tables of the crashed kernel: where VMCOREINFO says, else found by their shape."""

from __future__ import annotations

from collections.abc import Mapping

from kdive.errors import DumpDamagedError, ReadError
from kdive.facts.missing import known
from kdive.formats import vmcoreinfo
from kdive.formats.kallsyms import SYMBOLS_LIMIT, Kallsyms, Tokens, split_names
from kdive.memory.memory import Memory
from kdive.symbols.kallsyms_parts import (
    NAMES_LIMIT,
    TOKEN_TABLE_LIMIT,
    address_forms,
    agreeing,
    read_up_to,
    token_index,
)


def read_kallsyms(memory: Memory) -> Kallsyms:
    """Raises ReadError subclasses: the tables cannot be read, not be found, or do not agree with VMCOREINFO."""
    info = known(memory.dump.vmcoreinfo, {})
    stext = vmcoreinfo.symbol(info, "_stext")
    if stext is None:
        raise ReadError("VMCOREINFO does not say where the kernel's text starts (_stext)")
    why = ReadError("VMCOREINFO does not name the kallsyms tables, and they were not found in the kernel image")
    # 5fd8fea935a1, f09bddbd8661, v6.0
    if vmcoreinfo.symbol(info, "kallsyms_names") is not None:
        try:
            return _read_named(memory, info, stext)
        except ReadError as error:
            why = error
    from kdive.symbols.kallsyms_search import search_kallsyms

    found = search_kallsyms(memory, info, stext)
    if found is None:
        raise why
    return found


def _read_named(memory: Memory, info: Mapping[str, str], stext: int) -> Kallsyms:
    parts = ("kallsyms_num_syms", "kallsyms_names", "kallsyms_token_table", "kallsyms_token_index")
    num_syms, names, table, index = (vmcoreinfo.symbol(info, part) for part in parts)
    if num_syms is None or names is None or table is None or index is None:
        raise ReadError("VMCOREINFO names only some of the kallsyms tables")
    count = memory.read_u32(num_syms)
    _check_count(count)
    tokens = Tokens.read(read_up_to(memory, table, TOKEN_TABLE_LIMIT), token_index(memory, index))
    # The token table follows the names in every order seen so far; else a symbol's 24 bytes are ample.
    size = table - names if names < table <= names + NAMES_LIMIT else min(count * 24, NAMES_LIMIT)
    compressed, _ = split_names(read_up_to(memory, names, size), count)
    offsets = vmcoreinfo.symbol(info, "kallsyms_offsets")
    base = vmcoreinfo.symbol(info, "kallsyms_relative_base")
    addresses = vmcoreinfo.symbol(info, "kallsyms_addresses")
    forms = address_forms(memory, count, offsets, base, addresses)
    return agreeing(tokens, compressed, forms, stext)


def _check_count(count: int) -> None:
    if not 0 < count <= SYMBOLS_LIMIT:
        raise DumpDamagedError(f"kallsyms_num_syms is {count}")
