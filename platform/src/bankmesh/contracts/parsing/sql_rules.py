"""SQL of quality rules: normalised placeholders, and a check that it reads only the candidate and returns one number.

The standard's placeholders are `${object}` and `${property}`; `table` and `column` are accepted too, and all of them
without the `$`. They are recognised outside string literals and comments: `{2}` in a regular expression is text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bankmesh.contracts.parsing.odcs_schema import nearest

TABLE, COLUMN = "${table}", "${column}"
_PLACEHOLDER = re.compile(r"\$?\{\s*(\w+)\s*\}")
# Tokens of a query: a placeholder, with identifier quotes around it if present; or a token without placeholders.
_TOKENS = re.compile(
    r"""(?P<text>\b[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|(?<!\w)\$(?P<tag>(?:[A-Za-z_]\w*)?)\$.*?\$(?P=tag)\$)"""
    r"""|(?P<comment>--[^\n]*|/\*.*?\*/)"""
    r"""|(?P<placeholder>"\$?\{\s*\w+\s*\}"|\$?\{\s*\w+\s*\})"""
    r"""|"(?:[^"]|"")*\"""",
    re.DOTALL,
)
_TABLE_WORDS = ("table", "object")
_COLUMN_WORDS = ("column", "property")
# Names that no column or table of a contract has; they replace the placeholders while the query is parsed.
_TABLE_NAME, _COLUMN_NAME = "bankmesh__table", "bankmesh__column"


@dataclass(frozen=True)
class Query:
    """A query with `${table}` and `${column}`, and the column names that it uses."""

    text: str
    columns: frozenset[str]


def read_query(text: str, column: str | None) -> Query:
    """Check one query of a quality rule. Raises ValueError with what is allowed.

    `column` is the column of the rule, or None for a rule of the table.
    """
    normal = _normalise(text, column)
    columns = _check(normal)
    return Query(normal, columns | {column} if column is not None and COLUMN in normal else columns)


def _normalise(text: str, column: str | None) -> str:
    """Return the query with every placeholder as `${table}` or `${column}`, without a final semicolon."""
    found: set[str] = set()

    def replace(token: re.Match[str]) -> str:
        if token["text"] is not None:
            _check_text(token["text"])
        if token["placeholder"] is None:
            return token[0]
        placeholder = _placeholder(token["placeholder"].strip('"'), column)
        found.add(placeholder)
        return placeholder

    normal = _TOKENS.sub(replace, text).strip().removesuffix(";").strip()
    if TABLE not in found:
        raise ValueError(f"the query must read {TABLE}, which is the candidate")
    return normal


def _placeholder(written: str, column: str | None) -> str:
    """Return `${table}` or `${column}` for any of their spellings."""
    word = _PLACEHOLDER.fullmatch(written)[1]  # type: ignore[index] # a token of that form
    if word in _TABLE_WORDS:
        return TABLE
    if word in _COLUMN_WORDS and column is not None:
        return COLUMN
    known = f"{TABLE} and {COLUMN}" if column is not None else f"{TABLE} (the rule has no column)"
    words = (*_TABLE_WORDS, *(_COLUMN_WORDS if column is not None else ()))
    raise ValueError(f"placeholder {written} is not known.{nearest(word, words)} Use {known}")


def _check_text(text: str) -> None:
    """Refuse a placeholder in a string literal: it is text here, but other tools replace it."""
    for written in _PLACEHOLDER.finditer(text):
        if written[1] in _TABLE_WORDS + _COLUMN_WORDS:
            raise ValueError(
                f"{written[0]} is in quotes, where other tools of the standard replace it too. Remove the quotes if "
                f"it is a placeholder; if it is text, write it in two parts: '{{' || '{written[1]}}}'"
            )


def _check(normal: str) -> frozenset[str]:
    import sqlglot
    from sqlglot import exp

    plain = normal.replace(TABLE, _TABLE_NAME).replace(COLUMN, _COLUMN_NAME)
    try:
        statements = sqlglot.parse(plain, dialect="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        problem = re.sub(r"\x1b\[\d+m", "", str(error)).splitlines()[0]
        raise ValueError(f"the query is not DuckDB SQL: {problem}") from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise ValueError("the query must be a single select")
    query = statements[0]
    if len(query.selects) != 1 or query.is_star:
        raise ValueError("the query must return one number, so it selects exactly one expression")
    _check_tables(query)
    return frozenset(column.name for column in query.find_all(exp.Column)) - {_COLUMN_NAME}


def _check_tables(query: object) -> None:
    """Check that a rule reads only the candidate: other tables would make a build depend on more than its inputs."""
    from sqlglot import exp

    if not isinstance(query, exp.Query):  # pragma: no cover - the caller has checked it
        return
    local = {cte.alias_or_name for cte in query.find_all(exp.CTE)} | {_TABLE_NAME}
    for table in query.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier) or table.name not in local or table.db:
            shown = table.sql(dialect="duckdb")
            raise ValueError(f"the query may read only {TABLE} and its own CTEs, not {shown}")
