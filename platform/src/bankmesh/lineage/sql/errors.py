"""Errors for queries without any lineage. A single column that cannot be resolved is underivable, and no error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.errors import BankmeshError

if TYPE_CHECKING:
    from collections.abc import Iterable


class LineageOfSqlError(BankmeshError):
    """Base class of errors while lineage is derived from SQL."""


class QueryNotUnderstood(LineageOfSqlError):
    """The text is not one query in DuckDB's dialect; `line` counts from 1 and is 0 if it is not known."""

    def __init__(self, problem: str, line: int = 0) -> None:
        self.problem, self.line = problem, line
        where = f" (line {line})" if line else ""
        super().__init__(f"Lineage cannot be read from this SQL{where}: {problem}. Give one query in DuckDB's dialect.")


class TableNotDescribed(LineageOfSqlError):
    """The query reads a table whose columns are not known."""

    def __init__(self, table: str, known: Iterable[str]) -> None:
        self.table, self.known = table, tuple(sorted(known))
        listed = ", ".join(self.known) or "none"
        super().__init__(
            f"The query reads {table}, whose columns are not known. Described tables: {listed}. "
            "Describe this table, or read a described source or model."
        )
