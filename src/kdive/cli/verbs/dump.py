"""Save a dump smaller: leave pages out, compress, convert, split.

  kdive dump /proc/vmcore /var/crash/vmcore
  kdive dump -d 17 -c vmcore vmcore.small
  kdive dump --split vmcore part1 part2
  kdive dump --reassemble part1 part2 vmcore
  kdive dump --verify vmcore [OTHER]
  kdive dump --redact full vmcore vmcore.shared
  kdive dump --check vmcore.shared

IN is /proc/vmcore or a dump of any kind that `kdive report` opens; OUT is a new file, or "-" for the flattened format
on standard output. Levels are makedumpfile's: the sum of 1 (pages of zeros), 2 and 4 (page cache), 8 (programs' memory)
and 16 (free pages). Of two levels, -d 1,31, the second is for when the first does not fit. What a page was used for is
read from VMCOREINFO and the kernel's own struct pages: what cannot be told is kept, and said.

--mem-usage reads a dump, or the running kernel's own memory: /proc/kcore, as root. There what was recognised is
compared with /proc/meminfo.

Where numpy is missing, only pages full of zeros are left out, and the others compressed with zlib: filter it later.

--dry-run does all the work but for the writing: its size is exact. --refilter makes a dump smaller, as no option does
too; pages that OUT holds compressed as IN does are copied, damaged ones with their damage.

--verify reads all pages, and looks at the tables that say where they are, at the notes, and at the checksums of a
manifest.json beside the dump. A page that was stored uncompressed, or with zstd, may be damaged without a sign:
checksums tell, and so does a second dump of the same memory.

--redact takes secrets out: "basic" programs' memory, the page cache, free pages, keyrings and the contexts of ciphers;
"full" also the keys of disks, folders, TLS and WireGuard, what is in terminals and sockets, and the random number
generator's state; or a list of such kinds, "keyrings,tls". Copies of what is found are looked for in all other pages.
--erase takes a file as of makedumpfile --config. What cannot be looked for is an error, and nothing is written. The
dump, and `kdive report` on it, say what was erased. --check counts what looks like a key, and never shows it.

Exits with 1 when the dump is incomplete (what there is opens all the same), not whole, or not the same as the other;
when something that is to be erased could not be followed to its end; and when --check finds anything.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from kdive.cli.dump_redact import check, erased_json, erased_lines, with_erasures
from kdive.cli.dump_words import ProgressWords, json_of, saved_lines, stats_lines, usage_lines
from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_NO_VERDICT, EXIT_OK, KdiveError
from kdive.options import Arg, Opt
from kdive.units import ByteCount, size

if TYPE_CHECKING:
    from kdive.engine.output import Output
    from kdive.engine.request import DumpRequest, Saved
    from kdive.engine.writing import Compression

_MAX_LEVEL = 31
_MOST_JOBS = 4  # each takes 20 MB
_STDOUT = "-"


def levels(text: str) -> tuple[int, ...]:
    """ "1,31" → (1, 31). Raises ValueError for what is no level."""
    found = tuple(int(part) for part in text.split(","))
    if not all(0 <= level <= _MAX_LEVEL for level in found):
        raise ValueError(f"{text}: levels go from 0 to {_MAX_LEVEL}")
    return found


@dataclass(frozen=True)
class Options:
    paths: Annotated[tuple[Path, ...], Arg("PATH", "IN OUT; with --split IN OUT…, with --reassemble PART… OUT")] = ()
    level: Annotated[object, Opt("LEVEL", "what to leave out (default: 31)", short="d", parse=levels)] = (31,)
    zstd: Annotated[bool, Opt(help="compress with zstd (the default)", short="z", exclusive="compression")] = False
    lzo: Annotated[bool, Opt(help="compress with LZO", short="l", exclusive="compression")] = False
    snappy: Annotated[bool, Opt(help="compress with snappy", short="p", exclusive="compression")] = False
    zlib: Annotated[bool, Opt(help="compress with zlib", short="c", exclusive="compression")] = False
    raw: Annotated[bool, Opt(help="do not compress", exclusive="compression")] = False
    elf: Annotated[bool, Opt(help="write an ELF core, uncompressed", short="E", exclusive="compression")] = False
    flattened: Annotated[bool, Opt(help="the flattened format on standard output", short="F")] = False
    jobs: Annotated[int, Opt("N", "threads (default: one for each processor, at most 4)", short="j")] = 0
    limit: Annotated[ByteCount | None, Opt("SIZE", "let the output grow no larger", short="L", parse=size)] = None
    force: Annotated[bool, Opt(help="replace OUT", short="f")] = False
    split: Annotated[bool, Opt(help="spread the dump over several OUT", exclusive="what")] = False
    reassemble: Annotated[bool, Opt(help="put a split set together", exclusive="what")] = False
    mem_usage: Annotated[
        bool, Opt(help="only say what memory is used for, and how large a dump gets", exclusive="what")
    ] = False
    verify: Annotated[
        bool, Opt(help="only read IN, and compare it page by page with a second dump if one is given", exclusive="what")
    ] = False
    check: Annotated[bool, Opt(help="only look for keys and passwords in IN", exclusive="what")] = False
    redact: Annotated[str, Opt("PROFILE", 'erase secrets: "basic", "full", or kinds of them')] = ""
    erase: Annotated[Path | None, Opt("FILE", "erase what a file names, as of makedumpfile --config")] = None
    vmlinux: Annotated[Path | None, Opt("FILE", "the kernel's debuginfo, to find by what is to be erased")] = None
    refilter: Annotated[
        bool, Opt(help="IN is a dump that is to lose more pages: the others are copied as they are", exclusive="what")
    ] = False
    dump_dmesg: Annotated[bool, Opt(help="write the log alone", exclusive="what")] = False
    dry_run: Annotated[bool, Opt(help="write nothing, but say how large OUT would be")] = False
    check_params: Annotated[bool, Opt(help="only say whether the options go together")] = False
    show_stats: Annotated[bool, Opt(help="report the pages as makedumpfile does")] = False
    json: Annotated[bool, Opt(help="JSON instead of the summary")] = False


def run(options: Options, terminal: Terminal) -> int:
    """Writes the dump and says what became of the pages."""
    try:
        return _run(options, terminal)
    except ImportError as error:
        if error.name != "numpy":
            raise
        raise KdiveError("this needs numpy, which is missing", hint="without it, kdive dump IN OUT works") from error


def _run(options: Options, terminal: Terminal) -> int:
    if options.check_params:
        return _check_params(options)
    if not options.paths:
        raise KdiveError("no dump was given", hint="kdive dump IN OUT; kdive dump --help")
    if options.mem_usage:
        return _mem_usage(options, terminal)
    if options.verify:
        return _verify(options, terminal)
    if options.check:
        return check(options.paths, options.json, terminal)
    if options.reassemble:
        *parts, path = options.paths
        return _reassemble(options, parts, path, terminal)
    if options.dump_dmesg:
        return _dmesg(options, terminal)
    return _dump(options, terminal)


def _check_params(options: Options) -> int:
    """Raises KdiveError for options that do not go together, whether paths are there or not."""
    if not (options.mem_usage or options.verify or options.check or options.reassemble or options.dump_dmesg):
        placeholders = (Path("IN"), *([] if options.flattened else [Path("OUT"), Path("OUT")][: 1 + options.split]))
        _request(replace(options, paths=options.paths or placeholders))
    return EXIT_OK


def _dump(options: Options, terminal: Terminal) -> int:
    request = _request(options)
    erased: dict[str, Any] = {}
    lines: list[str] = []
    warned = False
    if options.redact or options.erase:
        request, found = with_erasures(request, options.redact, options.erase, options.vmlinux, terminal)
        erased, lines, warned = erased_json(found), erased_lines(found), bool(found.warnings)
    output = _output(options, request)
    save = _saver()
    with terminal.progress() as progress:
        saved = save(request, ProgressWords(progress), output)
    lines = [*saved_lines(saved, dry_run=options.dry_run), *lines, *(stats_lines(saved) if options.show_stats else [])]
    if output is not None and not options.dry_run:
        for line in lines:
            terminal.note(line)
    else:
        terminal.write(json_of(saved, erased, dry_run=options.dry_run) if options.json else "\n".join(lines))
    return EXIT_NO_VERDICT if saved.result.incomplete or warned else EXIT_OK


def _saver() -> Callable[[DumpRequest, ProgressWords, Output | None], Saved]:
    """What saves a dump; without numpy it can do less, and says so."""
    try:
        import numpy as numpy
    except ImportError:
        from kdive.engine.save_plain import save_plain

        return save_plain
    from kdive.engine.save import save

    return save


def _output(options: Options, request: DumpRequest) -> Output | None:
    """What the dump goes to where that is not the files of the request."""
    limit = request.options.limit_bytes
    if options.dry_run:
        from kdive.engine.nowhere import NoOutput

        return NoOutput(", ".join(map(str, request.outputs)) or "standard output", limit)
    if not request.outputs:
        from kdive.engine.flattened_writer import FlattenedOutput

        return FlattenedOutput(sys.stdout.buffer, limit_bytes=limit)
    return None


def _request(options: Options) -> DumpRequest:
    from kdive.engine.request import DumpRequest
    from kdive.engine.writing import WriteOptions

    source, *outputs = options.paths
    if options.dry_run and not outputs and not options.split:
        outputs = [Path("the dump")]
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
        jobs=options.jobs if options.jobs > 0 else min(_MOST_JOBS, len(os.sched_getaffinity(0))),
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
    from kdive.engine.request import write_log
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


def _verify(options: Options, terminal: Terminal) -> int:
    from kdive.cli import verify_words
    from kdive.engine.verify import check, compare

    first, *others = options.paths
    if len(others) > 1:
        raise KdiveError(f"{len(options.paths)} paths were given", hint="kdive dump --verify A [B]")
    with terminal.progress() as progress:

        def looked_at(pages: int) -> None:
            progress(f"comparing pages: {pages:,}" if others else f"reading pages: {pages:,}")

        if others:
            compared = compare(first, others[0], looked_at)
        else:
            checked = check(first, looked_at)
    if others:
        lines = [verify_words.compared_json(compared)] if options.json else verify_words.compared_lines(compared)
        good = compared.same
    else:
        lines = [verify_words.checked_json(checked)] if options.json else verify_words.checked_lines(checked)
        good = checked.whole
    terminal.write("\n".join(lines))
    return EXIT_OK if good else EXIT_NO_VERDICT


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
        remarks = {"warnings": usage.summary.warnings, "reasons": usage.summary.reasons, "agreeing": usage.agreeing}
        shown = {"page_size": usage.page_size, "pages": kinds, "forecast": usage.forecast, **remarks}
        terminal.write(json.dumps({"schema": "kdive-mem-usage/1", **shown}, indent=2))
    else:
        terminal.write("\n".join(usage_lines(usage)))
    return EXIT_OK
