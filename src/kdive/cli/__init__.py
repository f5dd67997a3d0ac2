"""Parses the command line, prints, exits."""
