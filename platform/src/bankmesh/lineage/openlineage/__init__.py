"""OpenLineage events of attempts, from plain facts to an outbox and onwards to a receiver."""
