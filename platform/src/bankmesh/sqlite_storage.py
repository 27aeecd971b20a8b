"""The names that a home's `dagster.yaml` holds: `bankmesh.sqlite_storage.MeshInstance`. They must not move.

Their code is in `bankmesh.orchestration.held_storage`.
"""

from bankmesh.orchestration.held_storage import (
    HeldEventLogStorage,
    HeldRunStorage,
    HeldScheduleStorage,
    HeldSqliteStorage,
    MeshInstance,
)

__all__ = ["HeldEventLogStorage", "HeldRunStorage", "HeldScheduleStorage", "HeldSqliteStorage", "MeshInstance"]
