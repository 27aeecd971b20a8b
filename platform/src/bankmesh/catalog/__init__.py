"""What there is, and in which state: read from contracts, Delta logs and Dagster's event log, kept nowhere."""
