"""The components of the investment domain."""
