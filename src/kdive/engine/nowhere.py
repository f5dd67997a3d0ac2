"""An output that keeps nothing: what a dump would be is found out by writing one."""

from __future__ import annotations

from kdive.engine.output import Output


class NoOutput(Output):
    """Counts what is written, and drops it."""

    def __init__(self, name: str, limit_bytes: int | None = None) -> None:
        super().__init__(limit_bytes)
        self.name = name

    def _write(self, offset: int, data: memoryview) -> None:
        """Drops it."""

    def reserve(self, size: int) -> None:
        self.check_room(size)
        self.size = max(self.size, size)

    def sync(self) -> None:
        """Nothing is there to survive."""

    def finish(self) -> None:
        """Nothing follows the last byte."""

    def close(self) -> None:
        """Nothing is open."""
