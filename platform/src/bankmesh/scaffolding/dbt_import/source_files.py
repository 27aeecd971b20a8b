"""The file of a dbt source, where there is one: its external location, or a file of its name below a folder of data."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bankmesh.sql_text import sql_literal, sql_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import duckdb

SUFFIXES = (".csv", ".csv.gz", ".csv.zst", ".parquet")
_PATH = re.compile(r"[^'()\s]+\.(?:csv|csv\.gz|csv\.zst|parquet)")


def find_source_file(source: Mapping[str, Any], project: Path, data: Path | None) -> Path | None:
    """Return the file that holds a source's table: the one that dbt-duckdb reads in place, or one in `data`.

    In `data` it is `<source>/<table>.csv` or `<table>.csv`, also compressed or as Parquet.
    """
    return next((path for path in _candidates(source, project, data) if path.is_file()), None)


def _candidates(source: Mapping[str, Any], project: Path, data: Path | None) -> Iterator[Path]:
    if data is not None:
        for name in dict.fromkeys((source["identifier"], source["name"])):
            for folder in (data / source["source_name"], data / source["schema"], data):
                yield from (folder / f"{name}{suffix}" for suffix in SUFFIXES)
    if location := external_location(source):
        yield project / location


def external_location(source: Mapping[str, Any]) -> str | None:
    """Return the path in dbt-duckdb's `external_location`, with its placeholders filled in; None if it has no path."""
    settings = {
        **(source.get("source_meta") or {}),
        **(source.get("meta") or {}),
        **((source.get("config") or {}).get("meta") or {}),
        **(source.get("config") or {}),
    }
    text = settings.get("external_location")
    if not isinstance(text, str):
        return None
    names = {key: str(source[key]) for key in ("name", "identifier", "schema", "source_name")}
    found = _PATH.search(re.sub(r"\{(\w+)\}", lambda key: names.get(str(key[1]), str(key[0])), text))
    return found[0] if found else None


def read_expression(file: Path, texts: Iterable[str] = ()) -> str:
    """Return DuckDB's table function that reads a file with types from all of its rows; `texts` are read as text."""
    path = sql_literal(str(file))
    if file.suffix == ".parquet":
        return f"read_parquet({path})"
    types = ", ".join(f"{sql_literal(name)}: 'VARCHAR'" for name in texts)
    return f"read_csv({path}, sample_size = -1, header = true{f', types = {{{types}}}' if types else ''})"


def zero_led_columns(connection: duckdb.DuckDBPyConnection, file: Path) -> frozenset[str]:
    """Return the columns of a text file with values such as `007`, which are numbers only for who loses the zeros."""
    if file.suffix == ".parquet":
        return frozenset()
    text = f"read_csv({sql_literal(str(file))}, all_varchar = true, header = true)"
    names = [name for name, *_ in connection.execute(f"describe from {text}").fetchall()]
    led = ", ".join(f"coalesce(bool_or(regexp_full_match({sql_name(name)}, '-?0[0-9]+')), false)" for name in names)
    found = connection.execute(f"select {led} from {text}").fetchone() or ()
    return frozenset(name for name, is_led in zip(names, found, strict=True) if is_led)
