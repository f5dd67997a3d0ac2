"""The command line of makedumpfile(8), as scripts and core_collector lines use it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdive.engine.makedumpfile8 import Action, Command, Messages, ParameterError, understand
from kdive.engine.save import DumpRequest
from kdive.engine.writing import WriteOptions


def request(argv: str) -> DumpRequest:
    wanted = understand(argv.split()).request
    assert wanted is not None
    return wanted


def test_the_usual_core_collector_line_is_taken_as_written() -> None:
    argv = "-l --message-level 7 -d 31 /proc/vmcore /var/crash/vmcore-incomplete"
    expected = DumpRequest(
        source=Path("/proc/vmcore"),
        outputs=(Path("/var/crash/vmcore-incomplete"),),
        levels=(31,),
        options=WriteOptions(compression="lzo"),
    )
    assert understand(argv.split()) == Command(
        Action.DUMP,
        (Path("/proc/vmcore"), Path("/var/crash/vmcore-incomplete")),
        expected,
        messages=Messages.PROGRESS | Messages.COMMON | Messages.ERROR,
    )


@pytest.mark.parametrize(
    ("argv", "action"),
    [
        ("-c in out", Action.DUMP),
        ("-F in", Action.DUMP),
        ("-R out", Action.REARRANGE),
        ("--reassemble a b out", Action.REASSEMBLE),
        ("--dump-dmesg in out", Action.DMESG),
        ("--mem-usage -f /proc/kcore", Action.MEM_USAGE),
        ("--vtop ffffffff81000000 in", Action.VTOP),
        ("-v", Action.VERSION),
        ("-d 31 --help", Action.HELP),
    ],
)
def test_options_come_to_an_action(argv: str, action: Action) -> None:
    assert understand(argv.split()).action == action


@pytest.mark.parametrize(
    ("argv", "compression", "format"),
    [
        ("", "", "kdump"),
        ("-c", "zlib", "kdump"),
        ("-p", "snappy", "kdump"),
        ("-c -z", "zstd", "kdump"),
        ("-E", "", "elf"),
    ],
)
def test_the_last_compression_counts_and_none_stores_the_pages(argv: str, compression: str, format: str) -> None:
    options = request(f"{argv} in out").options
    assert (options.compression, options.format) == (compression, format)


def test_without_a_level_nothing_is_left_out_and_further_levels_are_for_when_it_does_not_fit() -> None:
    assert request("in out").levels == (0,)
    assert request("-d 1,31 -L 1000000 in out").levels == (1, 31)
    assert request("-d 1,31 -L 1000000 in out").options.limit_bytes == 1_000_000


def test_options_may_follow_the_files_and_long_ones_may_be_shortened() -> None:
    assert request("in out -d31 --num-thr 2").options.jobs == 2
    assert request("in out -d31 --num-thr 2").levels == (31,)


def test_a_split_set_has_an_output_for_each_file() -> None:
    assert request("--split --splitblock-size 1024 in a b c").outputs == (Path("a"), Path("b"), Path("c"))


def test_what_is_shown_is_chosen_as_a_sum() -> None:
    assert understand(["--message-level", "0", "in", "out"]).messages == Messages(0)
    assert understand(["-D", "--show-stats", "in", "out"]).messages == Messages(31)


def test_options_without_a_meaning_are_named_not_refused() -> None:
    argv = "-b 4 --cyclic-buffer 1024 --work-dir /tmp --non-mmap -e in out"
    assert understand(argv.split()).ignored == ("-b 4", "--cyclic-buffer 1024", "--work-dir /tmp", "--non-mmap", "-e")


@pytest.mark.parametrize(
    "argv",
    [
        "",
        "in",
        "in out more",
        "-F in out",
        "--split in out",
        "-R",
        "--reassemble a",
        "-Q in out",
        "-d 32 in out",
        "-d -1 in out",
        "-d 1,,2 in out",
        "-d x in out",
        "-d ² in out",
        "-L 0 in out",
        "--message-level 32 in out",
        "-c -E in out",
        "--split -E in a b",
        "--split -F in",
        "--dry-run --dump-dmesg in out",
        "--vtop xyz in",
    ],
)
def test_what_makedumpfile_8_does_not_take_is_refused(argv: str) -> None:
    with pytest.raises(ParameterError):
        understand(argv.split())


@pytest.mark.parametrize("argv", ["-X in out", "-g info -x vmlinux", "--eppic m in out", "--diskset=a --diskset=b out"])
def test_what_kdive_cannot_do_is_refused_with_the_reason(argv: str) -> None:
    with pytest.raises(ParameterError) as refused:
        understand(argv.split())
    assert refused.value.message.partition(": ")[2]
