"""Statements of readers over a governed relation: checked, bound, and run on a new DuckDB that can read nothing else.

Masks and the row filter of the decision apply before DuckDB receives a row, so neither a statement nor its errors can
reach what is withheld.
"""

from __future__ import annotations

import difflib
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from bankmesh.access.errors import AccessDenied
from bankmesh.access.model import ColumnOutcome
from bankmesh.access.queries.database_errors import DatabaseError
from bankmesh.access.queries.errors import StatementFailed
from bankmesh.access.queries.locked_database import open_locked_database
from bankmesh.access.queries.relation_stream import EmptyTable, RelationStream
from bankmesh.access.queries.scan_plan import ScanPlan, plan_scan
from bankmesh.access.queries.statement_check import CheckedStatement, check_statement
from bankmesh.access.queries.statement_position import TABLE, position_at
from bankmesh.errors import shorten_list
from bankmesh.sql_text import sql_literal, sql_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import duckdb
    import polars as pl

    from bankmesh.access.model import AccessDecision
    from bankmesh.access.queries.relation_stream import QueryableRelation

_NOT_IN_POLARS = re.compile(r"\b(?:BIGNUM|BIT|INTERVAL|UNION)\b")
_EVERY_COLUMN, _COLUMNS_READ = "every_column", "columns_read"


def run_query(
    relation: QueryableRelation, query: str, note: Callable[[tuple[str, ...]], None] = lambda _columns: None
) -> pl.DataFrame:
    """Return the result of a SELECT over the relation, whose table is named `product`.

    Only the columns that the statement uses are read; `note` is called with them at the end. Raises StatementRefused
    for a statement that may not run, AccessDenied if it names a withheld column, StatementFailed if it is wrong or
    fails, and the errors of the reading.
    """
    decision, schema = relation.decision, relation.schema
    if not schema:
        raise AccessDenied(decision.port, "no column of it may be read", decision.reasons)
    statement = check_statement(decision.port, query, schema)
    database = open_locked_database()
    try:
        used = _plan(database, decision, statement, schema)
        # Where a statement counts rows alone, the column is read that costs least.
        plan = used if used.columns else replace(used, columns=(_narrowest(schema, decision.shown),))
        stream = RelationStream(relation, schema, plan, statement.text)
        try:
            _create_product(database, stream, schema, plan)
            rows = _execute(database, decision.port, statement, stream)
        finally:
            database.close()  # first: a statement that was interrupted must not read on
            stream.close()
    finally:
        database.close()
    note(used.columns)
    return rows


def _plan(
    database: duckdb.DuckDBPyConnection,
    decision: AccessDecision,
    statement: CheckedStatement,
    schema: Mapping[str, pl.DataType],
) -> ScanPlan:
    """Return what the statement uses: no column, where it counts rows alone."""
    database.register(_EVERY_COLUMN, EmptyTable(schema))
    database.execute(f"create view {TABLE} as select * from {_EVERY_COLUMN}")
    plan = plan_scan(database, statement.text, schema, decision.shown)
    if isinstance(plan, DatabaseError):
        raise _binding_error(plan, decision, statement, schema)
    return replace(plan, columns=()) if statement.counts_rows else plan


def _narrowest(schema: Mapping[str, pl.DataType], shown: frozenset[str]) -> str:
    """Return the column that is read at the least cost: shown, and of a type of few bytes."""
    sizes = {"Boolean": 1, "Int32": 4, "Date": 4, "Int64": 8, "Float64": 8, "Datetime": 8, "Decimal": 16}
    return min(schema, key=lambda name: (name not in shown, sizes.get(type(schema[name]).__name__, 32)))


