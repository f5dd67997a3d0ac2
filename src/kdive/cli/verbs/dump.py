"""Save a dump smaller: leave pages out, compress, convert, split.

  kdive dump /proc/vmcore /var/crash/vmcore
  kdive dump -d 17 -c vmcore vmcore.small
  kdive dump --split vmcore part1 part2
  kdive dump --reassemble part1 part2 vmcore

IN is /proc/vmcore or a dump of any kind that `kdive report` opens; OUT is a new file, or "-" for the flattened format
on standard output. Levels are makedumpfile's: the sum of 1 (pages of zeros), 2 and 4 (page cache), 8 (programs' memory)
and 16 (free pages). Of two levels, -d 1,31, the second is for when the first does not fit. What a page was used for is
read from VMCOREINFO and the kernel's own struct pages: what cannot be told is kept, and said.

Exits with 1 when the dump is incomplete: what there is opens all the same.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_NO_VERDICT, EXIT_OK, KdiveError
from kdive.options import Arg, Opt
from kdive.units import ByteCount, size

if TYPE_CHECKING:
    from kdive.engine.save import DumpRequest, Saved, Usage
    from kdive.engine.selection import Summary
    from kdive.engine.writing import Compression, Progress

_MAX_LEVEL = 31
_STDOUT = "-"


def levels(text: str) -> tuple[int, ...]:
    """ "1,31" → (1, 31). Raises ValueError for what is no level."""
    found = tuple(int(part) for part in text.split(","))
    if not all(0 <= level <= _MAX_LEVEL for level in found):
        raise ValueError(f"{text}: levels go from 0 to {_MAX_LEVEL}")
    return found


@dataclass(frozen=True)
class Options:
    paths: Annotated[tuple[Path, ...], Arg("PATH", "IN OUT; with --split IN OUT…, with --reassemble PART… OUT")]
    level: Annotated[object, Opt("LEVEL", "what to leave out (default: 31)", short="d", parse=levels)] = (31,)
    zstd: Annotated[bool, Opt(help="compress with zstd (the default)", short="z", exclusive="compression")] = False
    lzo: Annotated[bool, Opt(help="compress with LZO", short="l", exclusive="compression")] = False
    snappy: Annotated[bool, Opt(help="compress with snappy", short="p", exclusive="compression")] = False
    zlib: Annotated[bool, Opt(help="compress with zlib", short="c", exclusive="compression")] = False
    raw: Annotated[bool, Opt(help="do not compress", exclusive="compression")] = False
    elf: Annotated[bool, Opt(help="write an ELF core, uncompressed", short="E", exclusive="compression")] = False
    flattened: Annotated[bool, Opt(help="the flattened format on standard output", short="F")] = False
    jobs: Annotated[int, Opt("N", "threads (default: 1)", short="j")] = 1
    limit: Annotated[ByteCount | None, Opt("SIZE", "let the output grow no larger", short="L", parse=size)] = None
    force: Annotated[bool, Opt(help="replace OUT", short="f")] = False
    split: Annotated[bool, Opt(help="spread the dump over several OUT", exclusive="what")] = False
    reassemble: Annotated[bool, Opt(help="put a split set together", exclusive="what")] = False
    mem_usage: Annotated[
        bool, Opt(help="only say what memory is used for, and how large a dump gets", exclusive="what")
    ] = False
    dump_dmesg: Annotated[bool, Opt(help="write the log alone", exclusive="what")] = False
    json: Annotated[bool, Opt(help="JSON instead of the summary")] = False


def run(options: Options, terminal: Terminal) -> int:
    """Writes the dump and says what became of the pages."""
    if options.mem_usage:
        return _mem_usage(options, terminal)
    if options.reassemble:
        *parts, path = options.paths
        return _reassemble(options, parts, path, terminal)
    if options.dump_dmesg:
        return _dmesg(options, terminal)
    return _dump(options, terminal)


def _dump(options: Options, terminal: Terminal) -> int:
    from kdive.engine.save import save

    request = _request(options)
    to_stdout = not request.outputs
    with terminal.progress() as progress:
        if to_stdout:
            from kdive.engine.flattened_writer import FlattenedOutput

            saved = save(request, lambda state: progress(_words(state)), FlattenedOutput(sys.stdout.buffer))
        else:
            saved = save(request, lambda state: progress(_words(state)))
    if to_stdout:
        for line in _saved_lines(saved):
            terminal.note(line)
    else:
        terminal.write(_json_of(saved) if options.json else "\n".join(_saved_lines(saved)))
    return EXIT_NO_VERDICT if saved.result.incomplete else EXIT_OK


def _request(options: Options) -> DumpRequest:
    from kdive.engine.save import DumpRequest
    from kdive.engine.writing import WriteOptions

    source, *outputs = options.paths
    to_stdout = [str(path) for path in outputs] == [_STDOUT] or (options.flattened and not outputs)
    if options.flattened and not to_stdout:
        raise KdiveError("the flattened format goes to standard output", hint="kdive dump -F IN > FILE")
    if to_stdout and options.split:
        raise KdiveError("a split set cannot go to standard output", hint="leave --split or -F out")
    if not to_stdout and (len(outputs) != 1 if not options.split else len(outputs) < 2):
        wanted = "IN OUT OUT …" if options.split else "IN OUT"
        raise KdiveError(f"{len(options.paths)} paths were given", hint=f"kdive dump {wanted}")
    if options.split and options.elf:
        raise KdiveError("an ELF core cannot be split", hint="leave --split or --elf out")
    write = WriteOptions(
        format="elf" if options.elf else "kdump",
        compression=_compression(options),
        jobs=max(1, options.jobs),
        limit_bytes=options.limit,
    )
    assert isinstance(options.level, tuple)
    return DumpRequest(source, () if to_stdout else tuple(outputs), options.level, write, options.force)


def _compression(options: Options) -> Compression:
    chosen: Mapping[Compression, bool] = {
        "lzo": options.lzo,
        "snappy": options.snappy,
        "zlib": options.zlib,
        "": options.raw or options.elf,
    }
    return next((name for name, wanted in chosen.items() if wanted), "zstd")


def _words(state: Progress) -> str:
    share = 100 * state.done_pages // state.total_pages if state.total_pages else 100
    verb: Literal["looking at", "writing"] = "looking at" if state.phase == "selecting" else "writing"
    return f"{verb} pages: {share} %, {state.written >> 20} MB written"


def _saved_lines(saved: Saved) -> list[str]:
    result = saved.result
    where = ", ".join(result.paths)
    lines = [f"{where}: {'INCOMPLETE: ' + result.incomplete if result.incomplete else 'complete'}, level {saved.level}"]
    rows = [("pages of the machine", result.pages), ("  left out: full of zeros", result.zero)]
    rows += [
        (f"  left out: {name.replace('_', ' ')}", count) for name, count in result.excluded_of_kind.items() if count
    ]
    rows += [("  not in the input", result.unavailable), ("  lost", result.lost), ("  kept", result.kept)]
    lines += [f"  {name:<30}{count:>14,}" for name, count in rows if count or name.strip() == "kept"]
    rate = f", {result.rate / 1e6:.0f} MB/s" if result.seconds else ""
    lines.append(f"  {'written':<30}{result.written:>14,} bytes in {result.seconds:.1f} s{rate}")
    return [*lines, *_remarks(saved.summary)]


def _remarks(summary: Summary) -> list[str]:
    return [f"  warning: {text}" for text in summary.warnings] + [f"  note: {text}" for text in summary.reasons if text]


def _json_of(saved: Saved) -> str:
    import json

    from kdive.facts.codec import to_json

    remarks = {"warnings": saved.summary.warnings, "reasons": saved.summary.reasons}
    return json.dumps({"schema": "kdive-dump/1", "level": saved.level, **to_json(saved.result), **remarks}, indent=2)


def _reassemble(options: Options, parts: list[Path], path: Path, terminal: Terminal) -> int:
    from kdive.engine.save import join

    if not parts:
        raise KdiveError("no parts were given", hint="kdive dump --reassemble PART PART … OUT")
    with terminal.progress() as progress:
        progress("putting the parts together")
        incomplete = join(parts, path, options.force)
    terminal.write(f"{path}: " + (f"INCOMPLETE: {incomplete}" if incomplete else "complete"))
    return EXIT_NO_VERDICT if incomplete else EXIT_OK


def _dmesg(options: Options, terminal: Terminal) -> int:
    from kdive.dumpfile.open import open_dump
    from kdive.engine.save import write_log
    from kdive.log.format import human
    from kdive.log.from_memory import read_log
    from kdive.memory.open import open_memory

    source, *outputs = options.paths
    with open_dump(source) as dump:
        text = "\n".join(human(read_log(open_memory(dump)))) + "\n"
    for path in outputs:
        write_log(path, text, overwrite=options.force)
    if not outputs:
        terminal.write(text)
    return EXIT_OK


def _mem_usage(options: Options, terminal: Terminal) -> int:
    from kdive.engine.save import measure

    source, *others = options.paths
    if others:
        raise KdiveError(f"{len(options.paths)} paths were given", hint="kdive dump --mem-usage IN")
    with terminal.progress() as progress:
        usage = measure(source, lambda pages: progress(f"looking at pages: {pages:,}"))
    if options.json:
        import json

        kinds = {kind.name.lower(): count for kind, count in usage.summary.pages.items()}
        remarks = {"warnings": usage.summary.warnings, "reasons": usage.summary.reasons}
        shown = {"page_size": usage.page_size, "pages": kinds, "forecast": usage.forecast, **remarks}
        terminal.write(json.dumps({"schema": "kdive-mem-usage/1", **shown}, indent=2))
    else:
        terminal.write("\n".join(_usage_lines(usage)))
    return EXIT_OK


def _usage_lines(usage: Usage) -> list[str]:
    lines = [f"{'used for':<22}{'pages':>14}{'MB':>10}"]
    for kind, count in usage.summary.pages.items():
        name = "the kernel" if kind.name == "KEPT" else kind.name.lower().replace("_", " ")
        lines.append(f"{name:<22}{count:>14,}{count * usage.page_size >> 20:>10,}")
    lines += ["", f"{'level':<22}{'at most, uncompressed':>24}"]
    lines += [f"{level:<22}{held >> 20:>21,} MB" for level, held in usage.forecast.items()]
    return [*lines, *_remarks(usage.summary)]
