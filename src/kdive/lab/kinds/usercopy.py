"""A driver copies more to a user than its object holds."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(
    class_="usercopy",
    function="zoo_usercopy_leaf",
    module=MODULE,
    needs=("CONFIG_HARDENED_USERCOPY",),
)