def _binding_error(
    error: DatabaseError, decision: AccessDecision, statement: CheckedStatement, schema: Mapping[str, pl.DataType]
) -> Exception:
    """Return the error for a statement that DuckDB cannot bind to the columns that may be read."""
    withheld = [
        found
        for name, found in decision.columns.items()
        if found.outcome is ColumnOutcome.WITHHOLD and name.lower() in statement.names
    ]
    columns = f"Columns: {shorten_list(schema, 40)}"
    if withheld:
        names = shorten_list(found.column for found in withheld)
        reasons = [reason for found in withheld for reason in found.reasons]
        return AccessDenied(decision.port, f"the statement names withheld columns: {names}", reasons, columns)
    if error.missing_column is None:
        return error.as_failure(decision.port, statement.text)
    near = difflib.get_close_matches(error.missing_column, list(schema), n=1)
    hint = f"Did you mean {near[0]}? {columns}" if near else columns
    problem = f"there is no column {error.missing_column}"
    return StatementFailed(decision.port, problem, position_at(statement.text, error.offset), hint)


def _create_product(
    database: duckdb.DuckDBPyConnection, stream: RelationStream, schema: Mapping[str, pl.DataType], plan: ScanPlan
) -> None:
    """Create the table of the statement: the columns that are read, and the others, which fail if anything reads them.

    With all columns in place, names and `*` mean the same as when the statement was bound.
    """
    types = dict(database.execute(f"select column_name, column_type from (describe {_EVERY_COLUMN})").fetchall())
    database.register(_COLUMNS_READ, stream)
    listed = ", ".join(
        _read_column(name, schema[name]) if name in plan.columns else _unread_column(name, types[name])
        for name in schema
    )
    database.execute(f"create or replace view {TABLE} as select {listed} from {_COLUMNS_READ}")


def _read_column(name: str, dtype: pl.DataType) -> str:
    """Return the expression for a column that is read.

    `greatest` of one value is that value. It keeps DuckDB from handing filters to Arrow, for which NaN is not greater
    than a number, as it is for DuckDB; DuckDB hands over no filters on nested types.
    """
    quoted = sql_name(name)
    return quoted if dtype.is_nested() else f"greatest({quoted}) as {quoted}"


def _unread_column(name: str, duckdb_type: str) -> str:
    return f"error({sql_literal(f'{name} is not read')})::{duckdb_type} as {sql_name(name)}"


def _execute(
    database: duckdb.DuckDBPyConnection, port: str, statement: CheckedStatement, stream: RelationStream
) -> pl.DataFrame:
    import duckdb

    try:
        return _interruptible(database, lambda: _result(database, port, statement))
    except duckdb.Error as error:
        failed = DatabaseError.raised(error)
    # Raised here, so that the error does not carry DuckDB's, whose text may hold values.
    raise stream.failure or failed.as_failure(port, statement.text)


def _result(database: duckdb.DuckDBPyConnection, port: str, statement: CheckedStatement) -> pl.DataFrame:
    result = database.execute(statement.text)
    for name, kind, *_ in result.description or ():
        if strange := _NOT_IN_POLARS.search(str(kind)):
            problem = f"column {name} of the result has the type {strange[0]}, which Polars has not"
            raise StatementFailed(port, problem, None, "Cast it to VARCHAR")
    return _frame(port, result)


def _frame(port: str, result: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    import pyarrow as pa

    try:
        return result.pl()
    except pa.ArrowInvalid as error:
        if "Recursion level" not in str(error):
            raise
    problem = "a column of the result nests deeper than Arrow allows: 62 lists or structs, 31 maps"
    raise StatementFailed(port, problem, None, "Cast it to VARCHAR")


def _interruptible(database: duckdb.DuckDBPyConnection, work: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    """Return what the work gives. It runs on a thread of its own, so that Ctrl-C ends it at once.

    On the caller's thread, DuckDB notices a signal only between two of its tasks, and a task can take hours.
    """
    with ThreadPoolExecutor(1, "statement") as thread:
        running = thread.submit(work)
        try:
            return running.result()
        except BaseException:
            database.interrupt()
            raise
