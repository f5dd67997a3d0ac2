"""The kernel's log, oldest record first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kdive.facts.log import Log
from kdive.kernel.context import Kernel
from kdive.log import format as log_format
from kdive.log.from_memory import read_log


@dataclass(frozen=True)
class Options:
    """It takes none."""


def run(kernel: Kernel, options: Options) -> Log:
    """The log. Raises KdiveError where no record at all can be had."""
    return read_log(kernel.memory)


def text(log: Log) -> Iterator[str]:
    """A line for each line of a record, its time in front."""
    return log_format.human(log)
