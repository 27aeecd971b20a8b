"""The components for a domain's `defs.yaml`: a Polars product, all dbt products, all legacy sources, operations."""

from bankmesh.garbage_collection import collect_rarely

collect_rarely()  # for the processes of a code location, which is what imports these
