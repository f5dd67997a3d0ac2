"""The first process ends."""

from kdive.lab.kind import Kind

KIND = Kind(
    class_="init-died",
    script=("init_exit",),
)
