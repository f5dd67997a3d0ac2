"""Lines of text for a terminal or a file."""

from __future__ import annotations

import textwrap

from kdive.report.escape import printable

BOLD, DIM, RED, YELLOW = "\x1b[1m", "\x1b[2m", "\x1b[1;31m", "\x1b[33m"
_PLAIN = "\x1b[0m"
_WIDEST = 110  # columns of running text: longer lines are hard to read
_NARROWEST = 40


class Lines:
    """Collects lines; the one place where text from a dump is escaped for terminals."""

    def __init__(self, width: int, colour: bool) -> None:
        self.width = max(_NARROWEST, min(width, _WIDEST))
        self.colour = colour
        self.lines: list[str] = []

    def text(self) -> str:
        return "\n".join(self.lines) + "\n"

    def line(self, text: str, style: str = "") -> None:
        safe = printable(text)
        self.lines.append(f"{style}{safe}{_PLAIN}" if style and self.colour else safe)

    def wrapped(self, text: str, first: str, rest: str) -> None:
        """`text` broken at spaces, the first line after `first`, the others after `rest`."""
        broken = textwrap.wrap(
            printable(text),
            self.width,
            initial_indent=first,
            subsequent_indent=rest,
            break_long_words=False,
            break_on_hyphens=False,
        )
        self.lines += broken or [first.rstrip()]
