"""The plugin of dbt-duckdb that loads the `delta` extension, named by the profile in `dbt_files/profiles.yml`.

dbt opens a database for each product. With settings of its own it would verify the extension's signature each time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbt.adapters.duckdb.plugins import BasePlugin

from bankmesh.ports import extension_settings, load_extension

if TYPE_CHECKING:
    import duckdb


class Plugin(BasePlugin):
    """Opens dbt's database as the platform opens its own connections, which verify the signature once in a process."""

    def update_connection_config(self, creds: object, config: dict[str, Any]) -> None:  # noqa: ARG002 - as dbt calls it
        """Add the platform's settings; those of the profile take precedence."""
        for name, value in extension_settings().items():
            config.setdefault(name, value)

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Load the extension, so that the project's macros need not."""
        load_extension(conn)
