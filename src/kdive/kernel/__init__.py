"""Readers: a drgn program over memory and symbols becomes facts."""
