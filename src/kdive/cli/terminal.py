"""Standard output and standard error: the one place that writes to them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress

from kdive.cli.progress import Progress
from kdive.errors import KdiveError
from kdive.report.escape import printable

DEFAULT_WIDTH = 80
_NARROWEST = 40


class Terminal:
    """Where a verb writes, how wide it is, and whether it shows colours."""

    def __init__(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            # A locale without Unicode shows an escape, never a UnicodeEncodeError.
            reconfigure = getattr(stream, "reconfigure", None)
            if reconfigure:
                reconfigure(errors="backslashreplace")

    @property
    def width(self) -> int:
        """Columns: COLUMNS, else the terminal's, else 80 where the output is no terminal."""
        given = os.environ.get("COLUMNS", "")
        if given.isdecimal() and int(given) > 0:
            return max(_NARROWEST, int(given))
        if _is_terminal(sys.stdout):
            return max(_NARROWEST, os.get_terminal_size(sys.stdout.fileno()).columns or DEFAULT_WIDTH)
        return DEFAULT_WIDTH

    def colour(self, when: str) -> bool:
        """Whether to use colours: `when` is "always", "never" or "auto" (a terminal without NO_COLOR)."""
        if when != "auto":
            return when == "always"
        return _moves_cursor(sys.stdout) and not os.environ.get("NO_COLOR")

    def write(self, text: str) -> None:
        """Writes `text`, with a newline at the end where it has none. Raises KdiveError on a full disk."""
        self._put(text if text.endswith("\n") or not text else text + "\n")

    def _put(self, text: str) -> None:
        if sys.stdout is None:
            raise KdiveError("standard output is closed", hint="redirect it to a file")
        try:
            sys.stdout.write(text)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise _cannot_write(error) from error

    def write_now(self, text: str) -> None:
        """Shows a piece of a stream at once, what could harm a terminal escaped. Raises as `write` does."""
        self._put("\n".join(printable(line) for line in text.replace("\r", "").split("\n")))
        self.flush()

    def flush(self) -> None:
        """Hands on what is buffered. Raises as `write` does."""
        if sys.stdout is None:
            return
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise _cannot_write(error) from error

    def complain(self, error: KdiveError) -> None:
        """The error and its hint on standard error, a line each."""
        self._say(f"kdive: {printable(error.message)}", *([f"hint: {printable(error.hint)}"] if error.hint else []))

    def note(self, text: str) -> None:
        """Something worth knowing about the output, on standard error."""
        self._say(f"note: {printable(text)}")

    def _say(self, *lines: str) -> None:
        if sys.stderr is not None:
            with suppress(OSError):  # nobody is left to be told
                print("\n".join(lines), file=sys.stderr, flush=True)

    def read_input(self, limit: int) -> bytes:
        """Standard input to its end. Raises KdiveError when it is longer than `limit` bytes."""
        data = b"" if sys.stdin is None else sys.stdin.buffer.read(limit + 1)
        if len(data) > limit:
            raise KdiveError(f"standard input: more than {limit >> 20} MB", hint="give the end of the log, or a file")
        return data

    def progress(self) -> Progress:
        """A line that says what is being done, once it takes long; nothing where standard error is no terminal."""
        return Progress(_moves_cursor(sys.stderr))


def _is_terminal(stream: object) -> bool:
    isatty: Callable[[], bool] | None = getattr(stream, "isatty", None)
    return bool(isatty and isatty())


def _moves_cursor(stream: object) -> bool:
    """A terminal that knows escape sequences."""
    return _is_terminal(stream) and os.environ.get("TERM") != "dumb"


def _cannot_write(error: OSError) -> KdiveError:
    return KdiveError(f"standard output: {error.strerror}", hint="is the disk full?")
