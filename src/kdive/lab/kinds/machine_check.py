"""The processor reports an error that it cannot mend."""

from kdive.lab.kind import Kind

KIND = Kind(
    class_="mce",
    script=("here", "sleep 1000"),
    inject="mce",
    arches=("x86_64",),
    needs=("CONFIG_X86_MCE",),
)
