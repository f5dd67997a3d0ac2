"""kexec(8): its options and exit codes, done by kdive."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kdive import __version__
from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_OK, KdiveError

if TYPE_CHECKING:
    from kdive.facts.missing import Missing
    from kdive.kexec.kexec8 import Command
    from kdive.kexec.load import Host

_EXIT_FAILED = 255  # the -1 that kexec(8) ends with
_EXIT_LOADED = 1  # of -S: to kexec(8) this is the other way round
_HELP = """\
usage: kexec [OPTIONS] [KERNEL]     done by kdive: see `kdive kexec --help` and `kdive reboot --help`

  -l, --load                load KERNEL for `kexec -e`
  -p, --load-panic          load KERNEL for a crash
  -e, --exec                start what is loaded, at once
  -f, --force               load and start at once
  -u, --unload              unload; with -p what is loaded for a crash
  -S, --status              exit with 1 when a kernel for a crash is loaded (with -l: for a reboot), else with 0
  -s, -c, -a                kexec_file_load, kexec_load (needs kexec-tools), or the one that works
  -d, --debug               the kernel logs what it does
  -y, --no-sync             start without writing to the disks what is in memory
      --initrd=FILE, --ramdisk=FILE
      --append=TEXT, --command-line=TEXT
      --reuse-cmdline       this kernel's command line, with --append added
      --print-ckr-size      bytes reserved for a capture kernel

Without -l, -p or -f, KERNEL is loaded and the machine rebooted into it."""


def run(argv: Sequence[str], terminal: Terminal) -> int:
    """Does what kexec(8) would with `argv`."""
    from kdive.kexec.calls import SystemCalls
    from kdive.kexec.kexec8 import understand
    from kdive.kexec.load import Host

    try:
        return _run(understand(argv), argv, Host(SystemCalls()), terminal)
    except KdiveError as error:
        terminal.complain(error)
        return _EXIT_FAILED


def _run(command: Command, argv: Sequence[str], host: Host, terminal: Terminal) -> int:
    from kdive.kexec.kexec8 import Action
    from kdive.kexec.load import unload
    from kdive.kexec.state import read_state
    from kdive.kexec.tool import become

    if command.ignored:
        terminal.note(f"without a meaning to kdive: {', '.join(command.ignored)}")
    state = read_state(host.root)
    match command.action:
        case Action.HELP:
            terminal.write(_HELP)
        case Action.VERSION:
            terminal.write(f"kexec by kdive {__version__}")
        case Action.PROGRAM:
            become(argv)
        case Action.STATUS:
            return _status(state.crash_loaded if command.crash else state.loaded)
        case Action.CRASH_SIZE:
            terminal.write(str(state.crash_size or 0))
        case Action.UNLOAD:
            unload(command.crash, host)
        case _:
            _load_or_start(command, host, terminal)
    return EXIT_OK


def _load_or_start(command: Command, host: Host, terminal: Terminal) -> None:
    from kdive.kexec import start
    from kdive.kexec.kexec8 import Action
    from kdive.kexec.load import load, prepare
    from kdive.kexec.machine import read_machine

    if command.request is not None:
        for note in load(prepare(command.request, host), host).notes:
            terminal.note(note)
    terminal.flush()
    if command.action == Action.LOAD_AND_REBOOT and read_machine(host.root).systemd:
        start.by_systemd()
    elif command.action != Action.LOAD:
        start.at_once(host, command.sync)


def _status(loaded: bool | Missing) -> int:
    from kdive.facts.missing import Missing

    if isinstance(loaded, Missing):
        raise KdiveError(f"kexec: {loaded.reason}", hint="boot a kernel with CONFIG_KEXEC")
    return _EXIT_LOADED if loaded else EXIT_OK
