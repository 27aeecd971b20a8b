"""Notices of withdrawn versions: one to each owner of products that read it, and one to the product's own owner.

A decision of the Delta log is announced once however often it is read: a notice is stored under the decision's commit,
the owner and the route. As for other alerts, an attempt is recorded before it is made, and repeated until it is
confirmed. The notice to the product's owner lists the other readers by recorded use.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bankmesh.alerts.delivery.alert_messages import Message
from bankmesh.alerts.delivery.alert_routes import receiver_of, route_of_channel
from bankmesh.alerts.delivery.apprise_sender import send
from bankmesh.alerts.event_facts import AlertSeverity
from bankmesh.errors import BankmeshError, as_sentence
from bankmesh.storage.databases import Closing, open_database

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.engine import Engine

    from bankmesh.alerts.delivery.routing_file import Routing
    from bankmesh.catalog.recorded_reads import RecordedRead
    from bankmesh.contracts.model import Contract
    from bankmesh.ports import Decision

KIND = "withdrawn"
PENDING, CONFIRMED = "pending", "confirmed"
_PAUSE = timedelta(minutes=1)
_LONGEST = timedelta(hours=1)
_LISTED = 20

metadata = sa.MetaData()

notices = sa.Table(
    "bankmesh_alert_withdrawal",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("route", sa.String(400), primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("state", sa.String(20), nullable=False, index=True),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_attempt_at", sa.Float(53), nullable=False),
    sa.Column("error", sa.Text),
)
"""One row for each notice and route; moments are seconds since 1970 in UTC."""

announced = sa.Table(
    "bankmesh_alert_withdrawal_announced",
    metadata,
    sa.Column("port", sa.String(300), primary_key=True),
    sa.Column("commit", sa.BigInteger, primary_key=True, autoincrement=False),
)
"""Decisions whose notices are stored."""


@dataclass(frozen=True)
class WithdrawalNotice:
    """The notice of one decision to one owner, with its routes; without a route it is not sent."""

    id: str
    owner: str
    title: str
    body: str
    routes: tuple[str, ...]


def write_notices(
    contract: Contract,
    decision: Decision,
    consumers: Iterable[Contract],
    uses: Iterable[RecordedRead],
    routing: Routing,
) -> list[WithdrawalNotice]:
    """Return the notices of a decision about a product: to its consumers' owners, and to its own. Pure.

    Args:
        contract: the contract of the product.
        decision: what was withdrawn.
        consumers: contracts of products that read it.
        uses: recorded reads of the product.
        routing: the content of the routing file.
    """
    by_owner: dict[str, list[Contract]] = {}
    for consumer in consumers:
        by_owner.setdefault(consumer.owner, []).append(consumer)
    found = []
    for owner, theirs in sorted(by_owner.items()):
        names = ", ".join(sorted(consumer.port for consumer in theirs))
        text = f"Your products that read it: {names}. Automation refreshes them; without it, `mesh run` does."
        found.append(_notice(contract, decision, owner, text, _routes(theirs, routing)))
    readers = sorted({f"{use.consumer} (version {use.version})" for use in uses if use.version in decision.withdrawn})
    more = f" and {len(readers) - _LISTED} more" if len(readers) > _LISTED else ""
    listed = f"{', '.join(readers[:_LISTED])}{more}" if readers else "none"
    text = f"Readers of it by recorded use: {listed}. The product is held; see `mesh show {contract.port}`."
    found.append(_notice(contract, decision, f"{contract.owner} (owner)", text, _routes([contract], routing)))
    return found


def _notice(contract: Contract, decision: Decision, owner: str, text: str, routes: tuple[str, ...]) -> WithdrawalNotice:
    gone = ", ".join(map(str, decision.withdrawn))
    identity = hashlib.sha256(f"{contract.port}\n{decision.commit}\n{owner}".encode()).hexdigest()[:12]
    back = (
        "No row that readers get changes."
        if decision.restored is None
        else f"Readers get version {decision.commit}, with the rows of version {decision.restored}."
    )
    lines = [
        as_sentence(f"Version {gone} of {contract.port} is withdrawn by {decision.by}: {decision.reason}"),
        back,
        text,
        f"Alert {identity}.",
    ]
    title = f"[ERROR] {contract.port}: version {gone} is withdrawn"
    return WithdrawalNotice(identity, owner, title, "\n".join(lines), routes)


def _routes(contracts: Sequence[Contract], routing: Routing) -> tuple[str, ...]:
    """Return the products' own channels, else their domains', else the fallback; only those that take errors."""
    own = {route for c in contracts for channel in c.support if (route := route_of_channel(channel, routing))}
    domain = {name for c in contracts for name in routing.domains.get(c.domain, ())}
    chosen = own or domain or set(routing.fallback)
    return tuple(sorted(route for route in chosen if _takes_errors(route, routing)))


def _takes_errors(route: str, routing: Routing) -> bool:
    severities = receiver_of(route, routing).severities
    return severities is None or AlertSeverity.ERROR in severities


class WithdrawalOutbox(Closing):
    """The notices of withdrawals in the database of alerts."""

    def __init__(self, url: str) -> None:
        self._engine: Engine = open_database(url, metadata.create_all)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def is_announced(self, port: str, commit: int) -> bool:
        """Return whether the notices of a decision are stored."""
        query = sa.select(announced.c.port).where(announced.c.port == port, announced.c.commit == commit)
        with self._engine.begin() as connection:
            return connection.execute(query).first() is not None

    def announce(self, port: str, commit: int, found: Iterable[WithdrawalNotice], now: datetime) -> None:
        """Store the notices of a decision, one row for each route, unless another process has done so."""
        new = {"state": PENDING, "attempts": 0, "next_attempt_at": now.timestamp()}
        rows = [
            {"id": notice.id, "route": route, "title": notice.title, "body": notice.body, **new}
            for notice in found
            for route in notice.routes
        ]
        try:
            with self._engine.begin() as connection:
                connection.execute(sa.insert(announced).values(port=port, commit=commit))
                if rows:
                    connection.execute(sa.insert(notices), rows)
        except sa.exc.IntegrityError:
            return

    def deliver(self, routing: Routing, now: datetime, environment: Mapping[str, str] | None = None) -> list[str]:
        """Send what is due; return why sendings failed, without any secret."""
        due = sa.select(notices).where(notices.c.state == PENDING, notices.c.next_attempt_at <= now.timestamp())
        with self._engine.begin() as connection:
            rows = connection.execute(due.order_by(notices.c.id, notices.c.route)).all()
        failures = []
        for row in rows:
            pause = min(_PAUSE * 2**row.attempts, _LONGEST)
            this = sa.update(notices).where(notices.c.id == row.id, notices.c.route == row.route)
            claim = this.where(notices.c.attempts == row.attempts, notices.c.state == PENDING)
            with self._engine.begin() as connection:
                next_at = (now + pause).timestamp()
                taken = connection.execute(claim.values(attempts=row.attempts + 1, next_attempt_at=next_at)).rowcount
            if not taken:
                continue
            message = Message(row.id, row.id, KIND, AlertSeverity.ERROR, row.title, row.body)
            try:
                send(row.route, receiver_of(row.route, routing).to, message, environment or os.environ)
            except BankmeshError as error:
                failures.append(str(error))
                values: dict[str, object] = {"error": str(error)}
            else:
                values = {"state": CONFIRMED, "error": None}
            with self._engine.begin() as connection:
                connection.execute(this.values(**values))
        return failures


def now() -> datetime:
    """Return the present, in UTC."""
    return datetime.now(UTC)
