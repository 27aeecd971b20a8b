"""Revisions of the tables of OpenLineage events, oldest first."""
