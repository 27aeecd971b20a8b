"""Quoting of names and values for SQL text that the platform composes (DuckDB dialect)."""


def sql_literal(text: str) -> str:
    """Return a string literal; a quote within is doubled."""
    return "'" + text.replace("'", "''") + "'"


def sql_name(name: str) -> str:
    """Return a quoted identifier; a double quote within is doubled."""
    return '"' + name.replace('"', '""') + '"'
