"""The data catalog: a searchable index of contracts, Delta logs, lineage and Dagster's event log."""
