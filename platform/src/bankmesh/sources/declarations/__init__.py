"""TODO declarations."""
