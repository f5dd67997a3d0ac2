"""A driver runs into its own BUG_ON()."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(
    class_="kernel-bug",
    function="zoo_bug_leaf",
    module=MODULE,
)
