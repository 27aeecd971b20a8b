"""What there is, and in which state: from contracts, Delta logs, lineage and the event log, of which it is an index."""
