"""makedumpfile(8): its options and exit codes, done by kdive."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

from kdive import __version__
from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_OK, KdiveError, MismatchError

if TYPE_CHECKING:
    from kdive.engine.makedumpfile8 import Command
    from kdive.engine.save import Usage
    from kdive.engine.writing import Progress

_EXIT_FAILED = 1
_EXIT_MISMATCH = 2
_HELP = """\
usage: {name} [OPTIONS] VMCORE DUMPFILE     done by kdive: see `kdive dump --help`

  VMCORE DUMPFILE                      makes a smaller dump
  -F VMCORE                            the same, flattened on standard output
  -R DUMPFILE                          puts a flattened dump from standard input in order
  --split VMCORE DUMPFILE DUMPFILE...  spreads it over several files
  --reassemble DUMPFILE... DUMPFILE    puts these together
  --dump-dmesg VMCORE LOGFILE          writes the log; with --partial-dmesg since it was cleared
  --mem-usage VMCORE                   counts pages by their use, of /proc/kcore too
  --vtop ADDRESS VMCORE                translates a virtual address

  -d LEVEL[,LEVEL]          what to leave out: the sum of 1 (zeros), 2 and 4 (page cache), 8 (processes), 16 (free)
  -c, -l, -p, -z            compress with zlib, LZO, snappy or zstd; none of them: pages are stored
  -E                        an ELF core
  -L SIZE                   let the output grow to SIZE bytes at most
  -f                        replace DUMPFILE
  -x VMLINUX, -i VMCOREINFO has to belong to VMCORE (exit code 2); else only wanted for --config
      --config FILE         erase what the file names: makedumpfile.conf(5)
      --num-threads N       threads that read and compress
      --message-level N     1 progress, 2 what was done, 4 errors, 8 what is passed over, 16 counts of pages
  -D, --show-stats          the same as adding 8, 16 to it
      --dry-run             write nothing
      --check-params        only check the command line"""


class _Output:
    """Messages of the levels that were asked for; on standard error where the dump goes to standard output."""

    def __init__(self, terminal: Terminal, command: Command) -> None:
        from kdive.engine.makedumpfile8 import Messages

        self._levels = Messages
        self._terminal = terminal
        self._command = command

    def common(self, text: str) -> None:
        if self._command.messages & self._levels.COMMON:
            self._say(text)

    def debug(self, text: str) -> None:
        if self._command.messages & self._levels.DEBUG:
            self._say(text)

    def report(self, text: str) -> None:
        if self._command.messages & self._levels.REPORT:
            self._say(text)

    def _say(self, text: str) -> None:
        if self._command.to_stdout:
            self._terminal.note(text)
        else:
            self._terminal.write(text)


def run(argv: Sequence[str], terminal: Terminal, name: str = "makedumpfile") -> int:
    """Does what makedumpfile(8) would with `argv`; `name` is what the help calls it."""
    from kdive.engine.makedumpfile8 import Action, Messages, understand

    errors = True
    try:
        command = understand(argv)
        errors = bool(command.messages & Messages.ERROR)
        if command.action == Action.HELP:
            terminal.write(_HELP.format(name=name))
            return EXIT_OK
        return _run(command, terminal)
    except KdiveError as error:
        if errors:
            terminal.complain(error)
        return _EXIT_MISMATCH if isinstance(error, MismatchError) else _EXIT_FAILED


def _run(command: Command, terminal: Terminal) -> int:
    from kdive.engine.makedumpfile8 import Action

    output = _Output(terminal, command)
    if command.ignored:
        output.debug(f"without a meaning to kdive: {', '.join(command.ignored)}")
    if command.check_only:
        return EXIT_OK
    match command.action:
        case Action.VERSION:
            # Scripts look for the codecs in makedumpfile's own form.
            terminal.write(f"makedumpfile: kdive {__version__}\nlzo\tenabled\nsnappy\tenabled\nzstd\tenabled")
        case Action.REARRANGE:
            return _rearrange(command, output)
        case Action.REASSEMBLE:
            return _reassemble(command, output)
        case Action.DMESG:
            _dmesg(command, terminal, output)
        case Action.MEM_USAGE:
            _mem_usage(command, terminal)
        case Action.VTOP:
            _translate(command, terminal)
        case Action.DUMP:
            return _dump(command, terminal, output)
    return EXIT_OK


def _dump(command: Command, terminal: Terminal, output: _Output) -> int:
    from kdive.cli.dump_words import stats_lines
    from kdive.engine.makedumpfile8 import Messages
    from kdive.engine.save import save

    request = command.request
    assert request is not None
    _check_belongs(command)
    if command.filter is not None:
        from kdive.cli.dump_redact import with_erasures

        request, found = with_erasures(request, "", command.filter, command.vmlinux, terminal)
        for text in found.warnings:
            output.common(f"warning: {text}")
    with terminal.progress() if command.messages & Messages.PROGRESS else nullcontext(_silent) as progress:

        def show(state: Progress) -> None:
            phase = "Excluding unnecessary pages" if state.phase == "selecting" else "Copying data"
            progress(f"{phase}: {100 * state.done_pages // max(1, state.total_pages)} %")

        if command.dry_run:
            from kdive.engine.nowhere import NoOutput

            saved = save(request, show, NoOutput("nowhere", request.options.limit_bytes))
        elif command.to_stdout:
            from kdive.engine.flattened_writer import FlattenedOutput

            flattened = FlattenedOutput(sys.stdout.buffer, name="STDOUT", limit_bytes=request.options.limit_bytes)
            saved = save(request, show, flattened)
        else:
            saved = save(request, show)
    for text in saved.summary.warnings:
        output.common(f"warning: {text}")
    for text in filter(None, saved.summary.reasons):
        output.debug(text)
    output.report("\n".join(stats_lines(saved)))
    return _done(saved.result.incomplete, ", ".join(saved.result.paths), output)


def _silent(stage: str) -> None:
    """No progress is wanted."""


def _done(incomplete: str, where: str, output: _Output) -> int:
    if incomplete:
        raise KdiveError(f"{where}: the dump is incomplete: {incomplete}", hint="what there is opens all the same")
    output.common(f"The dumpfile is saved to {where}.\n\nmakedumpfile Completed.")
    return EXIT_OK


def _check_belongs(command: Command) -> None:
    """Raises MismatchError for a vmlinux or a VMCOREINFO of another kernel, KdiveError where it is none."""
    if command.vmlinux is None and command.vmcoreinfo is None:
        return
    from kdive.dumpfile.open import open_dump
    from kdive.formats import vmcoreinfo
    from kdive.memory.open import open_memory
    from kdive.symbols.belongs import check
    from kdive.symbols.identity import identify_kernel
    from kdive.symbols.vmlinux import read_vmlinux

    with open_dump(command.paths[0]) as dump:
        kernel = identify_kernel(open_memory(dump))
    if command.vmlinux is not None:
        check(read_vmlinux(command.vmlinux), kernel)
    if command.vmcoreinfo is not None:
        try:
            given = vmcoreinfo.parse(command.vmcoreinfo.read_bytes()).get("OSRELEASE", "")
        except OSError as error:
            raise KdiveError(f"{command.vmcoreinfo}: {error.strerror}", hint="check the path") from error
        if given != kernel.release:
            raise MismatchError(f"{command.vmcoreinfo}: is of {given or 'no kernel'}; the dump is of {kernel.release}")


def _rearrange(command: Command, output: _Output) -> int:
    from kdive.engine.output import FileOutput
    from kdive.engine.rearrange import rearrange

    (path,) = command.paths
    with FileOutput(path, overwrite=command.overwrite) as file:
        incomplete = rearrange(sys.stdin.buffer, file)
    return _done(incomplete, str(path), output)


def _reassemble(command: Command, output: _Output) -> int:
    from kdive.engine.save import join

    *parts, path = command.paths
    return _done(join(parts, path, command.overwrite), str(path), output)


def _dmesg(command: Command, terminal: Terminal, output: _Output) -> None:
    from kdive.dumpfile.open import open_dump
    from kdive.engine.save import write_log
    from kdive.log.cleared import since_cleared
    from kdive.log.format import human
    from kdive.log.from_memory import read_log
    from kdive.memory.open import open_memory

    source, *outputs = command.paths
    _check_belongs(command)
    with open_dump(source) as dump:
        memory = open_memory(dump)
        log = read_log(memory)
        text = "\n".join(human(since_cleared(memory, log) if command.partial else log)) + "\n"
    for path in outputs:
        write_log(path, text, overwrite=command.overwrite)
        output.common(f"The dmesg log is saved to {path}.\n\nmakedumpfile Completed.")
    if not outputs:
        terminal.write(text)


def _mem_usage(command: Command, terminal: Terminal) -> None:
    from kdive.engine.save import measure

    terminal.write(_usage_table(measure(command.paths[0])))


def _usage_table(usage: Usage) -> str:
    """makedumpfile's table; pages of zeros are only known when all memory is read."""
    from kdive.engine.kinds import PageKind

    pages = usage.summary.pages
    kernel = pages.get(PageKind.KEPT, 0) + pages.get(PageKind.UNKNOWN, 0)
    rows = [
        ("NON_PRI_CACHE", pages.get(PageKind.CACHE, 0), "yes", "Cache pages without private flag"),
        ("PRI_CACHE", pages.get(PageKind.CACHE_PRIVATE, 0), "yes", "Cache pages with private flag"),
        ("USER", pages.get(PageKind.USER, 0), "yes", "User process pages"),
        ("FREE", pages.get(PageKind.FREE, 0) + pages.get(PageKind.UNACCEPTED, 0), "yes", "Free pages"),
        ("KERN_DATA", kernel, "no", "Dumpable kernel data"),
    ]
    lines = [f"{'TYPE':<16}{'PAGES':<24}{'EXCLUDABLE':<16}DESCRIPTION", "-" * 80]
    lines += [f"{name:<16}{count:<24}{excludable:<16}{words}" for name, count, excludable, words in rows]
    total = sum(pages.values())
    size = f"{total * usage.page_size} bytes"
    return "\n".join([*lines, "", f"{'page size:':<24}{usage.page_size}", f"{'Total pages:':<24}{total} ({size})"])


def _translate(command: Command, terminal: Terminal) -> None:
    from kdive.dumpfile.open import open_dump
    from kdive.memory.open import open_memory

    with open_dump(command.paths[0]) as dump:
        memory = open_memory(dump)
        rows = [f"{address:<16x}  {memory.translate(address):x}" for address in command.addresses]
    terminal.write("\n".join([f"{'VIRTUAL':<16}  PHYSICAL", *rows]))
