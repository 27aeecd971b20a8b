"""Who reads: development tokens, the session of a mesh home, and the principal of a read."""
