"""kallsyms tables, laid out as kernels of several generations do it; names are compressed like the build does."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

Symbols = Sequence[tuple[str, str, int]]  # nm(1) letter, name, address; by address

MERGES = 60


@dataclass(frozen=True)
class Tables:
    data: bytes
    addresses: dict[str, int]  # of each table, as VMCOREINFO names them


def build_tables(
    symbols: Symbols,
    start: int,
    *,
    form: str = "absolute_percpu",
    marker_width: int = 4,
    reordered: bool = False,
    sequence: bool = False,
    relative_base: int = 0,
) -> Tables:
    """The tables at the virtual address `start`.

    `form` is "absolute_percpu", "base_relative", "absolute" or "place_relative" (7.0); `marker_width` 8 is that of
    kernels before 5.0; `reordered` puts the addresses last, as since 6.4; `sequence` has kallsyms_seqs_of_names in the
    place that it had from 6.2 to 6.3.
    """
    tokens, compressed = compress_names([letter.encode() + name.encode() for letter, name, _ in symbols])
    names, markers = b"", []
    for number, name in enumerate(compressed):
        if number % 256 == 0:
            markers.append(len(names))
        length = bytes([len(name)]) if len(name) < 128 else bytes([0x80 | len(name) & 0x7F, len(name) >> 7])
        names += length + name
    strings, index = b"", []
    for token in tokens:
        index.append(len(strings))
        strings += token + b"\0"
    count = len(symbols)
    named = [
        ("kallsyms_num_syms", count.to_bytes(4, "little")),
        ("kallsyms_names", names),
        ("kallsyms_markers", struct.pack(f"<{len(markers)}{'I' if marker_width == 4 else 'Q'}", *markers)),
        ("kallsyms_token_table", strings),
        ("kallsyms_token_index", struct.pack("<256H", *index)),
    ]
    if sequence:
        order = sorted(range(count), key=lambda number: symbols[number][1])
        named.insert(3, ("kallsyms_seqs_of_names", b"".join(number.to_bytes(3, "big") for number in order)))
    addresses = [address for _, _, address in symbols]
    before = [] if form == "place_relative" else _address_tables(addresses, form, relative_base)
    parts = [*named, *before] if reordered else [*before, *named]
    data, places = b"", {}
    for part, content in parts:
        places[part] = start + len(data)
        data += content + bytes(-len(content) % 8)
    if form == "place_relative":
        table = start + len(data)
        places["kallsyms_offsets"] = table
        data += b"".join(struct.pack("<i", a - (table + 4 * i)) for i, a in enumerate(addresses))
    return Tables(data, places)


def _address_tables(addresses: Sequence[int], form: str, base: int) -> list[tuple[str, bytes]]:
    if form == "absolute":
        return [("kallsyms_addresses", struct.pack(f"<{len(addresses)}Q", *addresses))]
    if form == "base_relative":
        offsets = struct.pack(f"<{len(addresses)}I", *(address - base for address in addresses))
    else:
        values = (address if address < base else base - 1 - address for address in addresses)
        offsets = struct.pack(f"<{len(addresses)}i", *values)
    return [("kallsyms_offsets", offsets), ("kallsyms_relative_base", base.to_bytes(8, "little"))]


def compress_names(names: Sequence[bytes]) -> tuple[list[bytes], list[bytes]]:
    """What each of the 256 codes stands for, and the names in codes. Most frequent pairs first, from code 255 down."""
    used = {code for name in names for code in name} | set(b"0123456789")
    tokens = [bytes([code]) if code in used else b"" for code in range(256)]
    compressed = list(names)
    merges = 0
    for code in range(255, -1, -1):
        if tokens[code] or merges == MERGES:
            continue
        pairs = Counter(pair for name in compressed for pair in pairwise(name))
        if not pairs or pairs.most_common(1)[0][1] < 2:
            break
        best, _ = pairs.most_common(1)[0]
        tokens[code] = tokens[best[0]] + tokens[best[1]]
        compressed = [name.replace(bytes(best), bytes([code])) for name in compressed]
        merges += 1
    return tokens, compressed
