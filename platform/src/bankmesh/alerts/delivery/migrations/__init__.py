"""Revisions of the tables of incidents, notices and deliveries, oldest first."""
