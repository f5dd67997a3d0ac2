"""A driver reads memory that it has freed and that is mapped no more."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(
    class_="page-fault",
    function="zoo_wild_read_leaf",
    module=MODULE,
)
