"""Rebuild and refresh of the index.

    rebuild    reads everything, then replaces the whole index in one transaction
    refresh    compares the marks of all sources with those that the index was made from, and replaces the products
               whose marks differ; from the event log and from recorded reads it adds new entries

Both give the same rows, whatever happened in between, and tests verify this. An index made by another version of this
code is rebuilt.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bankmesh.catalog.event_history import EventTotals, ReadTotals, put_events, put_reads
from bankmesh.catalog.index import tables
from bankmesh.catalog.index.index_connection import Catalog
from bankmesh.catalog.index.index_rows import add, insert
from bankmesh.catalog.index.index_schema import SCHEMA_VERSION
from bankmesh.catalog.index.index_sources import SourceMarks, current_marks, port_marks, stored_marks
from bankmesh.catalog.index.lineage_rows import source_lineage
from bankmesh.catalog.index.row_collection import (
    DAMAGED,
    TWICE,
    ContractFiles,
    damaged_ports,
    product_rows,
    read_sources,
)
from bankmesh.catalog.index.row_replacement import (
    analyze,
    forget_events,
    forget_everything,
    in_parts,
    put_marks,
    put_products,
    put_sources,
)
from bankmesh.catalog.recorded_reads import read_use, use_files
from bankmesh.settings import catalog_database

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from sqlalchemy.engine import Connection

    from bankmesh.catalog.check_history import CheckHistory
    from bankmesh.settings import Settings

INDEX_VERSION = f"{SCHEMA_VERSION}-3"
"""Version of the tables and of this code: raise its number when the same sources give other rows."""

_READING_SECONDS = 5.0


@dataclass(frozen=True)
class IndexUpdate:
    """The result of a rebuild or a refresh.

    Attributes:
        rebuilt: whether the whole index was rebuilt.
        products: products that were read again, and products that no longer exist.
        entries: number of event log entries about products.
        reads: number of recorded reads that were counted.
        more: whether the event log has further entries for the next refresh.
        seconds: the duration.
    """

    rebuilt: bool = False
    products: tuple[str, ...] = ()
    entries: int = 0
    reads: int = 0
    more: bool = False
    seconds: float = 0.0

    def __str__(self) -> str:
        """Return the text that a tick of the sensor shows."""
        done = [
            f"{len(self.products)} products" if self.products else "",
            f"{self.entries} entries of the event log" if self.entries else "",
            f"{self.reads} reads" if self.reads else "",
        ]
        said = ", ".join(part for part in done if part) or "nothing new"
        return f"rebuilt: {said}" if self.rebuilt else said


def rebuild(settings: Settings, history: CheckHistory | None, catalog: Catalog | None = None) -> IndexUpdate:
    """Rebuild the index. Readers see the old one until the new one is complete.

    Args:
        settings: location of contracts, ports and recorded reads.
        history: of checks and freshness; without one the index has no quality and freshness history.
        catalog: the index, if it is open; by default that of the environment.

    Raises CatalogBusy, CatalogReadOnly, NewerCatalog.
    """
    with _opened(settings, catalog) as opened:
        return _rebuild(opened, settings, history)


def refresh(settings: Settings, history: CheckHistory | None, catalog: Catalog | None = None) -> IndexUpdate:
    """Refresh the index. Arguments and errors as for `rebuild`; without a history the event log is not read."""
    started = time.monotonic()
    with _opened(settings, catalog) as opened:
        if not is_stale(opened, settings) and not _has_events(opened, history):
            return IndexUpdate(seconds=time.monotonic() - started)
        with opened.writing() as connection:
            if _index_version(connection) == INDEX_VERSION:
                done = _refresh(connection, settings, history)
                return replace(done, seconds=time.monotonic() - started)
        return _rebuild(opened, settings, history)


def is_stale(catalog: Catalog, settings: Settings) -> bool:
    """Return whether contracts, Delta logs, source declarations or recorded reads changed; ignores the event log."""
    with catalog.reading() as connection:
        if _index_version(connection) != INDEX_VERSION:
            return True
        stored = stored_marks(connection)
    return replace(current_marks(settings, stored.ports), events=stored.events) != stored


def read_event_position(settings: Settings) -> int | None:
    """Return the last entry of the event log that is in the index; None if the next refresh reads the whole log."""
    with Catalog(catalog_database(settings)) as catalog, catalog.reading() as connection:
        if _index_version(connection) != INDEX_VERSION:
            return None
        position, _ = _position(stored_marks(connection).events)
    return position if position >= 0 else None


def is_built(catalog: Catalog) -> bool:
    """Return whether there is an index of this version."""
    with catalog.reading() as connection:
        return _index_version(connection) == INDEX_VERSION


def _rebuild(catalog: Catalog, settings: Settings, history: CheckHistory | None) -> IndexUpdate:
    started = time.monotonic()
    # Marks are taken before the sources are read, so that the next refresh notices a change in between.
    marks = current_marks(settings, ())
    contracts, faults = ContractFiles(settings.root).read(marks.contracts)
    marks = replace(marks, ports=port_marks(settings.home, contracts))
    systems, more_faults = read_sources(settings.root)
    rows = product_rows(contracts, systems, settings)
    marks = replace(marks, ports=_without(marks.ports, damaged_ports(rows, contracts, settings.root)))
    add(rows, source_lineage(systems))
    add(rows, {tables.faults: faults + more_faults})
    totals, events, _ = _read_log(history, -1, None)
    reads, counted = _read_use(settings, {})
    with catalog.writing() as connection:
        forget_everything(connection)
        put_products(connection, rows, ())
        put_events(connection, totals)
        put_reads(connection, reads)
        put_marks(connection, SourceMarks(), replace(marks, use=counted, events=events))
        now = datetime.now(UTC).isoformat(timespec="seconds")
        about = {"index_version": INDEX_VERSION, "built_at": now, "refreshed_at": now}
        insert(connection, {tables.meta: [{"name": name, "value": value} for name, value in about.items()]})
        analyze(connection)
    products = tuple(sorted({contract.product for contract in contracts.values()}))
    seconds = time.monotonic() - started
    return IndexUpdate(True, products, totals.entries, reads.reads, seconds=seconds)  # noqa: FBT003 - see the class


def _refresh(connection: Connection, settings: Settings, history: CheckHistory | None) -> IndexUpdate:
    stored = stored_marks(connection)
    current = current_marks(settings, stored.ports)
    products, ports = _refresh_products(connection, settings, stored, current)
    totals, events, more = _refresh_events(connection, stored.events, history)
    reads, counted = _refresh_use(connection, settings, stored.use)
    marks = replace(current, ports=ports, use=counted, events=events)
    if marks != stored:
        put_marks(connection, stored, marks)
        refreshed = sa.update(tables.meta).where(tables.meta.c.name == "refreshed_at")
        connection.execute(refreshed.values(value=datetime.now(UTC).isoformat(timespec="seconds")))
    return IndexUpdate(False, products, totals.entries, reads.reads, more)  # noqa: FBT003 - see the class


def _refresh_products(
    connection: Connection, settings: Settings, stored: SourceMarks, current: SourceMarks
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Replace the rows of changed products; return these products, and the marks of all ports."""
    files = _differing(stored.contracts, current.contracts)
    moved = _differing(stored.ports, current.ports)
    domains = _differing(stored.systems, current.systems)
    if not (files or moved or domains):
        return (), dict(current.ports)
    known = connection.execute(
        sa.select(*(tables.products.c[name] for name in ("port", "product", "domain", "file")))
    ).all()
    reader = ContractFiles(settings.root)
    if files:
        # A file with a duplicate port may now be the only one of that port.
        twice = sa.select(tables.faults.c.file).where(tables.faults.c.rule == TWICE)
        files |= set(connection.scalars(twice)) & set(current.contracts)
    changed, _ = reader.read(files & set(current.contracts))
    products = {row.product for row in known if row.file in files or row.port in moved or row.domain in domains}
    products |= {contract.product for contract in changed.values()}
    of_products = {row.file for row in known if row.product in products} & set(current.contracts)
    contracts, faults = reader.read(of_products | files & set(current.contracts))
    old = {row.port for row in known if row.product in products}
    ports = {port: mark for port, mark in current.ports.items() if port not in old}
    ports |= port_marks(settings.home, contracts)
    systems, _ = read_sources(settings.root, {contract.domain for contract in contracts.values()})
    for part in in_parts(of_products | files):
        connection.execute(sa.delete(tables.faults).where(tables.faults.c.file.in_(part)))
    rows = product_rows(contracts, systems, settings)
    put_products(connection, rows, old | set(contracts))
    ports = _without(ports, damaged_ports(rows, contracts, settings.root))
    insert(connection, {tables.faults: faults})
    if domains:
        _refresh_sources(connection, settings)
    return tuple(sorted(products)), ports


