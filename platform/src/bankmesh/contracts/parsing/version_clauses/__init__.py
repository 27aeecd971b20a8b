"""Clauses that compare a version with the one before: its volume, and the profile of its columns."""
