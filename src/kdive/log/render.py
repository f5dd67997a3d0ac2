"""A log as plain lines: what events and evidence number."""

from __future__ import annotations

from collections.abc import Iterator

from kdive.facts.log import Log, LogRecord


def lines(log: Log) -> list[str]:
    """The records' texts split at newlines, without time stamps; `LogEvent.line` and evidence "log:N" index it."""
    return [text for text, _ in lines_with_records(log)]


def lines_with_records(log: Log) -> Iterator[tuple[str, LogRecord]]:
    """Each line with the record that it belongs to."""
    for record in log.records:
        if "\n" in record.text:
            for text in record.text.rstrip("\n").split("\n"):
                yield text, record
        else:
            yield record.text, record
