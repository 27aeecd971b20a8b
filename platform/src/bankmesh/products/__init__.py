"""The Dagster components a domain uses, and the operation that they share: build, gate, publish, tell."""
