"""Copies of secrets: in freed memory, on stacks, in buffers on their way.

Of eight words of a secret, each a byte further than the one before, a copy at any alignment has one at a multiple of
eight.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from kdive.engine.erase import Erasure
from kdive.engine.find_words import WordSearch
from kdive.engine.page_reader import Pages
from kdive.kernel.secrets.view import Secret, View
from kdive.symbols.failures import FAILURES

LEAST_BYTES = 16  # of a secret that is looked for: shorter ones are found by chance
_WORD = 8
_MOST_BYTES = 4096  # that are compared
_VALUES_LIMIT = 1 << 16
_LEAST_VARIETY = 4  # different bytes in a word that is looked for: zeros are everywhere
_STARTS_LIMIT = 512  # of a text that are tried


class Copies:
    """What the secrets of a kernel held, to be recognised in pages."""

    def __init__(self, view: View, secrets: Sequence[Secret]) -> None:
        self._order = view.kernel.memory.byte_order
        self._values: dict[int, list[tuple[int, bytes, str]]] = {}
        texts: set[bytes] = set()
        for secret in secrets:
            text = _text(view, secret) if secret.unique and secret.size >= LEAST_BYTES else b""
            anchor = _anchor(text)
            if anchor is not None and text not in texts and len(texts) < _VALUES_LIMIT:
                texts.add(text)
                for start in range(anchor, anchor + _WORD):
                    word = int.from_bytes(text[start : start + _WORD], self._order)
                    self._values.setdefault(word, []).append((start, text, secret.what))
        self._search = WordSearch(self._values, view.kernel.memory.dump.order)

    def find(self, pfns: NDArray[np.int64], pages: Pages) -> Iterator[Erasure]:
        """The copies in these pages; of one that reaches out of them, what lies in them."""
        page_size = pages.shape[1]
        memory = np.ascontiguousarray(pages).reshape(-1)
        borders = np.flatnonzero(np.diff(pfns) != 1) + 1
        for place, word in self._search.find(pfns, pages):
            row = int(np.searchsorted(pfns, place // page_size))
            run = int(np.searchsorted(borders, row, "right"))
            run_start = int(borders[run - 1]) * page_size if run else 0
            run_end = int(borders[run]) * page_size if run < len(borders) else len(memory)
            here = row * page_size + place % page_size
            for start, text, what in self._values[word]:
                first, end = max(here - start, run_start), min(here - start + len(text), run_end)
                skipped = first - (here - start)
                if memory[first:end].tobytes() == text[skipped : skipped + end - first]:
                    yield Erasure(place - (here - first), end - first, what)


def _anchor(text: bytes) -> int | None:
    """Where eight words begin, one byte further each, that are not found by chance; None where there are none."""
    good = 0
    for start in range(min(len(text) - _WORD + 1, _STARTS_LIMIT)):
        good = good + 1 if len(set(text[start : start + _WORD])) >= _LEAST_VARIETY else 0
        if good == _WORD:
            return start - _WORD + 1
    return None


def _text(view: View, secret: Secret) -> bytes:
    try:
        size = min(secret.size, _MOST_BYTES)
        text: bytes = view.program.read(secret.address, size, physical=secret.physical)
        return text
    except FAILURES:
        return b""
