"""The commands of crash(8): one file each, found by its name; `run` gives a typed result, `text` its lines."""
