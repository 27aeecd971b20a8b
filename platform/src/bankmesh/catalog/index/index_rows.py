"""Rows of the index, before they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import sqlalchemy as sa
    from sqlalchemy.engine import Connection

Row = dict[str, Any]
Rows = dict["sa.Table", list[Row]]
"""Rows by table."""


def add(rows: Rows, more: Mapping[sa.Table, Iterable[Row]]) -> None:
    """Add `more` to `rows`, in place."""
    for table, added in more.items():
        rows.setdefault(table, []).extend(added)


def insert(connection: Connection, rows: Rows) -> None:
    """Insert all rows into their tables."""
    for table, added in rows.items():
        if added:
            connection.execute(table.insert(), added)
