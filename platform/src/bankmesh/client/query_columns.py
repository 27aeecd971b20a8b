"""The columns of a product that a reader's query uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.contracts.column_types import duckdb_type
from bankmesh.errors import BankmeshError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bankmesh.contracts.model import Contract

NAME = "product"
"""Name of the product's table in a query."""


def columns_of_query(query: str, contract: Contract) -> Sequence[str] | None:
    """Return the columns that a query uses, in the contract's order; None, meaning all, if they cannot be derived."""
    from bankmesh.lineage.sql import lineage_of_query

    known = {column.name: duckdb_type(column.type) for column in contract.columns}
    try:
        found = lineage_of_query(query, {NAME: known})
    except BankmeshError:  # an error in the query is reported by the database
        return None
    if found.underivable:
        return None
    used = {d.source.column for name in found.columns for d in found.dependencies(name)}
    return [name for name in known if name in used]
