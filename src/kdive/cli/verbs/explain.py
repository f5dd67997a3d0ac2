"""Explain a word of a report: a field of the banner, a class of crashes, a kind of evidence, a check, a taint.

  kdive explain soft-lockup
  kdive explain STATE
  kdive explain taint

Without a name it lists all. The name of a group (field, class, check, evidence, taint …) lists that group.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_NO_VERDICT, EXIT_OK, KdiveError
from kdive.options import Arg, Opt

if TYPE_CHECKING:
    from kdive.report.explanations import Explanation

_SIMILAR = 4


@dataclass(frozen=True)
class Options:
    name: Annotated[tuple[str, ...], Arg("NAME", "what to explain")] = ()
    json: Annotated[bool, Opt(help="JSON")] = False


def run(options: Options, terminal: Terminal) -> int:
    """Writes what is known by that name; exits with 2 where nothing is."""
    known = _known()
    name = " ".join(options.name)
    found = _called(known, name) if name else known
    if not found:
        raise KdiveError(f"nothing is called {name}", hint=_like(name, known))
    if options.json:
        import json
        from dataclasses import asdict

        shown = {"schema": "kdive-explanations/1", "explanations": [asdict(one) for one in found]}
        terminal.write(json.dumps(shown, indent=2))
    elif name and all(one.name.lower() == name.lower() for one in found):
        _write_texts(found, terminal)
    else:
        _write_lists(found, terminal)
    return EXIT_OK if found else EXIT_NO_VERDICT


def _known() -> tuple[Explanation, ...]:
    from kdive.diagnosis.classes import classes
    from kdive.kdump.doctor.examine import descriptions
    from kdive.report.explanations import Explanation, explanations

    of_classes = (
        Explanation("class", "classes of crashes", one.id, " ".join([one.meaning, *_sentences(one.steps)]))
        for one in classes().values()
    )
    of_checks = (
        Explanation("check", "checks of `kdive doctor`", one.id, f"{one.what}. {one.why}") for one in descriptions()
    )
    return (*explanations(), *of_classes, *of_checks)


def _sentences(steps: tuple[str, ...]) -> list[str]:
    return [f"Next: {step}." for step in steps]


def _called(known: tuple[Explanation, ...], name: str) -> tuple[Explanation, ...]:
    """Those of that name, else those of that kind; letters of taints also together, as in "GOE"."""
    exact = tuple(one for one in known if one.name.lower() == name.lower())
    group = tuple(one for one in known if one.kind == name.lower())
    if exact or group:
        return exact or group
    taints = {one.name: one for one in known if one.kind == "taint"}
    return tuple(taints[letter] for letter in name) if name and set(name) <= set(taints) else ()


def _like(name: str, known: tuple[Explanation, ...]) -> str:
    from difflib import get_close_matches

    similar = get_close_matches(name.lower(), {one.name.lower() for one in known}, _SIMILAR, cutoff=0.5)
    return f"did you mean {', '.join(sorted(similar))}?" if similar else "`kdive explain` lists what there is"


def _write_texts(found: tuple[Explanation, ...], terminal: Terminal) -> None:
    from kdive.report.lines import BOLD, Lines

    lines = Lines(terminal.width, terminal.colour("auto"))
    for one in found:
        lines.line(f"{one.name}   ({one.title})", BOLD)
        lines.wrapped(one.text, "  ", "  ")
    terminal.write(lines.text())


def _write_lists(found: tuple[Explanation, ...], terminal: Terminal) -> None:
    from kdive.report.blocks import Section, Table
    from kdive.report.text_page import render_sections

    groups: dict[str, list[Explanation]] = {}
    for one in found:
        groups.setdefault(one.title, []).append(one)
    sections = []
    for title, group in groups.items():
        table = Table(("name", "what it means"), tuple((one.name, one.text) for one in group))
        sections.append(Section(title[0].upper() + title[1:], (table,)))
    terminal.write(render_sections("Words of a report", sections, terminal.width, terminal.colour("auto")))
