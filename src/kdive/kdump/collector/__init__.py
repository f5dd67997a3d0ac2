"""The program that saves the dump, in the capture kernel: it loses nothing that it can still save."""
