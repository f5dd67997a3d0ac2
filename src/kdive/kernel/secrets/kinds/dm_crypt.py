"""Keys of encrypted disks (dm-crypt's struct crypt_config)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import drgn

from kdive.kernel.secrets.kind import Kind
from kdive.kernel.secrets.view import Secret, View

_KEY_LIMIT = 1 << 16  # bytes
_STRING_LIMIT = 4096


def pointers(view: View) -> Iterable[int]:
    return [view.symbol("crypt_target", "dm_crypt").address]


def at(view: View, place: int, target_type: int) -> Iterator[Secret]:
    start = place - view.offset("struct dm_target", "type")
    try:
        target = view.at_physical("struct dm_target", start)
        config = view.at("struct crypt_config", int(target.private.value_()))
        size, parts = int(config.key_size.value_()), int(config.key_parts.value_())
        if int(config.start.value_()) >> 60 or not 0 < size <= _KEY_LIMIT or not 0 < parts <= size:
            return
        yield Secret(config.address_ + view.offset("struct crypt_config", "key"), size, "crypt_config.key")
        text = config.key_string.value_()
        if text:
            length = len(view.program.read_c_string(text, max_size=_STRING_LIMIT))
            yield Secret(int(text), length, "crypt_config.key_string")
    except drgn.FaultError:
        return  # a place that only looks like a target


KIND = Kind("full", ("crypt_target",), pointers=pointers, at=at)
