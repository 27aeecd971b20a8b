"""Products that a Polars function builds."""
