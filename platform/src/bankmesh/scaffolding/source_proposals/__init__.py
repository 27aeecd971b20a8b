"""Proposals for source declarations, made from all rows of real files: one proposer for each kind of file."""
