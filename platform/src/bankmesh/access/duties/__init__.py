"""Duties along lineage: what a product owes to the contracts of the products that it is built from."""
