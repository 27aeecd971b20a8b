"""The outbox of alerts: positions in the event log, incidents, notices and their deliveries, in one database.

`record` moves the cursor, the incidents and the notices in one transaction, so that a kill leaves all of them or none.
An attempt at sending is recorded before it is made and confirmed after it, so a message is sent a second time only if
its first sending was never confirmed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bankmesh.alerts.common_causes import broken_assets
from bankmesh.alerts.delivery import incident_serialization
from bankmesh.alerts.delivery.tables import cursors, deliveries, incidents, notices, open_alert_database
from bankmesh.alerts.model import Notice, combine
from bankmesh.storage.databases import Closing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.engine import Connection, Engine, Row

    from bankmesh.alerts.event_facts import Cause
    from bankmesh.alerts.model import Incident, OpenIncidents

PENDING, CONFIRMED, UNDELIVERABLE = "pending", "confirmed", "undeliverable"
_ROUTED_AT_ONCE = 500


@dataclass(frozen=True)
class NoticeDelivery:
    """The delivery of one notice to one route: `since` when it is routed, and its `attempts` so far."""

    notice: Notice
    route: str
    state: str
    attempts: int
    since: datetime
    next_attempt_at: datetime
    confirmed_at: datetime | None
    error: str | None


@dataclass(frozen=True)
class DeliveredNotice:
    """A notice and its deliveries; without deliveries it was only recorded."""

    domain: str
    notice: Notice
    deliveries: tuple[NoticeDelivery, ...]


class CursorConflict(Exception):
    """Another process has recorded for this domain in between; the next tick reads the same entries again."""


class AlertOutbox(Closing):
    """The outbox at a SQLAlchemy URL. Use it in a `with` statement, or `close` it."""

    def __init__(self, url: str) -> None:
        self._engine: Engine = open_alert_database(url)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    # --- what was read, and what is wrong ---

    def position(self, domain: str) -> int | None:
        """Return up to which entry of the event log the domain has been read; None before the first read."""
        with self._engine.begin() as connection:
            return _position(connection, domain)

    def incidents_of(self, domain: str) -> OpenIncidents:
        """Return the incidents of a domain that are not over."""
        query = sa.select(incidents.c.body).where(incidents.c.domain == domain, incidents.c.closed_at.is_(None))
        with self._engine.begin() as connection:
            bodies: list[str] = list(connection.scalars(query))
        found = [incident_serialization.from_text(body) for body in bodies]
        return {incident.name: incident for incident in found}

    def broken_elsewhere(self, domain: str) -> dict[str, Cause]:
        """Return the assets of other domains that are broken now, with the cause."""
        query = sa.select(incidents.c.body).where(incidents.c.domain != domain, incidents.c.closed_at.is_(None))
        with self._engine.begin() as connection:
            bodies: list[str] = list(connection.scalars(query))
        return broken_assets(incident_serialization.from_text(body) for body in bodies)

    def record(
        self,
        domain: str,
        before: int | None,
        position: int,
        found: Mapping[str, Incident],
        noted: Iterable[Notice],
        now: datetime,
    ) -> list[Notice]:
        """Move cursor, incidents and notices together, and return the notices as they are stored.

        A notice joins an earlier one of its incident that has not been routed yet, so that what one tick finds is one
        message. Raises CursorConflict, and records nothing, if the cursor is not at `before` any more.
        """
        with self._engine.begin() as connection:
            _move(connection, domain, before, position)
            _keep_incidents(connection, domain, found, now)
            return _keep_notices(connection, domain, noted)

    def start_again(self, domain: str, before: int, position: int) -> None:
        """Move the cursor back to the end of a log that ends before it. Raises CursorConflict."""
        with self._engine.begin() as connection:
            _move(connection, domain, before, position)

    def close_incident(self, domain: str, incident: Incident, notice: Notice) -> None:
        """Close an open incident by hand, and record its notice."""
        query = (
            sa.update(incidents)
            .where(incidents.c.id == incident.id, incidents.c.closed_at.is_(None))
            .values(closed_at=notice.at.timestamp(), body=incident_serialization.to_text(notice.incident))
        )
        with self._engine.begin() as connection:
            if connection.execute(query).rowcount and not incident.held:
                _insert_notice(connection, domain, notice)

    # --- to whom ---

    def unrouted(self, domain: str) -> list[Notice]:
        """Return notices that are not routed yet, oldest first; at most as many as one tick routes."""
        query = sa.select(notices).where(notices.c.domain == domain, notices.c.routed.is_(False))
        with self._engine.begin() as connection:
            rows = connection.execute(query.order_by(notices.c.number).limit(_ROUTED_AT_ONCE))
            return [_notice(row) for row in rows]

    def notified_routes(self, incident_ids: Iterable[str]) -> dict[str, set[str]]:
        """Return the routes that notices of these incidents were sent to, or are to be."""
        query = (
            sa.select(notices.c.incident_id, deliveries.c.route)
            .join(notices, notices.c.id == deliveries.c.notice_id)
            .where(notices.c.incident_id.in_(sorted(set(incident_ids))))
        )
        found: dict[str, set[str]] = {}
        with self._engine.begin() as connection:
            for row in connection.execute(query):
                found.setdefault(row.incident_id, set()).add(row.route)
        return found

    def route(self, decided: Iterable[tuple[Notice, Iterable[str]]], now: datetime) -> None:
        """Store the routes of notices; earlier decisions are kept."""
        new = {"state": PENDING, "attempts": 0, "since": now.timestamp(), "next_attempt_at": now.timestamp()}
        with self._engine.begin() as connection:
            for notice, routes in decided:
                row = connection.execute(sa.select(notices).where(notices.c.id == notice.id)).one_or_none()
                # If more has joined it since, its routes may have changed: the next tick decides.
                if row is None or row.routed or _notice(row) != notice:
                    continue
                decide = sa.update(notices).where(notices.c.id == notice.id, notices.c.routed.is_(False))
                if not connection.execute(decide.values(routed=True)).rowcount:
                    continue
                for name in routes:
                    connection.execute(sa.insert(deliveries).values(notice_id=notice.id, route=name, **new))

    # --- the sending ---

    def due(self, domain: str, now: datetime) -> list[NoticeDelivery]:
        """Return deliveries that are due, oldest first.

        Notifications for one incident are delivered to a route in order: while one waits for its next attempt, the
        later ones wait too.
        """
        query = _delivery_query().where(notices.c.domain == domain, deliveries.c.state == PENDING)
        with self._engine.begin() as connection:
            waiting = [_delivery(row) for row in connection.execute(query)]
        blocked: set[tuple[str, str]] = set()
        found = []
        for delivery in waiting:
            about = (delivery.notice.incident.name, delivery.route)
            if about in blocked or delivery.next_attempt_at > now:
                blocked.add(about)
            else:
                found.append(delivery)
        return found

    def attempt(self, delivery: NoticeDelivery, next_attempt_at: datetime) -> bool:
        """Record that a sending is about to be tried, and when to try again unless it is confirmed.

        Returns False if another process has taken it, or it is confirmed already.
        """
        query = (
            _this(delivery)
            .where(deliveries.c.state == PENDING, deliveries.c.attempts == delivery.attempts)
            .values(attempts=delivery.attempts + 1, next_attempt_at=next_attempt_at.timestamp())
        )
        return self._changed(query)

    def confirm(self, delivery: NoticeDelivery, now: datetime) -> None:
        """Record that the receiver has accepted the message."""
        self._changed(_this(delivery).values(state=CONFIRMED, confirmed_at=now.timestamp(), error=None))

    def note_failure(self, delivery: NoticeDelivery, error: str, *, give_up: bool) -> None:
        """Record why a sending failed; a confirmation that came in between is kept."""
        query = _this(delivery).where(deliveries.c.state == PENDING)
        self._changed(query.values(state=UNDELIVERABLE if give_up else PENDING, error=error))

    def try_again(self, domain: str | None, now: datetime) -> int:
        """Make every delivery that failed or waits due at once; return how many those are."""
        of_domain = sa.select(notices.c.id).where(notices.c.domain == domain)
        query = sa.update(deliveries).where(deliveries.c.state != CONFIRMED)
        if domain is not None:
            query = query.where(deliveries.c.notice_id.in_(of_domain))
        with self._engine.begin() as connection:
            return connection.execute(
                query.values(state=PENDING, since=now.timestamp(), next_attempt_at=now.timestamp())
            ).rowcount

    # --- for people ---

    def open_incidents(self) -> list[tuple[str, Incident]]:
        """Return every incident that is not over with its domain, oldest first; held ones too."""
        query = sa.select(incidents).where(incidents.c.closed_at.is_(None)).order_by(incidents.c.opened_at)
        with self._engine.begin() as connection:
            return [(row.domain, incident_serialization.from_text(row.body)) for row in connection.execute(query)]

    def history(self, limit: int, incident_id: str | None = None) -> list[DeliveredNotice]:
        """Return the latest notices with their deliveries, newest first."""
        query = sa.select(notices).order_by(notices.c.number.desc()).limit(limit)
        if incident_id is not None:
            query = query.where(notices.c.incident_id == incident_id)
        with self._engine.begin() as connection:
            rows = connection.execute(query).all()
            of_these = _delivery_query().where(notices.c.id.in_([row.id for row in rows]))
            sent: dict[str, list[NoticeDelivery]] = {}
            for row in connection.execute(of_these):
                sent.setdefault(row.notice_id, []).append(_delivery(row))
        return [DeliveredNotice(row.domain, _notice(row), tuple(sent.get(row.id, ()))) for row in rows]

    def undelivered(self) -> list[tuple[str, NoticeDelivery]]:
        """Return deliveries that are not confirmed, with their domain, oldest first."""
        query = _delivery_query().where(deliveries.c.state != CONFIRMED)
        with self._engine.begin() as connection:
            return [(row.domain, _delivery(row)) for row in connection.execute(query)]

    def _changed(self, query: sa.Update) -> bool:
        with self._engine.begin() as connection:
            return connection.execute(query).rowcount > 0


def _position(connection: Connection, domain: str) -> int | None:
    return connection.scalar(sa.select(cursors.c.position).where(cursors.c.domain == domain))


def _move(connection: Connection, domain: str, before: int | None, position: int) -> None:
    if before is None:
        if _position(connection, domain) is not None:
            raise CursorConflict
        connection.execute(sa.insert(cursors).values(domain=domain, position=position))
        return
    moved = sa.update(cursors).where(cursors.c.domain == domain, cursors.c.position == before)
    if not connection.execute(moved.values(position=position)).rowcount:
        raise CursorConflict


def _keep_incidents(connection: Connection, domain: str, found: Mapping[str, Incident], now: datetime) -> None:
    query = sa.select(incidents.c.id, incidents.c.body).where(
        incidents.c.domain == domain, incidents.c.closed_at.is_(None)
    )
    known = {row.id: row.body for row in connection.execute(query)}
    kept = {incident.id: incident for incident in found.values()}
    for gone in known.keys() - kept.keys():
        closed = sa.update(incidents).where(incidents.c.id == gone)
        connection.execute(closed.values(closed_at=now.timestamp()))
    for incident in kept.values():
        values: dict[str, Any] = {"body": incident_serialization.to_text(incident), "held": incident.held}
        if incident.id not in known:
            opened = {"id": incident.id, "domain": domain, "opened_at": incident.opened_at.timestamp()}
            connection.execute(sa.insert(incidents).values(**opened, **values))
        elif known[incident.id] != values["body"]:
            connection.execute(sa.update(incidents).where(incidents.c.id == incident.id).values(**values))


def _keep_notices(connection: Connection, domain: str, noted: Iterable[Notice]) -> list[Notice]:
    kept: dict[str, Notice] = {}
    newest: dict[str, Notice | None] = {}
    waiting: set[str] = set()
    for notice in noted:
        about = notice.incident.id
        if about not in newest:
            newest[about] = _unsent(connection, about)
            waiting |= {found.id for found in [newest[about]] if found}
        earlier = newest[about]
        together = combine(earlier, notice) if earlier else None
        newest[about] = kept[(together or notice).id] = together or notice
    for notice in kept.values():
        if notice.id in waiting:
            update = sa.update(notices).where(notices.c.id == notice.id)
            connection.execute(update.values(kind=notice.kind, body=incident_serialization.to_text(notice.incident)))
        else:
            _insert_notice(connection, domain, notice)
    return list(kept.values())


def _unsent(connection: Connection, incident_id: str) -> Notice | None:
    """Return the newest notice of an incident, if it is not routed yet."""
    query = sa.select(notices).where(notices.c.incident_id == incident_id).order_by(notices.c.number.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None or row.routed else _notice(row)


def _insert_notice(connection: Connection, domain: str, notice: Notice) -> None:
    connection.execute(
        sa.insert(notices).values(
            id=notice.id,
            domain=domain,
            incident_id=notice.incident.id,
            kind=notice.kind,
            body=incident_serialization.to_text(notice.incident),
            told_at=notice.at.timestamp(),
            routed=False,
        )
    )


def _delivery_query() -> sa.Select[Any]:
    joined = sa.select(notices, deliveries).join(deliveries, notices.c.id == deliveries.c.notice_id)
    return joined.order_by(notices.c.number, deliveries.c.route)


def _this(delivery: NoticeDelivery) -> sa.Update:
    return sa.update(deliveries).where(
        deliveries.c.notice_id == delivery.notice.id, deliveries.c.route == delivery.route
    )


def _notice(row: Row[Any]) -> Notice:
    return Notice(
        row.id, row.kind, incident_serialization.from_text(row.body), datetime.fromtimestamp(row.told_at, UTC)
    )


def _delivery(row: Row[Any]) -> NoticeDelivery:
    confirmed = row.confirmed_at
    return NoticeDelivery(
        notice=_notice(row),
        route=row.route,
        state=row.state,
        attempts=row.attempts,
        since=datetime.fromtimestamp(row.since, UTC),
        next_attempt_at=datetime.fromtimestamp(row.next_attempt_at, UTC),
        confirmed_at=None if confirmed is None else datetime.fromtimestamp(confirmed, UTC),
        error=row.error,
    )
