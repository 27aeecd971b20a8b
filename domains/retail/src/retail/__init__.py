"""The retail domain of the bank."""
