"""What was typed at terminals and printed to them, and was not read yet (struct tty_buffer, n_tty_data)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import drgn

from kdive.kernel.secrets.kind import Kind
from kdive.kernel.secrets.view import Secret, View

_BUFFER_LIMIT = 1 << 16  # bytes of a tty_buffer
_WRITE_LIMIT = 1 << 16


def pointers(view: View) -> Iterable[int]:
    drivers = view.list(view.program["tty_drivers"], "struct tty_driver", "tty_drivers")
    return [driver.address_ for driver in drivers]


def at(view: View, place: int, driver: int) -> Iterator[Secret]:
    start = place - view.offset("struct tty_struct", "driver")
    try:
        tty = view.at_physical("struct tty_struct", start)
        if tty.ops.value_() != view.at("struct tty_driver", driver).ops.value_() or not tty.ldisc.value_():
            return  # another structure that knows its driver
        if tty.ldisc.ops.value_() == view.symbol("n_tty_ops").address and tty.disc_data.value_():
            data = view.at("struct n_tty_data", int(tty.disc_data.value_()))
            for member in ("read_buf", "echo_buf"):
                yield view.secret(data.member_(member), f"n_tty_data.{member}", unique=False)
        written = int(tty.write_cnt.value_())
        if tty.write_buf.value_() and 0 < written <= _WRITE_LIMIT:
            yield Secret(int(tty.write_buf.value_()), written, "tty_struct.write_buf", unique=False)
        if tty.port.value_():
            yield from _of_port(view, tty.port)
    except drgn.FaultError:
        return


def _of_port(view: View, port: drgn.Object) -> Iterator[Secret]:
    if port.xmit_buf.value_():
        size = view.kernel.memory.dump.page_size
        yield Secret(int(port.xmit_buf.value_()), size, "tty_port.xmit_buf", unique=False)
    buffers = port.buf
    for first in (buffers.head, buffers.free.first):
        # `next` and the `free` list's node share their place.
        for address in view.chain(int(first.value_()), view.offset("struct tty_buffer", "next")):
            size = int(view.at("struct tty_buffer", address).size.value_())
            if 0 < size <= _BUFFER_LIMIT:
                # A flag follows for each character.
                data = address + view.offset("struct tty_buffer", "data")
                yield Secret(data, 2 * size, "tty_buffer.data", unique=False)


KIND = Kind("full", ("tty_drivers",), pointers=pointers, at=at)
