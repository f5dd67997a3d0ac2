"""What VMCOREINFO and one short read say of the machine, with no symbols and no types."""

from __future__ import annotations

from kdive.errors import KdiveError
from kdive.facts.machine import Banner
from kdive.facts.missing import Missing
from kdive.memory.memory import Memory
from kdive.units import UnixSeconds

_UTS_FIELD = 65  # bytes of each string in struct new_utsname, include/uapi/linux/utsname.h
_UTS_FIELDS = ("sysname", "nodename", "release", "version", "machine")
_UTS_SEARCH = 128  # bytes; uts_namespace.name stands behind at most a kref and a few pointers


def identify(memory: Memory) -> Banner:
    """The part of the banner that needs neither symbols nor types."""
    dump = memory.dump
    info = {} if isinstance(dump.vmcoreinfo, Missing) else dump.vmcoreinfo
    no_note = Missing("no VMCOREINFO in this dump")
    uts = read_uts(memory)
    if isinstance(uts, Missing):
        header = dump.identity
        strings: dict[str, str | Missing] = {
            "nodename": header.nodename or uts,
            "release": info.get("OSRELEASE") or header.release or uts,
            "version": header.version or uts,
            "machine": header.arch or dump.arch or uts,
        }
    else:
        strings = {name: uts[name] for name in ("nodename", "release", "version", "machine")}
    crash_time = info.get("CRASHTIME", "")
    date = UnixSeconds(int(crash_time)) if crash_time.isdecimal() else dump.identity.crash_time
    return Banner(
        dumpfile=str(dump.path),
        partial=dump.container.partial,
        incomplete=bool(dump.container.incomplete),
        date=date if date is not None else Missing("no CRASHTIME in VMCOREINFO"),
        build_id=info.get("BUILD-ID") or (Missing("kernels before 5.9 do not record it") if info else no_note),
        nodename=strings["nodename"],
        release=strings["release"],
        version=strings["version"],
        machine=strings["machine"],
    )


def read_uts(memory: Memory) -> dict[str, str] | Missing:
    """The strings of init_uts_ns by member name.

    OFFSET(uts_namespace.name) is exported since 6.0; before that the first member of new_utsname, always "Linux",
    is looked for behind the head of the structure.
    """
    info = memory.dump.vmcoreinfo
    if isinstance(info, Missing):
        return info
    symbol = info.get("SYMBOL(init_uts_ns)", "")
    try:
        start = int(symbol, 16)
    except ValueError:
        return Missing("VMCOREINFO does not name init_uts_ns")
    try:
        data = memory.read(start, _UTS_SEARCH + _UTS_FIELD * len(_UTS_FIELDS))
    except KdiveError as error:
        return Missing(f"init_uts_ns: {error.message}")
    offset = data.find(b"Linux\0", 0, _UTS_SEARCH)
    if offset < 0:
        return Missing("init_uts_ns does not hold the kernel's name")
    fields = [data[offset + i * _UTS_FIELD :][:_UTS_FIELD] for i in range(len(_UTS_FIELDS))]
    return {
        name: field.split(b"\0")[0].decode("utf-8", "replace") for name, field in zip(_UTS_FIELDS, fields, strict=True)
    }
