"""Faults of a dbt project, by file and line, before a run meets them."""
