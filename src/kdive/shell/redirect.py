"""Where the output of a command line goes: `log | grep -i oops`, `ps > FILE`, `bt >> FILE`."""

from __future__ import annotations

from dataclasses import dataclass

from kdive.errors import KdiveError


@dataclass(frozen=True)
class Line:
    """A command, and the shell's command or the file that its output goes to; "" for the screen."""

    command: str
    pipe: str = ""
    file: str = ""
    append: bool = False


def read_line(text: str) -> Line:
    """What `text` says; within quotes nothing is special, nor is a ">" that follows no blank (`task->pid`).

    Raises KdiveError where nothing follows.
    """
    quote = ""
    for index, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "|":
            return Line(text[:index].strip(), pipe=_rest(text, index + 1))
        elif character == ">" and text[:index][-1:].isspace():
            append = text[index + 1 : index + 2] == ">"
            return Line(text[:index].strip(), file=_rest(text, index + 1 + append), append=append)
    return Line(text.strip())


def _rest(text: str, start: int) -> str:
    rest = text[start:].strip()
    if not rest:
        raise KdiveError(f"{text.strip()}: nothing follows", hint="name a program or a file")
    return rest
