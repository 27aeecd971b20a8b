"""TODO openlineage."""
