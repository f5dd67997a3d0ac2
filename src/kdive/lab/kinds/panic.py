"""A driver calls panic()."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(
    class_="panic-other",
    function="zoo_panic_leaf",
    module=MODULE,
)
