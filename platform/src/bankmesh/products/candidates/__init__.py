"""A candidate: its files, casts, relations for the gate, and what its asset page shows."""
