"""Holding an answer against data: a column that an answer does not name must not matter.

For every source column, two sets of tables are made that differ in that column alone. Output columns whose answer does
not name it must come out the same (as multisets, since an answer says nothing of order). Polars chooses freely among
rows that are equal by a sort key, so a transform that takes some of its rows sorts by a whole key or keeps the order.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from contextlib import contextmanager
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import pyarrow as pa

from bankmesh.lineage.model import ColumnRef

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from lineage.corpus.notation import Case

    _Tables = Mapping[str, Mapping[str, list[Any]]]

ROWS = 14
_FIRST = date(2024, 12, 1)


class _Document(dict[str, Any]):
    """A JSON document, which DuckDB takes as text."""


_NUMBERS = (0, 1, 2, 3, 4, 5, 6, -1, -20, 40, None)
_WORDS = ("A", "B", "C", "D", "OPEN", "GOLD", "Q1", "Q2", "x", "y 1", None)


def undeclared_influences(case: Case, seeds: int = 2) -> list[str]:
    """What the answer leaves out: `"<column> changes with <source>"` for each pair that was seen."""
    return sorted(
        f"{name} changes with {source}"
        for name, source in influences(case, seeds)
        if source not in case.effective(name)
    )


def influences(case: Case, seeds: int) -> set[tuple[str, ColumnRef]]:
    """Each output column with each source column that it was seen to change with."""
    found = set()
    with _engine(case) as outcome:
        for seed in range(seeds):
            tables = _tables(case, seed)
            before = outcome(tables)
            for dataset, columns in case.schemas.items():
                for column in columns:
                    other = _values(case.schemas[dataset][column], f"{seed} {dataset} {column} changed")
                    after = outcome(tables | {dataset: tables[dataset] | {column: list(other)}})
                    found |= {(name, ColumnRef(dataset, column)) for name in before if before[name] != after[name]}
    return found


def output_columns(case: Case) -> list[str]:
    """The names that the engine itself gives to the columns of the result."""
    with _engine(case) as outcome:
        return list(outcome(_tables(case, 0)))


def _tables(case: Case, seed: int) -> dict[str, dict[str, list[Any]]]:
    return {
        dataset: {column: list(_values(kind, f"{seed} {dataset} {column}")) for column, kind in columns.items()}
        for dataset, columns in case.schemas.items()
    }


def _values(kind: object, seed: str) -> Iterator[Any]:
    chance = random.Random(seed)  # noqa: S311 - test data
    for _ in range(ROWS):
        yield _value(kind, chance)


def _value(kind: object, chance: random.Random) -> Any:
    if isinstance(kind, (pl.DataType, type)):
        return _of_polars(kind, chance)
    text = str(kind)
    if text.endswith("[]"):
        # Of one length, since an answer may leave out that the length of a list matters.
        return [_value(text[:-2], chance), _value(text[:-2], chance)]
    if text.startswith("STRUCT("):
        fields = dict(part.strip().split(" ") for part in text[7:-1].split(","))
        return {name: _value(inner, chance) for name, inner in fields.items()}
    return _plain(text, chance)


def _plain(name: str, chance: random.Random) -> Any:
    match name:
        case "JSON":
            return _Document(name=chance.choice("xyz"), a=chance.randrange(100))
        case "VARCHAR":
            return chance.choice(_WORDS)
        case "DATE":
            return _FIRST + timedelta(days=chance.randrange(60))
        case _:
            return chance.choice(_NUMBERS)


def _of_polars(kind: Any, chance: random.Random) -> Any:
    if kind == pl.String:
        return chance.choice(_WORDS)
    if kind == pl.Date:
        return _FIRST + timedelta(days=chance.randrange(60))
    if kind == pl.Boolean:
        return chance.choice((True, False, None))
    if kind == pl.List:
        return [_of_polars(kind.inner, chance), _of_polars(kind.inner, chance)]
    if kind == pl.Struct:
        return {field.name: _of_polars(field.dtype, chance) for field in kind.fields}
    return chance.choice(_NUMBERS)


@contextmanager
def _engine(case: Case) -> Iterator[Callable[[_Tables], dict[str, Counter[str]]]]:
    """A function from tables to the values of each output column, whatever their order."""
    if not isinstance(case.transform, str):
        yield lambda tables: _counted(_by_function(case, tables))
        return
    with duckdb.connect() as connection:
        connection.execute("set threads = 1")
        yield lambda tables: _counted(_by_sql(case, tables, connection))


def _counted(columns: Mapping[str, list[Any]]) -> dict[str, Counter[str]]:
    return {name: Counter(map(repr, values)) for name, values in columns.items()}


def _by_sql(case: Case, tables: _Tables, connection: duckdb.DuckDBPyConnection) -> dict[str, list[Any]]:
    assert isinstance(case.transform, str)
    for dataset, columns in tables.items():
        schema, _, table = dataset.rpartition(".")
        if schema:
            connection.execute(f'create schema if not exists "{schema}"')
        plain = pa.table({column: _arrow(values) for column, values in columns.items()})  # noqa: F841 - read by name
        typed = ", ".join(f'"{column}"::{case.schemas[dataset][column]} as "{column}"' for column in columns)
        name = f'"{schema or "main"}"."{table}"'
        connection.execute(f"create or replace table {name} as select {typed} from plain")
    result = connection.execute(case.transform)
    names = [str(column[0]) for column in result.description]
    rows = result.fetchall()
    return {name: [row[index] for row in rows] for index, name in enumerate(names)}


def _arrow(values: list[Any]) -> pa.Array:
    return pa.array([json.dumps(value) if isinstance(value, _Document) else value for value in values])


def _by_function(case: Case, tables: _Tables) -> dict[str, list[Any]]:
    assert not isinstance(case.transform, str)
    frames = {
        dataset: pl.LazyFrame(dict(columns), schema=dict(case.schemas[dataset])) for dataset, columns in tables.items()
    }
    return case.transform(**frames, **case.extra).collect().to_dict(as_series=False)
