"""The straight path from a file to a report."""
