"""Files that verbs write beside their output."""

from __future__ import annotations

from pathlib import Path

from kdive.errors import KdiveError


def write_file(path: Path, text: str) -> None:
    """Writes `text`, with a newline at the end. Raises KdiveError where that cannot be."""
    try:
        path.write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8")
    except OSError as error:
        raise KdiveError(f"{path}: {error.strerror}", hint="choose a place that you can write to") from error
