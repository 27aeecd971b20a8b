"""Rows of the index on their way into it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import sqlalchemy as sa
    from sqlalchemy.engine import Connection

Row = dict[str, Any]
Rows = dict["sa.Table", list[Row]]
"""Rows by the table that they belong to."""


def add(rows: Rows, more: Mapping[sa.Table, Iterable[Row]]) -> None:
    """Put more rows to those that are there."""
    for table, added in more.items():
        rows.setdefault(table, []).extend(added)


def insert(connection: Connection, rows: Rows) -> None:
    """Write all of them."""
    for table, added in rows.items():
        if added:
            connection.execute(table.insert(), added)
