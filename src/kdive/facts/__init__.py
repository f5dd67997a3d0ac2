"""The types of what can be known about a crash: plain, bounded, JSON-able, free of drgn and of raw memory."""
