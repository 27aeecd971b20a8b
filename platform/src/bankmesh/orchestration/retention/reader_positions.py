"""Positions of the readers of the event log, and the runs of attempts that are unfinished."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.alerts.delivery.alert_outbox import AlertOutbox
from bankmesh.catalog.index.index_update import read_event_position
from bankmesh.lineage.openlineage.event_outbox import EventOutbox as LineageOutbox
from bankmesh.lineage.openlineage.event_spool import drain_spool, spool_folder
from bankmesh.settings import alert_settings, catalog_database, lineage_database
from bankmesh.storage.databases import database_exists
from bankmesh.workspace.domain_folders import domain_packages

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.settings import Settings


@dataclass(frozen=True)
class ReaderPosition:
    """A reader of the event log, such as `the catalog`, and the number of the first entry that it still needs."""

    reader: str
    first_needed: int


def reader_positions(settings: Settings) -> tuple[ReaderPosition, ...]:
    """Return the positions of the alerts of each domain of the workspace, and of the catalog; none for a new reader.

    A domain that has left the workspace has no sensor any more, so its position does not count.
    """
    found = [*alert_positions(settings)]
    position = read_event_position(settings) if database_exists(catalog_database(settings)) else None
    if position is not None:
        # The catalog starts again if the very entry that it has read last is gone.
        found.append(ReaderPosition("the catalog", position))
    return tuple(found)


def alert_positions(settings: Settings) -> tuple[ReaderPosition, ...]:
    """Return the positions of readers of materialisations: the alerts of each domain. The catalog reads none."""
    database = alert_settings(settings).database
    if not database_exists(database):
        return ()
    with AlertOutbox(database) as outbox:
        positions = {package.name: outbox.position(package.name) for package in domain_packages(settings.root)}
    return tuple(
        ReaderPosition(f"the alerts of {domain}", position + 1)
        for domain, position in positions.items()
        if position is not None
    )


def unfinished_runs(home: Path) -> frozenset[str]:
    """Return the Dagster runs of attempts that lineage has begun to record and not ended."""
    if not database_exists(lineage_database(home)):
        return frozenset()
    with LineageOutbox(lineage_database(home)) as outbox:
        drain_spool(spool_folder(home), outbox)
        return frozenset(start.dagster_run for start in outbox.unfinished())
