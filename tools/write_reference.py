"""Writes docs/commands.md, docs/classes.md, docs/checks.md and docs/man/kdive.1 from what the program itself declares.

Run it after a change of a verb, an option, a class or a check: `.venv/bin/python tools/write_reference.py`. A test
compares.
"""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path

from kdive.cli import parser
from kdive.diagnosis.classes import classes
from kdive.kdump.doctor.examine import descriptions

DOCS = Path(__file__).parent.parent / "docs"


def commands_page() -> str:
    """The reference of all verbs and exit codes, in Markdown."""
    program = parser.build(parser.verbs())
    lines = ["# Commands", "", "Written by `tools/write_reference.py`; edit the verbs in `src/kdive/cli/verbs/`.", ""]
    for name, verb in parser.leaves(program).items():
        lines += [f"## kdive {name}", "", *_description(verb), "", "| | |", "|---|---|"]
        lines += [f"| {_usage(action)} | {_cell(action.help or '')} |" for action in verb._actions]
        lines.append("")
    lines += ["## Exit codes", "", "| code | |", "|---|---|"]
    lines += [f"| {code} | {words} |" for code, words in re.findall(r"^  (\d+) +(.*)$", parser.EPILOG, re.MULTILINE)]
    return "\n".join(lines) + "\n"


def classes_page() -> str:
    """The table of crash classes, in Markdown."""
    guilty = {"frame": "a function", "none": "nothing in the kernel", "hardware": "the hardware"}
    lines = [
        "# Classes of crashes",
        "",
        "Written by `tools/write_reference.py` from `src/kdive/diagnosis/data/classes.toml`. `verdict.class` is what",
        "the machine reported in its last boot and what explains its end; what is guilty is a separate matter.",
        "",
        "| class | what it means | what can be guilty |",
        "|---|---|---|",
    ]
    lines += [f"| `{one.id}` | {_cell(one.meaning)} | {guilty[one.guilty]} |" for one in classes().values()]
    return "\n".join(lines) + "\n"


def checks_page() -> str:
    """The checks of `kdive doctor` in the order of the chain, in Markdown."""
    lines = [
        "# Checks",
        "",
        "Written by `tools/write_reference.py`; edit the checks in `src/kdive/kdump/doctor/checks/`. What",
        "`kdive doctor` looks at, in the order in which a crash meets it. `--fix` mends those that say so.",
    ]
    for one in descriptions():
        mended = " (`--fix` mends it)" if one.mends else ""
        lines += ["", f"## {one.id}", "", f"{one.what}.{mended}", "", one.why]
    return "\n".join(lines) + "\n"


def man_page() -> str:
    """kdive(1)."""
    from argparse_manpage.manpage import Manpage  # type: ignore[import-untyped]  # it has no types

    os.environ["COLUMNS"] = "80"  # the usage lines are broken at it
    program = parser.build(parser.verbs())
    for group in program._actions:
        for choice in getattr(group, "_choices_actions", ()):
            choice.help = ""  # the description that follows begins with it
    text = str(Manpage(program, format="single-commands-section"))
    text = re.sub(r"^\.TH .*$", '.TH KDIVE "1" "" "kdive" "User Commands"', text, count=1, flags=re.MULTILINE)
    text = text.replace("\nkdive\n", "\nkdive \\- open Linux kernel crash dumps and say why the kernel crashed\n", 1)
    text = text.replace(".SH COMMENTS\nexit codes:", ".SH EXIT STATUS")
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def _description(verb: argparse.ArgumentParser) -> list[str]:
    """The verb's help; indented lines, which are examples, as code."""
    lines: list[str] = []
    in_code = False
    for line in (verb.description or "").splitlines():
        if line.startswith("  ") != in_code:
            lines.append("```")
            in_code = not in_code
        lines.append(line)
    return [*lines, "```"] if in_code else lines


def _usage(action: argparse.Action) -> str:
    name = ", ".join(action.option_strings)
    metavar = action.metavar if isinstance(action.metavar, str) and action.nargs != 0 else ""
    return f"`{' '.join(part for part in (name, metavar) if part)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    (DOCS / "commands.md").write_text(commands_page())
    (DOCS / "classes.md").write_text(classes_page())
    (DOCS / "checks.md").write_text(checks_page())
    (DOCS / "man").mkdir(exist_ok=True)
    (DOCS / "man" / "kdive.1").write_text(man_page())


if __name__ == "__main__":
    main()
