"""A driver reads a user's pointer without copy_from_user()."""

from kdive.lab.kind import MODULE, Kind

KIND = Kind(
    class_="page-fault",
    function="zoo_user_deref_leaf",
    module=MODULE,
    arches=("x86_64",),  # arm64 has to have PAN for it; the lab's CPU there has not
)
