"""Dagster's event log, for those who read it through a protocol: alerts, catalog, and the build of a product."""
