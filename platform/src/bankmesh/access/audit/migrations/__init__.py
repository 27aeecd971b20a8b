"""Revisions of the tables of audit chains and anchors, oldest first."""
