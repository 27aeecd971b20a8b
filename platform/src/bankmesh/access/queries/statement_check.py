"""The check of a statement before anything is read: one SELECT over `product` with reviewed functions, else refused.

DuckDB's own parser makes the syntax tree, in an empty locked database, so that the check and the execution agree on
what a text means. The whole tree is searched; a part of an unknown kind is refused.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from bankmesh.access.queries.database_errors import DatabaseError
from bankmesh.access.queries.errors import StatementRefused
from bankmesh.access.queries.function_allowlist import LENGTHENING, refused_because, relation_refused_because
from bankmesh.access.queries.locked_database import open_locked_database
from bankmesh.access.queries.statement_position import (
    NO_POSITION,
    TABLE,
    position_at,
    quote_plain_name,
)
from bankmesh.access.queries.statement_shapes import (
    COLLATIONS,
    MUST_BE_EMPTY,
    NAMED_TYPES,
    TYPES,
    is_known,
    kind_of,
)
from bankmesh.sql_text import sql_literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import duckdb

    from bankmesh.access.queries.errors import StatementPosition

MAX_LENGTH: Final = 50_000
"""Bytes of a statement. DuckDB's parser survives any nesting of this length, which a test shows."""

MAX_DEPTH: Final = 250
"""Nodes of the syntax tree within each other: about 80 nested calls, or sums of 240 terms. Brackets have the same
bound: the tree leaves most of them out, but the search for subjects recurses into them."""

MAX_SCOPES: Final = 10
"""Subqueries of expressions and lambda functions within each other. The time in which DuckDB binds them doubles with
each, and nothing interrupts it meanwhile."""

MAX_COUNT: Final = 1_000_000
"""The largest number that `range`, `repeat` and the like are given as a literal: DuckDB computes them when it plans."""

_WORD = re.compile(rb"\w+")
_ONE_SELECT = f"A statement is one SELECT over the table `{TABLE}`, with CTEs, joins and subqueries"
_OPENING, _CLOSING = frozenset({b"(", b"[", b"{"}), frozenset({b")", b"]", b"}"})
_NO_BRACKETS = frozenset({"current_catalog", "current_role", "current_schema", "current_user", "session_user", "user"})
"""Functions that SQL writes without brackets, so that they look like columns."""


@dataclass(frozen=True)
class CheckedStatement:
    """A statement that may run.

    Attributes:
        text: the statement as written.
        names: every name of a column that it uses, in lower case.
        counts_rows: whether it uses no column in any way, so that all that it reads is how many rows there are.
    """

    text: str
    names: frozenset[str]
    counts_rows: bool


def check_statement(port: str, text: str, columns: Iterable[str]) -> CheckedStatement:
    """Return the statement if it may run over a table `product` with these columns.

    Raises StatementRefused for what no statement may do, StatementFailed for a syntax error.
    """
    if len(text.encode(errors="replace")) > MAX_LENGTH:
        raise StatementRefused(port, f"a statement has at most {MAX_LENGTH:,} bytes")
    if "\0" in text or not _is_unicode(text):
        raise StatementRefused(port, "the statement has characters that are no text")
    with closing(_parser(os.getpid()).cursor()) as database:
        _refuse_deep_brackets(port, text)
        tree = _parse(database, port, text)
        _refuse_rebound_ctes(port, text)
        named = _names(tree)
        known = frozenset(column.lower() for column in columns) | named.aliases
        _Check(port, text, _catalog_names(), known).search(tree)
        return CheckedStatement(text, named.columns, not named.columns and not named.implied)


@cache
def _parser(process: int) -> duckdb.DuckDBPyConnection:  # noqa: ARG001
    """Return the empty database that parses statements, one in a process; a forked process opens its own."""
    return open_locked_database()


@cache
def _catalog_names() -> frozenset[str]:
    """Return the names of the database's own views, which no CTE may have."""
    with closing(_parser(os.getpid()).cursor()) as database:
        rows = database.execute("select view_name from duckdb_views()").fetchall()
    return frozenset(str(name).lower() for (name,) in rows)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _parse(database: duckdb.DuckDBPyConnection, port: str, text: str) -> dict[str, Any]:
    """Return the syntax tree of the one SELECT of a text."""
    # As a literal, since DuckDB imports Pandas for a parameter, and swallows an interrupt while it does.
    row = database.execute(f"select json_serialize_sql({sql_literal(text)})").fetchone()
    try:
        parsed = json.loads(row[0]) if row else {}
    except RecursionError:
        raise _too_deep(port) from None
    if parsed.get("error", True):
        error = DatabaseError.reported(parsed)
        if error.is_of_the_text:
            raise error.as_failure(port, text)
        raise StatementRefused(port, "the statement is no SELECT, or PIVOT without a list of values", None, _ONE_SELECT)
    statements = parsed["statements"]
    if len(statements) != 1:
        raise StatementRefused(port, f"the text holds {len(statements)} statements", None, _ONE_SELECT)
    tree: dict[str, Any] = statements[0]
    return tree


