"""Where the catalog's index is, read from the environment at the moment it is needed.

| variable | meaning | default |
| --- | --- | --- |
| `BANKMESH_CATALOG_DB` | database of the index, as a SQLAlchemy URL | SQLite in `MESH_HOME/catalog.db` |
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bankmesh.settings import Settings

VARIABLE = "BANKMESH_CATALOG_DB"


def catalog_database(settings: Settings) -> str:
    """The URL of this process's catalog."""
    return os.environ.get(VARIABLE) or f"sqlite:///{settings.home / 'catalog.db'}"
