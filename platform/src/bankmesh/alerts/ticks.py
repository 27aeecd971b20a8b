"""One look at the event log for one domain: read, decide, record, route, deliver.

The first look ever starts at the log's newest entry, so that nobody is told of a history; promises of freshness that
are broken at that moment are told, because their breach is not logged again.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from bankmesh.alerts import events
from bankmesh.alerts.delivery import Sent, deliver
from bankmesh.alerts.incidents import after
from bankmesh.alerts.messages import message, title
from bankmesh.alerts.outbox import MovedOn, Outbox
from bankmesh.alerts.routes import routes_of
from bankmesh.alerts.routing_file import Routing, RoutingFaults, read_routing
from bankmesh.alerts.runs import Runs
from bankmesh.catalog.data_tests import with_data_tests
from bankmesh.faultpoints import reached

if TYPE_CHECKING:
    from pathlib import Path

    import dagster as dg

    from bankmesh.alerts.delivery import Pace
    from bankmesh.alerts.facts import Fact
    from bankmesh.alerts.incidents import Notice
    from bankmesh.alerts.messages import Message
    from bankmesh.alerts.places import Places
    from bankmesh.contracts.model import Contract

_READING_SECONDS = 15.0
_LISTED = 5


class OwnDomain(Protocol):
    """What alerts have to know of a domain."""

    @property
    def name(self) -> str:
        """The domain's name."""

    @property
    def contracts(self) -> tuple[Contract, ...]:
        """Its contracts."""


@dataclass
class Report:
    """What one look found and did, as the sensor's tick shows it."""

    told: list[str] = field(default_factory=list)
    nobody: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    sent: Sent = field(default_factory=Sent)

    def __str__(self) -> str:
        failures = [fault.splitlines()[0].rstrip(":") for fault in self.faults] + self.sent.failures
        parts = [*self.told[:_LISTED], *(f"failed: {reason}" for reason in failures)]
        if len(self.told) > _LISTED:
            parts.insert(_LISTED, f"and {len(self.told) - _LISTED} more alerts")
        if self.sent.confirmed:
            parts.append(f"{self.sent.confirmed} delivered")
        if self.sent.still_sending:
            parts.append(f"{self.sent.still_sending} receivers have not answered yet")
        return "; ".join(parts) or "nothing new"


def look(
    instance: dg.DagsterInstance,
    domain: OwnDomain,
    places: Places,
    *,
    location: str | None = None,
    pace: Pace | None = None,
    home: Path | None = None,
) -> Report:
    """Look once. Raises what the event log or the outbox raise; nothing is lost then, the next look sees the same."""
    report = Report()
    known = with_data_tests(domain.contracts, home) if home else domain.contracts
    contracts = {asset_of_contract(contract): contract for contract in known}
    with Outbox(places.database) as outbox:
        routing = _routing(places, report)
        # Where another process looks at this domain too, what it did not see, the next look sees.
        with contextlib.suppress(MovedOn):
            _read(instance, domain.name, outbox, location or domain.name, routing or Routing(), report)
        if routing is not None:
            _route(outbox, domain.name, contracts, routing, report)
            clauses = {
                (asset, clause.name): clause.description
                for asset, contract in contracts.items()
                for clause in contract.clauses
            }

            def write(notice: Notice) -> Message:
                return message(notice, places.ui_url, clauses)

            report.sent = deliver(outbox, domain.name, routing, write, pace)
    return report


def asset_of_contract(contract: Contract) -> str:
    """The asset of a contract's product: `retail/party`, `retail/party/v2`."""
    return "/".join([contract.domain, contract.name, *([f"v{contract.major}"] if contract.major > 1 else [])])


def _routing(places: Places, report: Report) -> Routing | None:
    """What the routing file says; None where it has faults: then notices wait until it is mended."""
    try:
        return read_routing(places.file)
    except RoutingFaults as error:
        report.faults.append(str(error))
        return None


def _read(
    instance: dg.DagsterInstance, domain: str, outbox: Outbox, location: str, routing: Routing, report: Report
) -> None:
    position = outbox.position(domain)
    newest = events.newest_entry(instance)
    if position is None:
        assets = instance.get_asset_keys(prefix=[domain])
        facts: tuple[Fact, ...] = events.standing_breaches(instance, assets, newest)
        _record(outbox, domain, (None, newest), facts, routing, report)
        return
    if newest < position:
        # The log is another one, or its end was deleted: what comes next is new in either case.
        outbox.start_again(domain, position, newest)
        position = newest
    until = time.monotonic() + _READING_SECONDS
    more = True
    while more and time.monotonic() < until:
        batch = events.read_facts(instance, domain, position, datetime.now(UTC), location=location)
        facts = batch.facts
        if not batch.more:
            facts += _abandoned(instance, domain, location, outbox, batch.cursor)
        reached("alerts-read")
        if facts or batch.cursor != position:
            _record(outbox, domain, (position, batch.cursor), facts, routing, report)
        position, more = batch.cursor, batch.more


def _abandoned(
    instance: dg.DagsterInstance, domain: str, location: str, outbox: Outbox, newest: int
) -> tuple[Fact, ...]:
    awaited = {incident.awaits for incident in outbox.standing(domain).values() if incident.awaits}
    if not awaited:
        return ()
    return tuple(Runs(instance, domain, location).abandoned(awaited, datetime.now(UTC), newest))


def _record(
    outbox: Outbox,
    domain: str,
    moves: tuple[int | None, int],
    facts: tuple[Fact, ...],
    routing: Routing,
    report: Report,
) -> None:
    standing, notices = after(domain, outbox.standing(domain), facts, routing.severities)
    outbox.record(domain, moves[0], moves[1], standing, notices, datetime.now(UTC))
    reached("alerts-recorded")
    report.told.extend(title(notice) for notice in notices)


def _route(outbox: Outbox, domain: str, contracts: dict[str, Contract], routing: Routing, report: Report) -> None:
    waiting = outbox.unrouted(domain)
    if not waiting:
        return
    told = outbox.told_routes(notice.incident.id for notice in waiting)
    decided: list[tuple[Notice, tuple[str, ...]]] = []
    for notice in waiting:
        before = told.setdefault(notice.incident.id, set())
        routes = routes_of(notice, domain, contracts, routing, before)
        before.update(routes)
        decided.append((notice, routes))
    outbox.route(decided, datetime.now(UTC))
    report.nobody.extend(title(notice) for notice, routes in decided if not routes)
    reached("alerts-routed")
