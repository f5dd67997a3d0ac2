"""A driver frees an object twice."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(
    class_="kernel-bug",
    function="zoo_double_free_leaf",
    module=MODULE,
    needs=("CONFIG_SLAB_FREELIST_HARDENED",),
)
