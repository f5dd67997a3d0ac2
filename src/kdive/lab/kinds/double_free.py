"""A driver frees an object twice."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(
    class_="slab-corruption",
    function="zoo_double_free_leaf",
    module=MODULE,
    cmdline=("slub_debug=FZPU", "panic_on_taint=0x20"),
    needs=("CONFIG_SLUB_DEBUG",),
)
