"""DuckDB databases for statements over a product: in memory, empty, without files, network, extensions and settings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import duckdb

MEMORY_LIMIT: Final = "2GB"
"""Memory of one statement. There is no temporary folder, so a statement that needs more fails."""

MAX_THREADS: Final = 4

_SETTINGS: Final = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_persistent_secrets": "false",
    "memory_limit": MEMORY_LIMIT,
    "python_enable_replacements": "false",
    "python_scan_all_frames": "false",
    "temp_directory": "",
}
_LAST_SETTINGS: Final = (
    "set TimeZone = 'UTC'",
    "set errors_as_json = true",
    "set enable_external_access = false",
    "set lock_configuration = true",
)


def open_locked_database() -> duckdb.DuckDBPyConnection:
    """Return a connection to a new database whose settings nothing can change; its time zone is UTC.

    It reads no file and no variable of Python, and loads no extension. Its errors are JSON texts, for
    `bankmesh.access.queries.database_errors`.
    """
    import duckdb

    settings = {**_SETTINGS, "threads": str(min(MAX_THREADS, os.cpu_count() or 1))}
    connection = duckdb.connect(":memory:", config=dict(settings))
    for setting in _LAST_SETTINGS:
        connection.execute(setting)
    return connection
