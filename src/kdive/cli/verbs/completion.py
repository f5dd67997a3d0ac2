"""Print the completion script of a shell.

  kdive completion bash > ~/.local/share/bash-completion/completions/kdive
  kdive completion zsh > ~/.zfunc/_kdive
  kdive completion tcsh > ~/.kdive.tcsh

zsh finds it where ~/.zfunc is in fpath before compinit runs; tcsh wants `source ~/.kdive.tcsh` in ~/.tcshrc.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Annotated, Any

from kdive.cli import parser
from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_OK
from kdive.options import Arg, paths_of


@dataclass(frozen=True)
class Options:
    shell: Annotated[str, Arg("SHELL", "bash, zsh or tcsh", choices=("bash", "zsh", "tcsh"))]


def run(options: Options, terminal: Terminal) -> int:
    """Writes the script to standard output."""
    import shtab

    program = parser.build(parser.verbs())
    for verb in parser.leaves(program).values():
        _complete_paths(verb, shtab)
    terminal.write(shtab.complete(program, options.shell))
    return EXIT_OK


def _complete_paths(verb: argparse.ArgumentParser, shtab: Any) -> None:
    for action, folder in paths_of(verb):
        action.complete = shtab.DIRECTORY if folder else shtab.FILE  # type: ignore[attr-defined]  # what shtab reads
