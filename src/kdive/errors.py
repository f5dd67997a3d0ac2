"""The one family of errors that kdive raises on purpose, and the exit codes they become.

| code | meaning                                                          |
|------|------------------------------------------------------------------|
| 0    | done; for `report`: there is a verdict                           |
| 1    | the input was opened, but there is no verdict (or nothing to show) |
| 2    | bad input or usage                                               |
| 3    | the vmlinux does not belong to the dump                          |
| 70   | a bug in kdive (a traceback is printed)                          |
| 130  | stopped by Ctrl-C                                                |
| 141  | the reader of our output went away (broken pipe)                 |
"""

from __future__ import annotations

EXIT_OK = 0
EXIT_NO_VERDICT = 1
EXIT_BAD_INPUT = 2
EXIT_MISMATCH = 3
EXIT_BUG = 70
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141


class KdiveError(Exception):
    """Something that the user can act on: what was found, and in `hint` what to do next."""

    exit_code = EXIT_BAD_INPUT

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class DumpError(KdiveError):
    """The file is not a dump that can be opened, or not one at all."""


class MismatchError(KdiveError):
    """A vmlinux that was not built with the kernel in the dump."""

    exit_code = EXIT_MISMATCH


class NoVerdictError(KdiveError):
    """The input was opened, but what was asked for is not in it."""

    exit_code = EXIT_NO_VERDICT


class ReadError(KdiveError):
    """Memory that cannot be read from the dump; the subclasses say why."""


class PageExcludedError(ReadError):
    """The page was in the machine, and the dump filter left it out."""


class PageAbsentError(ReadError):
    """The address is not backed by memory of the machine, or not mapped."""


class DumpDamagedError(ReadError):
    """The page should be in the file, but the file is cut short or corrupt there."""