def _without(marks: Mapping[str, str], damaged: Collection[str]) -> dict[str, str]:
    """Return the marks of ports, and for damaged ones a mark that differs from any, so that they are read each time."""
    return {port: DAMAGED if port in damaged else mark for port, mark in marks.items()}


def _refresh_sources(connection: Connection, settings: Settings) -> None:
    systems, faults = read_sources(settings.root)
    put_sources(connection, source_lineage(systems))
    connection.execute(sa.delete(tables.faults).where(tables.faults.c.file.not_like("%.odcs.yaml")))
    insert(connection, {tables.faults: faults})


def _refresh_events(connection: Connection, stored: str, history: CheckHistory | None) -> tuple[EventTotals, str, bool]:
    if history is None:
        return EventTotals(), stored, False
    cursor, mark = _position(stored)
    if not history.has_entry(cursor, mark):
        # It is another log, or its end was deleted: read it from the start.
        forget_events(connection)
        cursor, stored = -1, ""
    totals, events, more = _read_log(history, cursor, _READING_SECONDS)
    put_events(connection, totals)
    return totals, events or stored, more


def _refresh_use(
    connection: Connection, settings: Settings, stored: Mapping[str, str]
) -> tuple[ReadTotals, dict[str, str]]:
    sizes = {file.name: file.stat().st_size for file in use_files(settings.home)}
    if any(sizes.get(name, -1) < int(offset) for name, offset in stored.items()):
        # A file was deleted or truncated, and its reads cannot be subtracted from the sums: count everything again.
        connection.execute(sa.delete(tables.uses))
        stored = {}
    reads, counted = _read_use(settings, stored)
    put_reads(connection, reads)
    return reads, counted


