"""The files that say what happens at a crash: kdump.conf, and those of other tools, which are read once."""
