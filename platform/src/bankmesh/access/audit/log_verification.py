"""Verification of the whole audit log of a home: every file, every registration, every anchor."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.access.audit.chain_anchors import ChainAnchors
from bankmesh.access.audit.chain_file import chain_files, opened_for_reading
from bankmesh.access.audit.chain_verification import ChainReport, ChainState, missing_chain, verify_chain
from bankmesh.settings import access_database
from bankmesh.storage.databases import database_exists

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.access.audit.chain_anchors import ChainAnchor, ChainRegistration


@dataclass(frozen=True)
class InterruptedRead:
    """A read that has begun and not ended, because its process was killed."""

    position: str
    at: str
    principal: str
    port: str


@dataclass(frozen=True)
class LogReport:
    """What verification found of all chains; `has_database` is False if the access database is gone."""

    chains: tuple[ChainReport, ...]
    interrupted: tuple[InterruptedRead, ...]
    under_way: int
    has_database: bool

    @property
    def is_intact(self) -> bool:
        """Whether nothing was done to the log."""
        is_unprotected = not self.has_database and any(report.records for report in self.chains)
        return not is_unprotected and not any(report.faults for report in self.chains)


def verify_log(home: Path) -> LogReport:
    """Verify the audit log of a home. Raises NewerTables, OSError, and SQLAlchemyError."""
    url = access_database(home)
    if not database_exists(url):
        return _report([_verify_file(path, None, []) for path in chain_files(home)], has_database=False)
    with ChainAnchors(url) as anchors:
        # Files first: a chain that begins meanwhile is registered before its file has a record.
        paths = {path.stem: path for path in chain_files(home)}
        registered = {registration.chain: registration for registration in anchors.registrations(home)}
        reports = [
            _verify_file(path, registered.get(chain), anchors.anchors_of(home, chain)) for chain, path in paths.items()
        ]
        gone = [entry for chain, entry in registered.items() if chain not in paths and not _is_there(home, chain)]
        return _report([*reports, *map(missing_chain, gone)], has_database=True)


def _verify_file(path: Path, registration: ChainRegistration | None, anchors: list[ChainAnchor]) -> ChainReport:
    with opened_for_reading(path) as (descriptor, is_running), os.fdopen(os.dup(descriptor), "rb") as lines:
        return verify_chain(path.stem, lines, registration, anchors, is_running=is_running)


def _is_there(home: Path, chain: str) -> bool:
    return any(path.stem == chain for path in chain_files(home))


def _report(reports: list[ChainReport], *, has_database: bool) -> LogReport:
    ended = frozenset().union(*(report.ended for report in reports)) if reports else frozenset()
    interrupted, under_way = [], 0
    for report in reports:
        open_reads = {position: record for position, record in report.begun.items() if position not in ended}
        if report.state is ChainState.RUNNING:
            under_way += len(open_reads)
            continue
        interrupted += [
            InterruptedRead(position, record["at"], str(record.get("principal")), str(record.get("port")))
            for position, record in open_reads.items()
        ]
    return LogReport(tuple(reports), tuple(interrupted), under_way, has_database)
