"""QEMU's machine protocol, as much of it as the lab says."""

from __future__ import annotations

import json
import os
import selectors
import time
from typing import IO, Any

from kdive.errors import KdiveError

_ANSWER_S = 30.0


class Qmp:
    """A conversation over QEMU's standard input and output. Source: QEMU's docs/interop/qmp-spec."""

    def __init__(self, to_qemu: IO[bytes], from_qemu: IO[bytes]) -> None:
        self._to, self._from = to_qemu, from_qemu
        self._buffer = b""
        self._greeted = False

    def command(self, name: str, arguments: dict[str, Any] | None = None, timeout_s: float = _ANSWER_S) -> Any:
        """What QEMU returns. Raises KdiveError when it refuses, is gone, or does not answer in time."""
        if not self._greeted:
            self._greeted = True
            self._ask("qmp_capabilities", {}, timeout_s)
        return self._ask(name, arguments or {}, timeout_s)

    def _ask(self, name: str, arguments: dict[str, Any], timeout_s: float) -> Any:
        text = json.dumps({"execute": name, "arguments": arguments})
        try:
            self._to.write(text.encode() + b"\n")
            self._to.flush()
        except OSError as error:
            raise _gone(name) from error
        ends = time.monotonic() + timeout_s
        while True:
            answer = json.loads(self._line(name, ends))
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise KdiveError(
                    f"QEMU refused {name}: {answer['error'].get('desc')}", hint="is QEMU too old for this?"
                )

    def _line(self, name: str, ends: float) -> bytes:
        with selectors.DefaultSelector() as selector:
            selector.register(self._from, selectors.EVENT_READ)
            while b"\n" not in self._buffer:
                if not selector.select(max(0.0, ends - time.monotonic())):
                    raise KdiveError(f"QEMU did not answer {name} in time", hint="is the machine overloaded?")
                got = os.read(self._from.fileno(), 65536)
                if not got:
                    raise _gone(name)
                self._buffer += got
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line


def _gone(name: str) -> KdiveError:
    return KdiveError(f"QEMU ended before it took {name}", hint="its own message is in qemu.log")