def _refuse_deep_brackets(port: str, text: str) -> None:
    import duckdb

    written, depth = text.encode(), 0
    for start, _ in duckdb.tokenize(text):
        sign = written[start : start + 1]
        depth += (sign in _OPENING) - (sign in _CLOSING)
        if depth > MAX_DEPTH:
            raise _too_deep(port, position_at(text, start))


def _refuse_rebound_ctes(port: str, text: str) -> None:
    """Refuse NOT MATERIALIZED, which the syntax tree leaves out: DuckDB binds such a CTE anew at each use.

    A chain of them takes hours to bind, and nothing interrupts it meanwhile.
    """
    import duckdb

    written = text.encode()
    starts = [start for start, _ in duckdb.tokenize(text)]
    found = (_WORD.match(written, start) for start in starts)
    words = [word[0].lower() if word else b"" for word in found]
    for at, three in enumerate(zip(words, words[1:], words[2:], strict=False)):
        if three == (b"as", b"not", b"materialized"):
            where = position_at(text, starts[at + 1])
            raise StatementRefused(port, "NOT MATERIALIZED is refused", where, "Leave it out")


def _too_deep(port: str, position: StatementPosition | None = None) -> StatementRefused:
    return StatementRefused(port, f"the statement nests deeper than {MAX_DEPTH} levels", position)


@dataclass(frozen=True)
class _TreeNames:
    """Names of a tree in lower case; `implied` if it uses columns without their names."""

    columns: frozenset[str]
    aliases: frozenset[str]
    implied: bool


def _names(tree: dict[str, Any]) -> _TreeNames:
    """Return the names of columns that a tree uses, and the aliases that it defines, in lower case."""
    columns: set[str] = set()
    aliases: set[str] = set()
    implied = False
    for node in _nodes(tree):
        implied |= kind_of(node) in {"STAR", "POSITIONAL_REFERENCE", "JOIN", "PIVOT"}
        aliases.update(node[key].lower() for key in ("alias",) if isinstance(node.get(key), str))
        for key in ("aliases", "column_name_alias", "unpivot_names"):
            aliases.update(name.lower() for name in node.get(key) or ())
        for key in ("column_names", "using_columns", "exclude_list", "groups"):
            columns.update(name.lower() for name in node.get(key) or () if isinstance(name, str))
        if isinstance(node.get("column"), str):
            columns.add(node["column"].lower())
    return _TreeNames(frozenset(columns), frozenset(aliases), implied)


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    """Yield every object of a syntax tree, in no order."""
    left = [tree]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            yield node
            left.extend(node.values())
        elif isinstance(node, list):
            left.extend(node)


@dataclass(frozen=True)
class _Spot:
    """A part of the tree that is still to be searched.

    Attributes:
        node: the part.
        ctes: names of the CTEs that it may read.
        offset: position of the nearest node around it that has one.
        depth: the number of nodes around it.
        scopes: the number of subqueries of expressions and lambda functions around it.
    """

    node: Any
    ctes: frozenset[str] = frozenset()
    offset: int | None = None
    depth: int = 0
    scopes: int = 0


