"""Replacement of rows in the index."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bankmesh.catalog.index import tables
from bankmesh.catalog.index.index_rows import insert
from bankmesh.catalog.index.lineage_rows import PRODUCT
from bankmesh.catalog.index.posting_rows import vocabulary_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from sqlalchemy.engine import Connection

    from bankmesh.catalog.index.index_rows import Row, Rows
    from bankmesh.catalog.index.index_sources import SourceMarks

OF_PORT = {
    tables.products: "port",
    tables.owners: "port",
    tables.columns: "dataset",
    tables.contract_versions: "port",
    tables.contract_changes: "port",
    tables.deprecations: "port",
    tables.consumers: "port",
    tables.status_changes: "port",
    tables.declassifications: "port",
    tables.publications: "port",
    tables.publication_inputs: "port",
    tables.publication_sources: "port",
    tables.confirmations: "port",
    tables.withdrawals: "port",
    tables.datasets: "id",
    tables.edges: "target_dataset",
    tables.flows: "target",
    tables.gaps: "dataset",
    tables.postings: "port",
}
"""The tables filled from contracts and Delta logs, with the column that has the row's port or dataset."""

OF_EVENTS = (tables.check_days, tables.check_states, tables.check_breaks, tables.freshness_changes)
"""The tables filled from the event log."""

_AT_ONCE = 500


def forget_everything(connection: Connection) -> None:
    """Empty the index."""
    for table in tables.metadata.sorted_tables:
        connection.execute(sa.delete(table))


def analyze(connection: Connection) -> None:
    """Update PostgreSQL's statistics of the tables.

    Autovacuum does so a minute or more later. Until then the planner guesses the tables' sizes, and reads all edges for
    each step of a closure.
    """
    if connection.dialect.name == "postgresql":
        name = connection.dialect.identifier_preparer.format_table
        connection.execute(sa.text(f"analyze {', '.join(map(name, tables.metadata.sorted_tables))}"))


def forget_events(connection: Connection) -> None:
    """Delete all rows from the event log."""
    for table in OF_EVENTS:
        connection.execute(sa.delete(table))


def put_products(connection: Connection, rows: Rows, forgotten: Collection[str]) -> None:
    """Delete the rows of the ports `forgotten`, insert `rows`, and update the vocabulary."""
    before = _words(connection, forgotten)
    _forget(connection, forgotten)
    insert(connection, rows)
    _put_vocabulary(connection, before, vocabulary_rows(rows.get(tables.postings, ())))


def put_sources(connection: Connection, rows: Rows) -> None:
    """Replace the rows of all landings and legacy objects."""
    query = sa.select(tables.datasets.c.id).where(tables.datasets.c.kind != PRODUCT)
    _forget(connection, list(connection.scalars(query)))
    insert(connection, rows)


def put_marks(connection: Connection, before: SourceMarks, after: SourceMarks) -> None:
    """Store the marks of the sources that the index is now made from."""
    old, new = ({(row["kind"], row["name"]): row["mark"] for row in marks.rows()} for marks in (before, after))
    gone = [key for key, mark in old.items() if new.get(key) != mark]
    if gone:
        that = sa.and_(
            tables.sources.c.kind == sa.bindparam("old_kind"), tables.sources.c.name == sa.bindparam("old_name")
        )
        rows = [{"old_kind": kind, "old_name": name} for kind, name in gone]
        connection.execute(sa.delete(tables.sources).where(that), rows)
    added = [row for row in after.rows() if old.get((row["kind"], row["name"])) != row["mark"]]
    insert(connection, {tables.sources: added})


def in_parts(names: Iterable[str]) -> Iterator[list[str]]:
    """Yield the names in lists that are short enough for one statement."""
    ordered = sorted(names)
    for start in range(0, len(ordered), _AT_ONCE):
        yield ordered[start : start + _AT_ONCE]


def _forget(connection: Connection, names: Collection[str]) -> None:
    for part in in_parts(names):
        for table, column in OF_PORT.items():
            connection.execute(sa.delete(table).where(table.c[column].in_(part)))


def _words(connection: Connection, ports: Collection[str]) -> list[Row]:
    """Return the vocabulary rows of only these ports."""
    found: list[Row] = []
    for part in in_parts(ports):
        query = sa.select(tables.postings.c.term, tables.postings.c.words).where(tables.postings.c.port.in_(part))
        found += [row._asdict() for row in connection.execute(query)]
    return vocabulary_rows(found)


def _put_vocabulary(connection: Connection, gone: list[Row], come: list[Row]) -> None:
    terms = {row["word"]: row["term"] for row in (*gone, *come)}
    change = Counter({row["word"]: row["ports"] for row in come})
    change.subtract({row["word"]: row["ports"] for row in gone})
    moved = [word for word, by in change.items() if by]
    table = tables.vocabulary
    for part in in_parts(moved):
        for row in connection.execute(sa.select(table.c.word, table.c.ports).where(table.c.word.in_(part))):
            change[row.word] += row.ports
        connection.execute(sa.delete(table).where(table.c.word.in_(part)))
    rows = [{"word": word, "term": terms[word], "ports": change[word]} for word in moved if change[word] > 0]
    insert(connection, {table: rows})
    if moved or not connection.scalar(sa.select(sa.func.count()).select_from(tables.lexicon)):
        _put_lexicon(connection)


def _put_lexicon(connection: Connection) -> None:
    rows = connection.execute(sa.select(tables.vocabulary.c.word, tables.vocabulary.c.term)).all()
    # Sorted in Python, because databases differ in how they sort texts.
    text = "\n".join(sorted(f"{row.word} {row.term}" for row in rows))
    connection.execute(sa.delete(tables.lexicon))
    insert(connection, {tables.lexicon: [{"name": "words", "words": text}]})
