"""What stands in a domain's `defs.yaml`: a Polars product, all dbt products, all legacy sources."""
