"""A reader's SQL without what the reader looks for: literals, comments and names of the reader's own are left out."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlglot.tokenizer_core import Token

TABLE = "product"
HIDDEN_LITERAL, HIDDEN_NAME, NO_SQL = "?", "_", "(no SQL)"
_LONGEST = 4_000


def without_literals(statement: str, columns: Collection[str]) -> str:
    """Return the statement with `?` for each literal and `_` for each name that is no column, function or keyword.

    Aliases are the reader's own words, so they may hold a value. A text that has no tokens of SQL is `(no SQL)`.
    """
    from sqlglot.dialects.duckdb import DuckDB
    from sqlglot.errors import SqlglotError

    try:
        tokens = DuckDB().tokenize(statement)
    except SqlglotError:
        return NO_SQL
    known = {name.lower() for name in columns} | {TABLE}
    return " ".join(_shown(token, known) for token in tokens)[:_LONGEST]


def _shown(token: Token, known: set[str]) -> str:
    from sqlglot.tokenizer_core import TokenType

    word = token.text.upper()
    if token.token_type in {TokenType.VAR, TokenType.IDENTIFIER}:
        return word.lower() if word.lower() in known or word in _functions() else HIDDEN_NAME
    is_literal = token.token_type.name.endswith(("STRING", "NUMBER"))
    return HIDDEN_LITERAL if is_literal or word not in _words() else word.lower()


@cache
def _functions() -> frozenset[str]:
    """The names of functions, in capitals."""
    from sqlglot.dialects.duckdb import DuckDB
    from sqlglot.expressions import FUNCTION_BY_NAME

    return frozenset(FUNCTION_BY_NAME) | frozenset(DuckDB.Parser.FUNCTIONS)


@cache
def _words() -> frozenset[str]:
    """Keywords, in capitals, and signs."""
    from sqlglot.dialects.duckdb import DuckDB

    return frozenset(DuckDB.Tokenizer.KEYWORDS) | frozenset(DuckDB.Tokenizer.SINGLE_TOKENS)
