"""What looks like a key or a password in the pages of a dump: how often, and where. Never what it is.

    for shape in find_key_shapes(memory): ...

Texts are found by their first bytes. An AES key that is in use lies expanded, and the expanded words give each other
away: all but every fourth is the one before it, combined with the one a key's length before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kdive.engine.aes_schedule import is_schedule, schedule_bytes
from kdive.engine.batches import zero_pages
from kdive.engine.kept_pages import kept_pages
from kdive.memory.memory import Memory
from kdive.units import Address

_PLACES_LIMIT = 32  # that are named for each shape
_CONTEXT_BYTES = 256  # of a text that are looked at


@dataclass(frozen=True)
class KeyShape:
    """One shape: how many places look like it, and the first of them."""

    name: str
    count: int
    places: tuple[Address, ...]  # physical


@dataclass(frozen=True)
class _Text:
    """`mark` is searched for; what is found counts when `whole` matches `before` bytes ahead of it."""

    name: str
    mark: bytes
    whole: bytes
    before: int = 0

    def matches(self, content: bytes, start: int) -> bool:
        """Whether what lies at `start` is all of it."""
        return re.compile(self.whole, re.S).match(content, start, start + _CONTEXT_BYTES) is not None


# A sequence: version 0, then the modulus of RSA, or as in PKCS #8 an algorithm's name.
_DER = rb"0\x82..\x02\x01\x00(?:\x02\x82[\x00-\x08].\x00|0[\x05-\x20]\x06[\x03-\x0b])"
# The first bytes of the moduli that every kernel carries to test its RSA. Source: crypto/testmgr.h
_TEST_KEYS = tuple(map(bytes.fromhex, ("d71e77828c9231e7", "db101ac2a3f1dcff", "c38b557b734dffe9")))
_MODULUS = 12  # bytes from the start of such a key
_VALUE = rb"[^\s\0%\"'<>{}$]{6,}"
_TEXTS = (
    _Text("private key (PEM)", b"PRIVATE KEY-----", rb"PRIVATE KEY-----\s+[A-Za-z0-9+/=:,\- \r\n]{24}"),
    _Text("private key (OpenSSH)", b"openssh-key-v1\0", rb"openssh-key-v1\0\0\0\0.[a-z0-9@.-]{4}"),
    _Text("private key (DER)", b"\x02\x01\x00", _DER, 4),
    _Text("JSON web token", b"eyJ", rb"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{16,}"),
    _Text("bearer token", b"Bearer ", rb"Bearer [\w.~+/=-]{16,}"),
    _Text("basic authorization", b"Authorization: Basic ", rb"Authorization: Basic [A-Za-z0-9+/=]{8,}"),
    *(
        _Text("password in a text", mark, mark + _VALUE)
        for mark in (b"assword=", b"PASSWORD=", b"asswd=", b"PASSWD=", b"assphrase=")
    ),
    _Text("cloud access key", b"AKIA", rb"AKIA[A-Z2-7]{16}(?![A-Z2-7])"),
)


@dataclass
class _Tally:
    count: int = 0
    places: list[Address] = field(default_factory=list)

    def add(self, place: int) -> None:
        self.count += 1
        if len(self.places) < _PLACES_LIMIT:
            self.places.append(Address(place))


def find_key_shapes(memory: Memory, looked_at: Callable[[int], None] = lambda pages: None) -> tuple[KeyShape, ...]:
    """The shapes that the dump's pages hold, by name. Raises DumpError as reading the dump does."""
    tallies: dict[str, _Tally] = {}
    for pfns, pages in kept_pages(memory, 0, looked_at):
        page_size = pages.shape[1]
        some = ~zero_pages(pages)
        pfns, pages = pfns[some], pages[some]
        for name, offset in _shapes(pages):
            place = int(pfns[offset // page_size]) * page_size + offset % page_size
            tallies.setdefault(name, _Tally()).add(place)
    return tuple(KeyShape(name, tally.count, tuple(tally.places)) for name, tally in sorted(tallies.items()))


def _shapes(pages: NDArray[np.uint8]) -> Iterator[tuple[str, int]]:
    """Name and offset of each shape in pages that lie one after the other."""
    content = pages.tobytes()
    for text in _TEXTS:
        for offset in _occurrences(content, text.mark):
            start = offset - text.before
            public = content.startswith(_TEST_KEYS, start + _MODULUS)
            if start >= 0 and not public and text.matches(content, start):
                yield text.name, start
    words = pages.reshape(-1).view(np.uint32)
    following = words[1:] ^ words[:-1]
    for key_words in (4, 6, 8):
        for index in _candidates(words, following, key_words):
            data = content[4 * index : 4 * index + schedule_bytes(key_words)]
            if is_schedule(data, key_words):
                yield f"AES-{32 * key_words} key schedule", 4 * index


def _occurrences(content: bytes, mark: bytes) -> Iterator[int]:
    offset = content.find(mark)
    while offset >= 0:
        yield offset
        offset = content.find(mark, offset + 1)


def _candidates(words: NDArray[np.uint32], following: NDArray[np.uint32], key_words: int) -> list[int]:
    """Where the first words behind a key would be made of it, but for the one that goes through the S-box."""
    length = len(following) - key_words
    if length < 3:
        return []
    behind = words[1 : length + 1]
    made = (following[key_words:] == behind) & (behind != 0)
    places: list[int] = np.flatnonzero(made[:-2] & made[1:-1] & made[2:]).tolist()
    return places
