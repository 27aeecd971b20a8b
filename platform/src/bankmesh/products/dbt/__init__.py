"""Products that dbt builds: the project of a domain, its models, tests and lineage."""
