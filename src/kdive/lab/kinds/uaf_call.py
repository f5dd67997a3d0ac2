"""A driver calls a function pointer in an object that it has freed."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(
    class_="gpf",
    function="zoo_uaf_call_leaf",
    module=MODULE,
    cmdline=("slub_debug=FZPU", "panic_on_taint=0x20"),
    needs=("CONFIG_SLUB_DEBUG",),
    arches=("x86_64",),
)
