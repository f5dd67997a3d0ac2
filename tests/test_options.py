"""Options declared as a dataclass become a command line."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pytest

from kdive.options import Arg, Opt, add_options, from_arguments, paths_of
from kdive.units import ByteCount, size


@dataclass(frozen=True)
class Options:
    dump: Annotated[Path, Arg("DUMP", "the dump")]
    what: Annotated[str, Arg("WHAT", "what to show")] = "all"
    path: Annotated[str, Opt("PATH", "only this device")] = ""
    vmlinux: Annotated[Path | None, Opt("FILE", "debuginfo")] = None
    debug_dir: Annotated[tuple[Path, ...], Opt("DIR", "look here", folder=True)] = ()
    width: Annotated[int, Opt("N", "columns")] = 80
    raw: Annotated[bool, Opt(help="as it is", exclusive="format")] = False
    json: Annotated[bool, Opt(help="JSON", exclusive="format")] = False
    colour: Annotated[str, Opt("WHEN", "when", choices=("auto", "never"))] = "auto"


def parse(*argv: str) -> Options:
    parser = argparse.ArgumentParser()
    add_options(parser, Options)
    return from_arguments(Options, parser.parse_args(argv))


def test_options_that_are_not_given_have_their_defaults() -> None:
    assert parse("vmcore") == Options(Path("vmcore"))


def test_each_value_has_the_type_of_its_field() -> None:
    given = parse("v", "some", "--path", "sda", "--vmlinux", "x", "--width", "60", "--raw", "--colour", "never")
    assert given == Options(Path("v"), "some", "sda", Path("x"), (), 60, True, False, "never")


def test_a_tuple_takes_a_value_each_time_the_option_is_given() -> None:
    assert parse("v", "--debug-dir", "a", "--debug-dir", "b").debug_dir == (Path("a"), Path("b"))
    assert parse("v").debug_dir == ()


@pytest.mark.parametrize(
    "argv", [[], ["v", "--raw", "--json"], ["v", "--width", "x"], ["v", "--colour", "red"], ["v", "--no"]]
)
def test_a_wrong_command_line_is_refused(argv: list[str], capsys: Any) -> None:
    with pytest.raises(SystemExit) as refused:
        parse(*argv)
    assert refused.value.code == 2


def test_paths_are_known_to_completion() -> None:
    parser = argparse.ArgumentParser()
    add_options(parser, Options)
    assert {action.dest: folder for action, folder in paths_of(parser)} == {
        "dump": False,
        "vmlinux": False,
        "debug_dir": True,
    }


def test_a_size_takes_a_unit_and_a_short_letter_stands_for_an_option() -> None:
    @dataclass(frozen=True)
    class Machine:
        memory: Annotated[ByteCount | None, Opt("SIZE", "of memory", short="m", parse=size)] = None

    parser = argparse.ArgumentParser(exit_on_error=False)
    add_options(parser, Machine)
    assert from_arguments(Machine, parser.parse_args(["-m", "448m"])).memory == 448 << 20
    assert from_arguments(Machine, parser.parse_args(["--memory", "4096"])).memory == 4096
    for wrong in ("", "G", "1.5G", "-1M", "12Q", "²"):
        with pytest.raises(argparse.ArgumentError, match="invalid size value"):
            parser.parse_args([f"--memory={wrong}"])
