"""Text files: a kernel log, stored facts, a report, or another text."""

from __future__ import annotations

import re

from kdive.dumpfile.source import ByteSource

_LOOKED_AT_BYTES = 256 << 10  # at the start, in the middle and at the end
_JSON_LIMIT_BYTES = 256 << 20
_JSON_STEP_BYTES = 1 << 20
_CONTROL = bytes(code for code in (*range(0, 8), *range(14, 27), *range(28, 32), 127))
_CONTROL_SHARE = 0.03  # a serial line leaves some noise; random bytes have 0.1
_KERNEL_LOG = re.compile(
    rb"^(?:<\d{1,3}>)?\[ *\d{1,10}\.\d{3,9}\](?:\[ *[TC]\d+\])? "  # a console or dmesg
    rb"|^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S{1,256} kernel: "  # journalctl -k, syslog
    rb"|^\d{4}-\d\d-\d\dT\d\d:\d\d:\S{1,40} \S{1,256} kernel: "
    rb"|^\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}\] "  # dmesg -T
    rb"|^(?:Oops|Panic|Emergency)#\d+ Part\d+"  # pstore
    rb"|Kernel panic - not syncing|BUG: unable to handle|kernel BUG at |Unable to handle kernel"
    rb"|general protection fault|Internal error: Oops|soft lockup - CPU#|Call [Tt]race:|Linux version \d"
    rb"|\"_TRANSPORT\" ?: ?\"kernel\"",
    re.MULTILINE,
)
_SCHEMA = re.compile(rb"\"schema\"\s*:\s*\"kdive-(facts|report)/")


def kind_of(source: ByteSource) -> tuple[str, str, str]:
    """Kind, what and hint, as in `Recognised`."""
    pieces = _pieces(source)
    if not all(_is_text(piece) for piece in pieces):
        return "other", "data of no format that is known here", "is it a vmcore, and is the copy complete?"
    text = b"\n".join(pieces)
    if text.lstrip().startswith((b"{", b"[{")):
        schemas = _schemas(source)
        if b"report" in schemas:
            hint = "it has been diagnosed already; give the dump, its log, or stored facts"
            return "other", "a report that kdive wrote", hint
        if schemas:
            return "facts", "stored facts of kdive", "kdive report reads them"
    if looks_like_kernel_log(text):
        return "log", "a kernel log", "kdive report and kdive dmesg read it"
    if text.lstrip().startswith(b"{"):
        return "other", "a JSON file that kdive did not write", "give a vmcore, a kernel log or stored facts"
    return "other", "a text without a kernel log in it", "if it is a log nevertheless, say so with --console"


def looks_like_kernel_log(text: bytes) -> bool:
    """Whether a line has a kernel log's time stamp, or a headline that only a kernel prints."""
    return _KERNEL_LOG.search(text) is not None


def _schemas(source: ByteSource) -> set[bytes]:
    """The schemas that a JSON file names, wherever its keys stand."""
    found: set[bytes] = set()
    for start in range(0, min(source.size, _JSON_LIMIT_BYTES), _JSON_STEP_BYTES):
        found.update(_SCHEMA.findall(source.read_up_to(start, _JSON_STEP_BYTES + 64)))
    return found


def _pieces(source: ByteSource) -> list[bytes]:
    starts = {0, max(0, source.size // 2 - _LOOKED_AT_BYTES // 2), max(0, source.size - _LOOKED_AT_BYTES)}
    if source.size <= _LOOKED_AT_BYTES:
        starts = {0}
    return [source.read_up_to(start, _LOOKED_AT_BYTES) for start in sorted(starts)]


def _is_text(piece: bytes) -> bool:
    control = len(piece) - len(piece.translate(None, _CONTROL))
    broken = piece.decode("utf-8", "replace").count("\ufffd")
    return control <= _CONTROL_SHARE * len(piece) and broken <= 0.05 * len(piece)
