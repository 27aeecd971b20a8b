"""Facts about the tables that plain dbt made: types, rows, and how values are written in delivered files."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bankmesh.scaffolding.classification_proposal import measure_shapes
from bankmesh.sql_text import sql_literal, sql_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import duckdb

_SAMPLE = 10_000
_WHOLE = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
_DECIMAL = re.compile(r"(?:DECIMAL|NUMERIC)\s*\((\d+)\s*,\s*(\d+)\)", re.IGNORECASE)
_ALIASES = {
    **dict.fromkeys(("INT", "INT4", "INT8", "INT64", "LONG", "NUMBER"), "BIGINT"),
    **dict.fromkeys(("STRING", "TEXT", "CHAR", "BPCHAR"), "VARCHAR"),
    **dict.fromkeys(("FLOAT64", "FLOAT8", "FLOAT", "REAL", "FLOAT4"), "DOUBLE"),
    **dict.fromkeys(("BOOL",), "BOOLEAN"),
    **dict.fromkeys(("TIMESTAMP_NTZ", "DATETIME", "TIMESTAMP_NS", "TIMESTAMP_MS", "TIMESTAMP_S"), "TIMESTAMP"),
    **dict.fromkeys(("TIMESTAMPTZ", "TIMESTAMP_TZ", "TIMESTAMP_LTZ"), "TIMESTAMP WITH TIME ZONE"),
}


@dataclass(frozen=True)
class TableFacts:
    """The columns of a table with DuckDB's types, and its number of rows."""

    columns: Mapping[str, str]
    rows: int


@dataclass(frozen=True)
class PromisedType:
    """A type of the platform: as a source declaration writes it, and as a contract does."""

    declared: str
    logical: str
    physical: str | None


def relation_of(node: Mapping[str, Any]) -> str:
    """Return the quoted name of the relation that dbt made of a node."""
    name = node.get("identifier") or node.get("alias") or node["name"]
    return ".".join(sql_name(str(part)) for part in (node["database"], node["schema"], name))


def read_table(connection: duckdb.DuckDBPyConnection, relation: str) -> TableFacts | None:
    """Return the facts of a relation or table function; None if it does not exist."""
    import duckdb

    try:
        described = connection.execute(f"describe from {relation}").fetchall()
        counted = connection.execute(f"select count(*) from {relation}").fetchone()
    except duckdb.Error:
        return None
    return TableFacts({name: kind for name, kind, *_ in described}, int(counted[0]) if counted else 0)


def read_shapes(connection: duckdb.DuckDBPyConnection, relation: str, facts: TableFacts) -> dict[str, dict[str, float]]:
    """Return for each column of text which share of its distinct values has a shape that identifies people."""
    import duckdb

    shapes: dict[str, dict[str, float]] = {}
    for name, kind in facts.columns.items():
        if kind.startswith("VARCHAR"):
            query = (
                f"select distinct {sql_name(name)} from {relation} where {sql_name(name)} is not null limit {_SAMPLE}"
            )
            with suppress(duckdb.Error):  # a source that is not delivered has no values
                shapes[name] = measure_shapes(value for (value,) in connection.execute(query).fetchall())
    return shapes


def promised_type(kind: str) -> PromisedType | None:
    """Return the platform's type of a type of DuckDB or another warehouse; None if there is none."""
    name = kind.strip().upper()
    name = _ALIASES.get(re.sub(r"\(.*", "", name).strip(), name) if not _DECIMAL.match(name) else name
    if name in _WHOLE:
        return PromisedType("long", "integer", None)
    if found := _DECIMAL.match(name):
        text = f"decimal({found[1]},{found[2]})"
        return PromisedType(text, "number", text)
    if name.startswith("TIMESTAMP"):
        return PromisedType("timestamp", "timestamp", None)
    if name.startswith("VARCHAR"):
        return PromisedType("string", "string", None)
    kinds = {"DOUBLE": ("double", "number", "double"), "DATE": ("date", "date", None)}
    kinds["BOOLEAN"] = ("boolean", "boolean", None)
    return PromisedType(*kinds[name]) if name in kinds else None


@dataclass(frozen=True)
class WrittenText:
    """How a text file is written: its delimiter and quote, whether values hold line ends, whether it has a mark."""

    delimiter: str
    quote: str
    multiline: bool
    marked: bool


def read_writing(connection: duckdb.DuckDBPyConnection, file: Path, delimiter: str | None) -> WrittenText:
    """Return how a delimited file is written; `delimiter` is the one that a seed declares."""
    options = f", delim = {sql_literal(delimiter)}" if delimiter else ""
    path = sql_literal(str(file))
    sniff = f"select delimiter, quote from sniff_csv({path}, sample_size = -1, header = true{options})"
    found = connection.execute(sniff).fetchone()
    sniffed, quote = (str(value) for value in found) if found else (",", '"')
    text = _all_text(file, delimiter or sniffed)
    columns = [name for name, *_ in connection.execute(f"describe from {text}").fetchall()]
    lines = " or ".join(
        f"contains({sql_name(name)}, chr(10)) or contains({sql_name(name)}, chr(13))" for name in columns
    )
    multiline = connection.execute(f"select coalesce(bool_or({lines}), false) from {text}").fetchone()
    marked = file.suffix == ".csv" and file.open("rb").read(3) == b"\xef\xbb\xbf"
    quoted = quote if quote not in {"", "\x00", "(empty)"} else '"'
    return WrittenText(delimiter or sniffed, quoted, bool(multiline and multiline[0]), marked)


def _all_text(file: Path, delimiter: str) -> str:
    return f"read_csv({sql_literal(str(file))}, all_varchar = true, header = true, delim = {sql_literal(delimiter)})"


def distinct_spellings(
    connection: duckdb.DuckDBPyConnection, file: Path, delimiter: str, column: str, limit: int
) -> list[str]:
    """Return up to `limit` spellings of a column's values in a text file, sorted; null is none."""
    query = f"select distinct {sql_name(column)} from {_all_text(file, delimiter)} where {sql_name(column)} is not null"
    return [value for (value,) in connection.execute(f"{query} order by 1 limit {limit}").fetchall()]


def all_match(connection: duckdb.DuckDBPyConnection, file: Path, delimiter: str, column: str, pattern: str) -> bool:
    """Whether every value of a column that is written in a text file matches a pattern as a whole."""
    name = sql_name(column)
    matches = f"coalesce(bool_and(regexp_full_match({name}, {sql_literal(pattern)})), true)"
    found = connection.execute(
        f"select {matches} from {_all_text(file, delimiter)} where {name} is not null"
    ).fetchone()
    return bool(found and found[0])
