"""A driver follows a pointer that cannot be an address."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(
    class_="gpf",
    function="zoo_gpf_leaf",
    module=MODULE,
    arches=("x86_64",),
)
