"""Quoting of names and values for SQL text that the platform composes (DuckDB dialect)."""


def sql_literal(text: str) -> str:
    """A string literal; a quote within is doubled."""
    return "'" + text.replace("'", "''") + "'"


def sql_name(name: str) -> str:
    """A quoted identifier; a double quote within is doubled."""
    return '"' + name.replace('"', '""') + '"'
