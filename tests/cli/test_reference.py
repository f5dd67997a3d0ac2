"""The man page and the reference say what the program can do."""

from __future__ import annotations

from pathlib import Path

from tools.write_reference import checks_page, classes_page, commands_page, man_page

DOCS = Path(__file__).parent.parent.parent / "docs"


def words(text: str) -> list[str]:
    """The text without its line breaks, which differ between versions of Python."""
    return text.split()


def test_the_reference_is_up_to_date() -> None:
    assert (DOCS / "commands.md").read_text() == commands_page(), "run tools/write_reference.py"


def test_the_man_page_is_up_to_date() -> None:
    assert words((DOCS / "man" / "kdive.1").read_text()) == words(man_page()), "run tools/write_reference.py"


def test_the_page_of_classes_is_up_to_date() -> None:
    assert (DOCS / "classes.md").read_text() == classes_page(), "run tools/write_reference.py"


def test_the_page_of_checks_is_up_to_date() -> None:
    assert (DOCS / "checks.md").read_text() == checks_page(), "run tools/write_reference.py"
