"""Command lines of older tools, for scripts as they are: a link to kdive by a tool's name takes that tool's options."""
