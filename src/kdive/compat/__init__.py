"""How kernel versions differ: the one place that knows."""
