"""Hand-written YAML, read with the line of every key."""
