"""The Dagster components that a domain uses, and the operation that they share: build, gate, publish, report."""
