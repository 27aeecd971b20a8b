"""What a text says: how it is meant, and what its writer wants."""
