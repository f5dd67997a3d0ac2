"""Where a dump may go, one file per kind of target."""
