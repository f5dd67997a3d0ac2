"""A file for each check; its name, with dashes, is the check's id."""
