"""A driver writes past the end of an object; the allocator finds it when the object is freed."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(
    class_="slab-corruption",
    function="zoo_oob_write_leaf",
    module=MODULE,
    cmdline=("slub_debug=FZPU", "panic_on_taint=0x20"),
    needs=("CONFIG_SLUB_DEBUG",),
)
