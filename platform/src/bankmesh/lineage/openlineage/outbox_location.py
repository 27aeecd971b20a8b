"""Where lineage events are kept and how they go on, read from the environment at the moment it is needed.

| variable | meaning | default |
| --- | --- | --- |
| `BANKMESH_LINEAGE_DB` | database of the outbox, as a SQLAlchemy URL | SQLite in `MESH_HOME/lineage.db` |
| `BANKMESH_LINEAGE_DAYS` | events are kept for so many days once they are sent, or while nobody is to get them | 90 |
| `OPENLINEAGE_NAMESPACE` | namespace of the mesh's jobs | `bankmesh` |
| `OPENLINEAGE_URL`, `OPENLINEAGE_CONFIG`, ... | where events go: whatever OpenLineage's Python client reads | nowhere |
"""

from __future__ import annotations

import os
from pathlib import Path

_DAYS = 90


def outbox_url(home: Path) -> str:
    """The database of the outbox."""
    return os.environ.get("BANKMESH_LINEAGE_DB") or f"sqlite:///{home / 'lineage.db'}"


def spool_folder(home: Path) -> Path:
    """Where events wait while the outbox is out of reach."""
    return home / "lineage-waiting"


def days_kept() -> int:
    """How long events are kept; a value that is no whole number from 1 on counts as not given."""
    text = os.environ.get("BANKMESH_LINEAGE_DAYS", "")
    return int(text) if text.isdigit() and int(text) > 0 else _DAYS


def has_receiver() -> bool:
    """Whether OpenLineage's client is told where events go: by a variable, or by an `openlineage.yml`.

    Left to itself the client would print them; `OPENLINEAGE_DISABLED=true` means that they are only kept.
    """
    if os.environ.get("OPENLINEAGE_DISABLED", "").strip().lower() == "true":
        return False
    if os.environ.get("OPENLINEAGE_URL") or any(name.startswith("OPENLINEAGE__TRANSPORT") for name in os.environ):
        return True
    named = os.environ.get("OPENLINEAGE_CONFIG")
    files = [Path(named)] if named else []
    files += [Path.cwd() / "openlineage.yml", Path.home() / ".openlineage" / "openlineage.yml"]
    return any(file.is_file() for file in files)
