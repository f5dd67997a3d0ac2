"""Text of a dump made safe to show: nothing in it may drive a terminal or turn a line around."""

from __future__ import annotations

import re

# C0 and C1 controls, the marks that reorder or hide text, line separators, lone surrogates.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def printable(text: str) -> str:
    """`text` on one line, with a tab as a space and every other unsafe character as its escape."""
    return _UNSAFE.sub(_escape, text)


def lines_of(text: str) -> str:
    """`text`, each of its lines printable."""
    return "\n".join(map(printable, text.split("\n")))


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code == 9:
        return " "
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
