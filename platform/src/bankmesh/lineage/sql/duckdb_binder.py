"""Queries to DuckDB itself: the names of a result's columns, and the names that `columns(...)` picks.

DuckDB runs over empty tables, and only if the query's text does not decide: opening a database costs more than reading
most queries.
"""

from __future__ import annotations

import contextlib
from functools import cached_property
from typing import TYPE_CHECKING

from bankmesh.lineage.sql.tables import schema_and_name
from bankmesh.sql_text import sql_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb

    from bankmesh.lineage.sql.tables import Tables


class Engine:
    """A DuckDB database in memory with the described tables, empty; opened on first use.

    `views` are the queries of earlier steps by relation, in order, so that later ones can read them.
    """

    def __init__(self, tables: Tables, views: Sequence[tuple[str, str]] = ()) -> None:
        self._tables, self._views = tables, views

    @cached_property
    def _database(self) -> duckdb.DuckDBPyConnection:
        import duckdb

        # A fragment of a query is evaluated in it, so access to files is disabled.
        return duckdb.connect(":memory:", config={"enable_external_access": "false"})

    @cached_property
    def _described(self) -> bool:
        import duckdb

        try:
            for table in self._tables.listed():
                if not table.view:
                    self._make(*schema_and_name(table), table.columns)
            for relation, sql in self._views:
                self._database.execute(f"create or replace view {relation} as {sql}")
        except duckdb.Error:
            return False
        return True

    def _make(self, schema: str, name: str, columns: Mapping[str, str]) -> None:
        listed = ", ".join(f"{sql_name(column)} {kind}" for column, kind in columns.items())
        self._database.execute(f"create schema if not exists {sql_name(schema)}")
        self._database.execute(f"create table {sql_name(schema)}.{sql_name(name)} ({listed})")

    def column_names(self, sql: str) -> list[str] | None:
        """Return DuckDB's names of the columns of a query's result, None if it cannot bind the query."""
        import duckdb

        with contextlib.suppress(duckdb.Error):
            if self._described:
                return [str(row[0]) for row in self._database.execute(f"describe {sql}").fetchall()]
        return None

    def picked(self, names: Sequence[str], condition: str, variable: str) -> list[str] | None:
        """Return the names for which a condition on `variable` is true, in order; None if DuckDB cannot evaluate it."""
        import duckdb

        query = f"select list_filter($1::varchar[], lambda {sql_name(variable)}: {condition})"
        with contextlib.suppress(duckdb.Error):
            row = self._database.execute(query, [list(names)]).fetchone()
            return list(row[0]) if row else []
        return None
