"""A driver writes behind the memory that it has."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(
    class_="page-fault",
    function="zoo_wild_write_leaf",
    module=MODULE,
)