def _read_use(settings: Settings, offsets: Mapping[str, str]) -> tuple[ReadTotals, dict[str, str]]:
    """Return the reads after these offsets, and the new offsets."""
    reads, counted = ReadTotals(), {}
    for file in use_files(settings.home):
        uses, end = read_use(file, int(offsets.get(file.name, 0)))
        reads.take(uses)
        counted[file.name] = str(end)
    return reads, counted


def _read_log(history: CheckHistory | None, cursor: int, seconds: float | None) -> tuple[EventTotals, str, bool]:
    """Read the log after an entry, for at most `seconds`; return events, new position, and whether there are more."""
    totals, mark, more = EventTotals(), "", history is not None
    until = None if seconds is None else time.monotonic() + seconds
    while history is not None and more and (until is None or time.monotonic() < until):
        batch = history.read(cursor, datetime.now(UTC))
        totals.take(batch)
        more = batch.more
        if batch.cursor == cursor:
            break  # the remaining entries have not settled
        cursor, mark = batch.cursor, batch.mark
    return totals, f"{cursor} {mark}" if mark else "", more


def _has_events(catalog: Catalog, history: CheckHistory | None) -> bool:
    if history is None:
        return False
    with catalog.reading() as connection:
        stored = stored_marks(connection).events
    return history.has_news(*_position(stored))


def _position(stored: str) -> tuple[int, str]:
    cursor, _, mark = stored.partition(" ")
    return int(cursor or -1), mark


def _index_version(connection: Connection) -> str | None:
    found: str | None = connection.scalar(sa.select(tables.meta.c.value).where(tables.meta.c.name == "index_version"))
    return found


def _differing(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    """Return the names that are new, removed or changed."""
    return {name for name in {**before, **after} if before.get(name) != after.get(name)}


@contextmanager
def _opened(settings: Settings, catalog: Catalog | None) -> Iterator[Catalog]:
    if catalog is not None:
        yield catalog
        return
    with Catalog(catalog_database(settings)) as opened:
        yield opened
