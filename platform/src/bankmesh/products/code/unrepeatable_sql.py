"""SQL, or Jinja around it, that can give other rows for the same inputs: the clock, chance, what is not declared.

A word is enough to count: a wrong finding only costs another build. Names of DuckDB's functions are
those that `duckdb_functions()` of DuckDB 1.5 lists as not consistent, and its table functions that read files.
"""

from __future__ import annotations

import re

# A comment, or a text or name in quotes, in which no comment starts.
_TOKENS = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?\*/|\{#.*?#\})"""
    r"""|\b[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$""",
    re.DOTALL,
)

_FOUND = {
    "the clock": re.compile(
        r"\b(?:current_(?:date|time|timestamp)\w*|local(?:time|timestamp)|get_current_time(?:stamp)?|run_started_at"
        r"|(?:now|today|transaction_timestamp|age)(?=\s*\())\b",
        re.IGNORECASE,
    ),
    "chance": re.compile(
        r"\b(?:(?:random|uuid\w*|gen_random_uuid|setseed|nextval|currval)(?=\s*\()|tablesample\b|using\s+sample\b|"
        r"invocation_id\b)",
        re.IGNORECASE,
    ),
    "the machine": re.compile(
        r"\b(?:(?:getenv|getvariable|env_var|current_(?:connection_id|query\w*|transaction_id|setting)|txid_current|version"
        r"|which_secret|duckdb_\w+|pragma_\w+|stats|sleep_ms)(?=\s*\()|modules\s*\.)",
        re.IGNORECASE,
    ),
    "files that are no input": re.compile(
        r"\b(?:read_\w+|\w+_scan|glob|sniff_csv|parquet_\w*metadata|parquet_schema|query_table)(?=\s*\()", re.IGNORECASE
    ),
    "what is found while it compiles": re.compile(
        r"\b(?:(?:run_query|statement|get_column_values)(?=\s*\()|graph(?=\s*[.\[])|selected_resources\b)"
    ),
}


def unrepeatable_sql(text: str, where: str) -> tuple[str, ...]:
    """Return the findings in SQL or Jinja, as `models/x.sql:3 depends on the clock (now)`; comments do not count."""
    code = _TOKENS.sub(_without_comment, text)
    found = [
        (match.start(), f"{where}:{code.count(chr(10), 0, match.start()) + 1} depends on {kind} ({match[0].strip()})")
        for kind, pattern in _FOUND.items()
        for match in pattern.finditer(code)
    ]
    return tuple(words for _, words in sorted(found))


def _without_comment(token: re.Match[str]) -> str:
    """Return a comment's line breaks, so that lines keep their numbers; quoted text stays, for it may be Jinja."""
    return "\n" * token[0].count("\n") if token["comment"] is not None else token[0]
