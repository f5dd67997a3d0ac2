"""A driver takes an entry out of a list twice."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(
    class_="list-corruption",
    function="zoo_list_leaf",
    module=MODULE,
    needs=("CONFIG_DEBUG_LIST", "CONFIG_BUG_ON_DATA_CORRUPTION"),
)
