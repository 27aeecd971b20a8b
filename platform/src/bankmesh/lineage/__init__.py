"""Column lineage, derived from SQL and Polars code and never typed in, and the OpenLineage events that report it."""
