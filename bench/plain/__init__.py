"""The retail products as a plain Dagster, dbt and Great Expectations project; see README.md."""
