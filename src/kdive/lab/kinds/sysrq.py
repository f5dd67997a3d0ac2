"""Somebody crashes the machine by `echo c > /proc/sysrq-trigger`."""

from kdive.lab.kind import Kind

KIND = Kind(class_="sysrq", script=("here", "echo c > /proc/sysrq-trigger"), needs=("CONFIG_MAGIC_SYSRQ",))
