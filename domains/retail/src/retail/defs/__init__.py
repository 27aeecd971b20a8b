"""The components of the retail domain."""