class _Check:
    """The search of one syntax tree; raises StatementRefused at the first part that may not be."""

    def __init__(self, port: str, text: str, catalog: frozenset[str], columns: frozenset[str]) -> None:
        self._port, self._text, self._catalog, self._columns = port, text, catalog, columns
        self._by_class: Mapping[str, Callable[[_Spot], None]] = {
            "COLLATE": self._check_collation,
            "COLUMN_REF": self._check_column,
            "FUNCTION": self._check_function,
            "WINDOW": self._check_function,
        }

    def search(self, tree: dict[str, Any]) -> None:
        """Search the whole tree. Its recursion is a list, so that a deep tree cannot exhaust the stack."""
        left = [_Spot(tree)]
        while left:
            spot = left.pop()
            if isinstance(spot.node, list):
                left.extend(replace(spot, node=item) for item in spot.node)
            elif isinstance(spot.node, dict):
                left.extend(self._search_node(self._placed(spot)))

    def _placed(self, spot: _Spot) -> _Spot:
        offset = spot.node.get("query_location", NO_POSITION)
        is_scope = spot.node.get("class") in {"LAMBDA", "SUBQUERY"}
        placed = replace(spot, depth=spot.depth + 1, scopes=spot.scopes + is_scope)
        return placed if offset == NO_POSITION else replace(placed, offset=offset)

    def _search_node(self, spot: _Spot) -> Iterator[_Spot]:
        node = spot.node
        if spot.depth > MAX_DEPTH:
            raise _too_deep(self._port)
        if spot.scopes > MAX_SCOPES:
            raise self._refused(spot, f"subqueries and lambda functions nest deeper than {MAX_SCOPES} levels")
        self._check_kind(spot)
        if "class" in node and node["class"] in self._by_class:
            self._by_class[node["class"]](spot)
        elif kind_of(node) == "BASE_TABLE":
            self._check_table(spot)
        elif "type_info" in node:
            self._check_type(spot)
        if "is_null" in node:
            yield replace(spot, node=node["type"])
            return
        if "cte_map" in node:
            entries = node["cte_map"]["map"]
            for entry in entries:
                self._check_cte_name(spot, entry["key"])
                yield replace(spot, node=entry["value"])
                spot = replace(spot, ctes=spot.ctes | {entry["key"].lower()})
        yield from (replace(spot, node=value) for key, value in node.items() if key != "cte_map")

    def _check_kind(self, spot: _Spot) -> None:
        node = spot.node
        kind = kind_of(node)
        if kind in _REFUSED_KINDS:
            raise self._refused(spot, *_REFUSED_KINDS[kind])
        if kind == "TABLE_FUNCTION":
            self._refuse_relation(spot)
        if not is_known(node):
            raise self._refused(spot, "it has a part that is not on the list of reviewed syntax", _ONE_SELECT)
        for field in node.keys() & MUST_BE_EMPTY:
            if node[field] and not (field == "schema" and node[field] == "main" and kind in {"FUNCTION", "WINDOW"}):
                raise self._refused(spot, _REFUSED_FIELDS.get(field, f"its part {field} is refused"), _ONE_SELECT)

    def _refuse_relation(self, spot: _Spot) -> None:
        function = spot.node["function"]
        name = function["function_name"] if function.get("class") == "FUNCTION" else ""
        problem = f"{quote_plain_name('table function', name)} is refused: {relation_refused_because(name)}"
        raise self._refused(spot, problem, _ONE_SELECT)

    def _check_function(self, spot: _Spot) -> None:
        name = spot.node["function_name"]
        if reason := refused_because(name):
            raise self._refused(spot, f"{quote_plain_name('function', name)} is refused: {reason}")
        counts = [_whole_number(argument) for argument in spot.node["children"]] if name.lower() in LENGTHENING else ()
        if max(counts, default=0) > MAX_COUNT:
            raise self._refused(spot, f"function {name} is refused with a number above {MAX_COUNT:,}")

    def _check_column(self, spot: _Spot) -> None:
        names = spot.node["column_names"]
        if len(names) == 1 and names[0].lower() in _NO_BRACKETS - self._columns:
            raise self._refused(spot, f"function {names[0]} is refused: {refused_because(names[0])}")

    def _check_table(self, spot: _Spot) -> None:
        name = spot.node["table_name"]
        if name.lower() not in spot.ctes | {TABLE}:
            problem = f"{quote_plain_name('table', name)} is not a table of this statement"
            raise self._refused(spot, problem, _tables(spot.ctes))

    def _check_cte_name(self, spot: _Spot, name: str) -> None:
        if name.lower() == TABLE or name.lower() in self._catalog:
            raise self._refused(spot, f"a CTE cannot have the name of a table, {name}", "Give the CTE another name")

    def _check_collation(self, spot: _Spot) -> None:
        if spot.node["collation"].lower() not in COLLATIONS:
            raise self._refused(spot, "its collation is refused", f"Allowed: {', '.join(sorted(COLLATIONS))}")

    def _check_type(self, spot: _Spot) -> None:
        info = spot.node["type_info"] or {}
        kind = spot.node["id"]
        if kind not in TYPES or (kind == "UNBOUND" and info.get("name", "").lower() not in NAMED_TYPES):
            raise self._refused(
                spot, "its type is refused", f"Allowed: {', '.join(sorted({*TYPES, 'JSON'} - {'UNBOUND'}))}"
            )

    def _refused(self, spot: _Spot, problem: str, next_step: str = "") -> StatementRefused:
        return StatementRefused(self._port, problem, position_at(self._text, spot.offset), next_step)


def _whole_number(argument: Mapping[str, Any]) -> int:
    """Return the number that an argument is as a literal, without its sign; 0 for any other expression."""
    while argument.get("class") in {"CAST", "FUNCTION"}:
        inner = [argument["child"]] if argument["class"] == "CAST" else argument["children"]
        if len(inner) != 1:
            return 0
        argument = inner[0]
    value = argument.get("value", {}).get("value")
    return int(abs(value)) if isinstance(value, (int, float)) else 0


def _tables(ctes: frozenset[str]) -> str:
    return f"Tables: {', '.join([TABLE, *sorted(ctes)])}"


_REFUSED_KINDS: Final = {
    "DEFAULT": ("DEFAULT is refused",),
    "PARAMETER": ("a parameter is refused", "Write the value into the statement"),
    "RECURSIVE_CTE_NODE": ("a recursive CTE is refused",),
    "SHOW_REF": (
        "SHOW, DESCRIBE and SUMMARIZE are refused",
        "`mesh show` lists the columns, `mesh profile` their values",
    ),
}
_REFUSED_FIELDS: Final = {
    "at_clause": "AT is refused: a statement reads the version that the product was opened at",
    "catalog": "a name with a catalog is refused",
    "catalog_name": "a table with a catalog is refused",
    "named_param_map": "a parameter is refused",
    "schema": "a name with a schema is refused",
    "schema_name": "a table with a schema is refused",
}
