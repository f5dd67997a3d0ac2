"""One file for each kind of secret."""
