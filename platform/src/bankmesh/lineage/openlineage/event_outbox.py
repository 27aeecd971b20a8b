"""The outbox: a local database of every OpenLineage event, as it was or will be sent.

A run writes only here, so no lineage backend can slow it down or fail it. Each event is stored once, however often it
is emitted: its key is the run's id and the kind of event. The forwarder sends pending events in the order of storage.
"""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bankmesh.lineage.openlineage.run_events import ENDINGS, START
from bankmesh.storage.databases import ROW_NUMBER, Closing, open_database
from bankmesh.storage.schema_migrations import Migrations, upgrade

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection, Engine

    from bankmesh.lineage.openlineage.run_events import Event

PENDING, SENT, REFUSED = "pending", "sent", "refused"
_PAGE = 200
_PACKED = "zlib:"

MIGRATIONS = Migrations(
    package="bankmesh.lineage.openlineage:migrations",
    head="0001",
    prefix="bankmesh_lineage_",
    first_table="bankmesh_lineage_event",
)
"""Unsent events exist here alone, so their tables are migrated and never dropped."""

metadata = sa.MetaData()

events = sa.Table(
    "bankmesh_lineage_event",
    metadata,
    sa.Column("number", ROW_NUMBER, primary_key=True, autoincrement=True),
    sa.Column("run_id", sa.String(36), nullable=False),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("dagster_run", sa.String(60), nullable=False, index=True),
    sa.Column("asset", sa.String(300), nullable=False),
    sa.Column("kept_at", sa.Float(53), nullable=False, index=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("state", sa.String(10), nullable=False, index=True),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("sent_at", sa.Float(53)),
    sa.Column("error", sa.Text),
    sa.UniqueConstraint("run_id", "kind"),
)
"""One row for each event; moments are seconds since 1970 in UTC."""

turns = sa.Table(
    "bankmesh_lineage_turn",
    metadata,
    sa.Column("name", sa.String(20), primary_key=True),
    sa.Column("holder", sa.String(80), nullable=False),
    sa.Column("until", sa.Float(53), nullable=False),
)
"""The lease of the current forwarder and its expiry, so that a killed forwarder does not block the next for long."""


@dataclass(frozen=True)
class OutboxEvent:
    """An event in the outbox; `asset` is a key such as `retail/party`."""

    number: int
    run_id: str
    kind: str
    dagster_run: str
    asset: str
    kept_at: datetime
    body: str
    state: str
    attempts: int
    sent_at: datetime | None
    error: str | None

    @property
    def event(self) -> Event:
        """The event itself."""
        found: Event = json.loads(self.body)
        return found


class EventOutbox(Closing):
    """The outbox in the database of a SQLAlchemy URL. Use it in a `with` statement, or `close` it."""

    def __init__(self, url: str) -> None:
        self._engine: Engine = open_database(url, partial(upgrade, migrations=MIGRATIONS))

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    # --- what happened ---

    def keep(self, event: Event, dagster_run: str, asset: str) -> bool:
        """Store an event; return False if the run has stored one of this kind, or any ending for an ending, before."""
        kind, run_id = event["eventType"], event["run"]["runId"]
        taken = ENDINGS if kind in ENDINGS else (kind,)
        with self._engine.begin() as connection:
            ended = sa.select(events.c.number).where(events.c.run_id == run_id, events.c.kind.in_(taken))
            if connection.execute(ended.limit(1)).first() is not None:
                return False
            row = {
                "run_id": run_id,
                "kind": kind,
                "dagster_run": dagster_run,
                "asset": asset,
                "kept_at": datetime.now(UTC).timestamp(),
                "body": pack_body(json.dumps(event, sort_keys=True, separators=(",", ":"))),
                "state": PENDING,
                "attempts": 0,
            }
            connection.execute(sa.insert(events).values(**row))
        return True

    def unfinished(self) -> list[OutboxEvent]:
        """Return the START event of every attempt that has no ending, oldest first."""
        other = events.alias()
        ended = sa.select(other.c.number).where(other.c.run_id == events.c.run_id, other.c.kind.in_(ENDINGS))
        query = sa.select(events).where(events.c.kind == START, ~sa.exists(ended)).order_by(events.c.number)
        with self._engine.begin() as connection:
            return [_kept(row) for row in connection.execute(query)]

    # --- the sending ---

    def take_turn(self, holder: str, now: datetime, seconds: float) -> bool:
        """Lease the turn to `holder` for `seconds`; return False while another process holds it."""
        until = now.timestamp() + seconds
        mine = sa.or_(turns.c.holder == holder, turns.c.until < now.timestamp())
        with self._engine.begin() as connection:
            query = sa.update(turns).where(turns.c.name == "forwarding", mine).values(holder=holder, until=until)
            if connection.execute(query).rowcount:
                return True
            if connection.execute(sa.select(turns.c.name)).first() is not None:
                return False
        try:
            with self._engine.begin() as connection:
                connection.execute(sa.insert(turns).values(name="forwarding", holder=holder, until=until))
        except sa.exc.IntegrityError:  # another process inserted the first lease
            return False
        return True

    def end_turn(self, holder: str) -> None:
        """Release the turn of `holder`."""
        with self._engine.begin() as connection:
            connection.execute(sa.update(turns).where(turns.c.holder == holder).values(until=0.0))

    def pending(self, limit: int = _PAGE) -> list[OutboxEvent]:
        """Return the next events to send, in order."""
        query = sa.select(events).where(events.c.state == PENDING).order_by(events.c.number).limit(limit)
        with self._engine.begin() as connection:
            return [_kept(row) for row in connection.execute(query)]

    def note_attempt(self, kept: OutboxEvent) -> None:
        """Record that an attempt to send is about to be made."""
        self._change(kept, attempts=events.c.attempts + 1)

    def confirm(self, kept: OutboxEvent, now: datetime) -> None:
        """Record that the receiver accepted the event."""
        self._change(kept, state=SENT, sent_at=now.timestamp(), error=None)

    def note_failure(self, kept: OutboxEvent, error: str, *, refused: bool) -> None:
        """Record why an attempt to send failed; refused events are not retried automatically."""
        self._change(kept, state=REFUSED if refused else PENDING, error=error)

    def try_again(self) -> int:
        """Make refused events pending again; return how many."""
        with self._engine.begin() as connection:
            query = sa.update(events).where(events.c.state == REFUSED).values(state=PENDING)
            return connection.execute(query).rowcount

    # --- for people ---

    def all_events(self, dagster_run: str | None = None) -> Iterator[OutboxEvent]:
        """Yield every stored event, oldest first; `dagster_run` limits them to one Dagster or OpenLineage run."""
        after = 0
        while True:
            query = sa.select(events).where(events.c.number > after).order_by(events.c.number).limit(_PAGE)
            if dagster_run is not None:
                query = query.where(sa.or_(events.c.dagster_run == dagster_run, events.c.run_id == dagster_run))
            with self._engine.begin() as connection:
                page = [_kept(row) for row in connection.execute(query)]
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].number

    def counts(self) -> dict[str, int]:
        """Return the number of events by state."""
        query = sa.select(events.c.state, sa.func.count()).group_by(events.c.state)
        with self._engine.begin() as connection:
            found = {str(row[0]): row[1] for row in connection.execute(query)}
        return {state: found.get(state, 0) for state in (PENDING, SENT, REFUSED)}

    def delete_before(self, before: datetime, *, unsent: bool) -> int:
        """Delete events that were stored before a moment, and return how many; unsent ones only if `unsent` is True."""
        query = sa.delete(events).where(events.c.kept_at < before.timestamp())
        if not unsent:
            query = query.where(events.c.state == SENT)
        with self._engine.begin() as connection:
            return connection.execute(query).rowcount

    def _change(self, kept: OutboxEvent, **values: Any) -> None:  # noqa: ANN401 - columns of the table
        with self._engine.begin() as connection:
            _update(connection, kept.number, values)


def pack_body(text: str) -> str:
    """Return an event's text as the table stores it: compressed, in Base64, with a prefix that no JSON begins with."""
    return _PACKED + base64.b64encode(zlib.compress(text.encode())).decode("ascii")


def unpack_body(kept: str) -> str:
    """Return the text of a stored event; earlier releases stored it uncompressed."""
    if not kept.startswith(_PACKED):
        return kept
    return zlib.decompress(base64.b64decode(kept.removeprefix(_PACKED))).decode()


def _update(connection: Connection, number: int, values: dict[str, Any]) -> None:
    connection.execute(sa.update(events).where(events.c.number == number, events.c.state != SENT).values(**values))


def _kept(row: Any) -> OutboxEvent:  # noqa: ANN401 - a row of the table
    return OutboxEvent(
        number=row.number,
        run_id=row.run_id,
        kind=row.kind,
        dagster_run=row.dagster_run,
        asset=row.asset,
        kept_at=datetime.fromtimestamp(row.kept_at, UTC),
        body=unpack_body(row.body),
        state=row.state,
        attempts=row.attempts,
        sent_at=None if row.sent_at is None else datetime.fromtimestamp(row.sent_at, UTC),
        error=row.error,
    )
