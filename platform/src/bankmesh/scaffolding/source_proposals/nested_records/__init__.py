"""Proposals for JSON and XML: the records in documents, and a column for each of their fields."""
