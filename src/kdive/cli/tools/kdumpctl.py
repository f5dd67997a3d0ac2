"""kdumpctl(8): its subcommands and exit codes, done by kdive."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_OK, KdiveError

_EXIT_FAILED = 1
_EXIT_NOT_OPERATIONAL = 3
_HELP = """\
usage: kdumpctl COMMAND      done by kdive: see `kdive setup --help` and `kdive doctor --help`

  start            build the capture image where it is stale, and load it
  stop             unload it
  restart, reload  load it anew
  status           exit with 0 when a crash would be captured, else with 3
  rebuild          build the capture image
  propagate        let this machine log in at the one that keeps its dumps
  showmem          how much memory is reserved
  estimate         what the capture kernel needs of it; get-default-crashkernel: what to reserve
  test [--force]   crash this machine, to prove that its crashes are captured"""


def run(argv: Sequence[str], terminal: Terminal) -> int:
    """Does what kdumpctl would with `argv`."""
    name, *rest = argv or [""]
    if name in ("", "-h", "--help", "help"):
        terminal.write(_HELP)
        return EXIT_OK if name else _EXIT_FAILED
    command = _COMMANDS.get(name)
    try:
        if command is None:
            raise KdiveError(f"kdumpctl has no command {name}", hint="kdumpctl --help lists them")
        return command(rest, terminal)
    except KdiveError as error:
        terminal.complain(error)
        return _EXIT_FAILED


def _start(rest: Sequence[str], terminal: Terminal) -> int:
    from kdive.kdump import control

    terminal.write(f"kdump: {control.start(terminal.note)}")
    return EXIT_OK


def _stop(rest: Sequence[str], terminal: Terminal) -> int:
    from kdive.kdump import control

    terminal.write(f"kdump: {control.stop()}")
    return EXIT_OK


def _reload(rest: Sequence[str], terminal: Terminal) -> int:
    from kdive.kdump import control

    terminal.write(f"kdump: {control.reload(terminal.note)}")
    return EXIT_OK


def _rebuild(rest: Sequence[str], terminal: Terminal) -> int:
    from kdive.kdump import control

    terminal.write(f"kdump: {control.rebuild(terminal.note)}")
    return EXIT_OK


def _status(rest: Sequence[str], terminal: Terminal) -> int:
    """What is loaded decides; what is wrong besides is said."""
    from kdive.kdump.doctor.host import Host
    from kdive.kdump.status import read_status

    status = read_status(Host())
    for one in status.wrong:
        terminal.note(f"{one.id}: {one.reason}")
    if status.loaded is True:
        terminal.write("kdump: Kdump is operational")
        return EXIT_OK
    terminal.write("kdump: Kdump is not operational")
    return _EXIT_NOT_OPERATIONAL


def _propagate(rest: Sequence[str], terminal: Terminal) -> int:
    from kdive.cli.verbs import propagate

    return propagate.run(propagate.Options(), terminal)


def _showmem(rest: Sequence[str], terminal: Terminal) -> int:
    from kdive.facts.missing import Missing
    from kdive.kexec.state import read_state

    size = read_state().crash_size
    if isinstance(size, Missing):
        raise KdiveError(f"what is reserved is not known: {size.reason}", hint="boot a kernel with CONFIG_CRASH_DUMP")
    terminal.write(f"kdump: Reserved {size >> 20}MB memory for crash kernel")
    return EXIT_OK


def _estimate(rest: Sequence[str], terminal: Terminal) -> int:
    """Reads alone: no image is built for it. To kdumpctl too little memory is no failure."""
    from kdive.cli.verbs import estimate

    estimate.run(estimate.Options(), terminal)
    return EXIT_OK


def _default_crashkernel(rest: Sequence[str], terminal: Terminal) -> int:
    import os

    from kdive.facts.missing import Missing
    from kdive.kdump.reservation import choose, ram_of

    if any(mode != "kdump" for mode in rest):
        raise KdiveError(f"kdive captures by kdump alone, not by {rest[0]}", hint="kdumpctl get-default-crashkernel")
    ram = ram_of()
    if isinstance(ram, Missing):
        raise KdiveError(ram.reason, hint="run it as root")
    terminal.write(choose(ram, os.uname().machine))
    return EXIT_OK


def _test(rest: Sequence[str], terminal: Terminal) -> int:
    from kdive.cli.verbs import test

    _only(rest, "--force")
    return test.run(test.Options(yes_crash_this_machine="--force" in rest), terminal)


def _setup_crypttab(rest: Sequence[str], terminal: Terminal) -> int:
    raise KdiveError(
        "kdive does not write /etc/crypttab: a wrong line there keeps the machine from booting",
        hint="add link-volume-key=@u::%logon:kdump-cryptsetup:vk-UUID to the disk's line by hand, then reboot",
    )


def _only(rest: Sequence[str], *known: str) -> None:
    for word in rest:
        if word not in known:
            raise KdiveError(f"kdumpctl does not know {word} here", hint="kdumpctl --help")


_COMMANDS: dict[str, Callable[[Sequence[str], Terminal], int]] = {
    "start": _start,
    "stop": _stop,
    "restart": _reload,
    "reload": _reload,
    "status": _status,
    "rebuild": _rebuild,
    "propagate": _propagate,
    "showmem": _showmem,
    "estimate": _estimate,
    "get-default-crashkernel": _default_crashkernel,
    "test": _test,
    "setup-crypttab": _setup_crypttab,
}
