"""The dump engine: which pages of a crashed machine are kept, and the files they are written to."""
