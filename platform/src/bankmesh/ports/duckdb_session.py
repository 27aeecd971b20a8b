"""DuckDB connections that read Delta tables and download nothing: no network, no home folder.

The `delta` extension comes from the Python distribution `duckdb-extension-delta`, which contains it for the DuckDB
version that it was built for.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bankmesh.errors import PortError
from bankmesh.sql_text import sql_literal

if TYPE_CHECKING:
    import duckdb

_DISTRIBUTION = "duckdb-extension-delta"

# Path, size and time of extension files whose signature DuckDB has verified in this process. DuckDB hashes the whole
# file at each LOAD: 80 MB in 0.3 seconds of processor time, most of the cost of a connection.
_VERIFIED: set[tuple[str, int, int]] = set()


def delta_extension_path() -> Path:
    """Return the extension file to LOAD for the installed DuckDB.

    Raises PortError if the distribution is missing or built for another version of DuckDB.
    """
    import importlib.util

    import duckdb

    found = importlib.util.find_spec("duckdb_extension_delta")
    if found is None or not found.submodule_search_locations:
        raise PortError(f"{_DISTRIBUTION} is not installed. Install {_DISTRIBUTION}=={duckdb.__version__}.")
    folder = Path(next(iter(found.submodule_search_locations))) / "extensions"
    path = folder / f"v{duckdb.__version__}" / "delta.duckdb_extension"
    if not path.is_file():
        there = ", ".join(sorted(entry.name for entry in folder.glob("v*"))) or "none"
        raise PortError(
            f"{_DISTRIBUTION} has no extension for DuckDB {duckdb.__version__}, only for {there}. "
            f"Install {_DISTRIBUTION}=={duckdb.__version__}."
        )
    return path


def extension_settings() -> dict[str, Any]:
    """Return the settings of a connection that `load_extension` will be called with.

    DuckDB verifies the signature of the extension, unless it has done so in this process and the file is unchanged.
    """
    return {
        "allow_unsigned_extensions": _file_of(delta_extension_path()) in _VERIFIED,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }


def load_extension(connection: duckdb.DuckDBPyConnection) -> None:
    """Load the extension into a connection that was opened with `extension_settings`.

    Raises duckdb.IOException if DuckDB verifies the signature and it is wrong.
    """
    extension = delta_extension_path()
    file = _file_of(extension)
    verifies = connection.execute("select not current_setting('allow_unsigned_extensions')").fetchone() == (True,)
    connection.execute(f"load {sql_literal(str(extension))}")
    if verifies:
        _VERIFIED.add(file)


def connect(threads: int | None = None, memory_limit: str | None = None) -> duckdb.DuckDBPyConnection:
    """Return an in-memory connection that has `delta_scan`; its time zone is UTC.

    `memory_limit` is text such as `2GB`; `threads` and `memory_limit` default to DuckDB's own choice. DuckDB verifies
    the signature of the extension for the first connection of a process, and again when its file has changed.
    """
    import duckdb

    settings = extension_settings()
    if threads is not None:
        settings["threads"] = threads
    if memory_limit is not None:
        settings["memory_limit"] = memory_limit
    connection = duckdb.connect(":memory:", config=settings)
    load_extension(connection)
    connection.execute("set TimeZone = 'UTC'")
    return connection


def _file_of(extension: Path) -> tuple[str, int, int]:
    state = extension.stat()
    return (str(extension), state.st_size, state.st_mtime_ns)
