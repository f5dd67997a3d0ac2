"""A driver writes to an object that it has freed; the allocator finds it later."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(
    class_="slab-corruption",
    function="zoo_uaf_write_leaf",
    module=MODULE,
    cmdline=("slub_debug=FZPU", "panic_on_taint=0x20"),
    needs=("CONFIG_SLUB_DEBUG",),
)
