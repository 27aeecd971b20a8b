"""One tick for one domain: read the event log, decide, record, route, deliver.

The first tick starts at the log's newest entry, so that past events cause no alert; promises of freshness that are
broken at that moment are reported, because their breach is not logged again.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from bankmesh.alerts.common_causes import MeshContext, share_causes, upstream_first
from bankmesh.alerts.delivery.alert_messages import message, title
from bankmesh.alerts.delivery.alert_outbox import AlertOutbox, CursorConflict
from bankmesh.alerts.delivery.alert_routes import routes_of
from bankmesh.alerts.delivery.route_delivery import DeliveryReport, deliver
from bankmesh.alerts.delivery.routing_file import Routing, RoutingFaults, read_routing
from bankmesh.alerts.incident_decisions import after
from bankmesh.alerts.model import COVERED
from bankmesh.fault_points import reached
from bankmesh.workspace.recorded_data_tests import with_data_tests

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bankmesh.alerts.delivery.alert_messages import Message
    from bankmesh.alerts.delivery.route_delivery import DeliveryPolicy
    from bankmesh.alerts.domain_history import DomainHistory
    from bankmesh.alerts.event_facts import Fact
    from bankmesh.alerts.incident_decisions import Severities
    from bankmesh.alerts.model import Notice
    from bankmesh.contracts.model import Contract
    from bankmesh.settings import AlertSettings

_READING_SECONDS = 15.0
_LISTED = 5


class OwnDomain(Protocol):
    """The part of a domain that alerts use."""

    @property
    def name(self) -> str:
        """The domain's name."""

    @property
    def contracts(self) -> tuple[Contract, ...]:
        """Its contracts."""


@dataclass
class TickReport:
    """The result of one tick, as the sensor shows it."""

    noted: dict[str, Notice] = field(default_factory=dict)
    nobody: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    sent: DeliveryReport = field(default_factory=DeliveryReport)

    @property
    def summaries(self) -> list[str]:
        """Titles of the notices of this tick, by notice; those that owners know the cause of are left out."""
        return [title(notice) for notice in self.noted.values() if notice.kind != COVERED]

    def __str__(self) -> str:
        failures = [fault.splitlines()[0].rstrip(":") for fault in self.faults] + self.sent.failures
        parts = [*self.summaries[:_LISTED], *(f"failed: {reason}" for reason in failures)]
        if len(self.summaries) > _LISTED:
            parts.insert(_LISTED, f"and {len(self.summaries) - _LISTED} more alerts")
        if self.sent.confirmed:
            parts.append(f"{self.sent.confirmed} delivered")
        if self.sent.still_sending:
            parts.append(f"{self.sent.still_sending} receivers have not answered yet")
        return "; ".join(parts) or "nothing new"


def run_tick(
    history: DomainHistory,
    domain: OwnDomain,
    places: AlertSettings,
    *,
    pace: DeliveryPolicy | None = None,
    home: Path | None = None,
    parents: Mapping[str, frozenset[str]] | None = None,
) -> TickReport:
    """Run one tick. Raises what the history or the outbox raise; nothing is lost then, the next tick reads the same.

    `parents` is the location's asset graph: the direct inputs of each asset.
    """
    report = TickReport()
    known = with_data_tests(domain.contracts, home) if home else domain.contracts
    contracts = {contract.port_name.asset: contract for contract in known}
    around = MeshContext({asset: contract.owner for asset, contract in contracts.items()}, parents or {})
    with AlertOutbox(places.database) as outbox:
        routing = _routing(places, report)
        # Another process may have recorded for this domain; the next tick reads what it has not.
        with contextlib.suppress(CursorConflict):
            reading = _Reading(outbox, domain.name, around, (routing or Routing()).severities, report)
            _read(history, reading)
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


def _routing(places: AlertSettings, report: TickReport) -> Routing | None:
    """Return the content of the routing file; None if it has faults: notices then wait until it is fixed."""
    try:
        return read_routing(places.file)
    except RoutingFaults as error:
        report.faults.append(str(error))
        return None


@dataclass(frozen=True)
class _Reading:
    """The steps of one tick from facts to notices."""

    outbox: AlertOutbox
    domain: str
    around: MeshContext
    severities: Severities
    report: TickReport

    def record(self, before: int | None, position: int, facts: tuple[Fact, ...]) -> None:
        """Decide what the facts mean, and store it with the cursor. Raises CursorConflict."""
        elsewhere = self.outbox.broken_elsewhere(self.domain) if facts else {}
        around = replace(self.around, elsewhere=elsewhere)
        ordered = share_causes(upstream_first(facts, around.parents))
        incidents, notices = after(self.domain, self.outbox.incidents_of(self.domain), ordered, self.severities, around)
        kept = self.outbox.record(self.domain, before, position, incidents, notices, datetime.now(UTC))
        reached("alerts-recorded")
        self.report.noted.update({notice.id: notice for notice in kept})


def _read(history: DomainHistory, reading: _Reading) -> None:
    outbox, domain = reading.outbox, reading.domain
    position = outbox.position(domain)
    newest = history.newest_entry()
    if position is None:
        reading.record(None, newest, history.open_breaches(newest))
        return
    if newest < position:
        # The log is another one, or its end was deleted: all later entries are new in either case.
        outbox.start_again(domain, position, newest)
        position = newest
    until = time.monotonic() + _READING_SECONDS
    more = True
    while more and time.monotonic() < until:
        batch = history.read(position, datetime.now(UTC))
        facts = batch.facts
        if not batch.more:
            facts += _abandoned(history, domain, outbox, batch.cursor)
        reached("alerts-read")
        if facts or batch.cursor != position:
            reading.record(position, batch.cursor, facts)
        position, more = batch.cursor, batch.more


def _abandoned(history: DomainHistory, domain: str, outbox: AlertOutbox, newest: int) -> tuple[Fact, ...]:
    incidents = outbox.incidents_of(domain).values()
    awaited = {problem.awaits for incident in incidents for problem in incident.problems if problem.awaits}
    return history.abandoned_retries(awaited, datetime.now(UTC), newest) if awaited else ()


def _route(
    outbox: AlertOutbox, domain: str, contracts: dict[str, Contract], routing: Routing, report: TickReport
) -> None:
    waiting = outbox.unrouted(domain)
    if not waiting:
        return
    notified = outbox.notified_routes(notice.incident.id for notice in waiting)
    decided: list[tuple[Notice, tuple[str, ...]]] = []
    for notice in waiting:
        before = notified.setdefault(notice.incident.id, set())
        routes = routes_of(notice, domain, contracts, routing, before)
        before.update(routes)
        decided.append((notice, routes))
    outbox.route(decided, datetime.now(UTC))
    report.nobody.extend(title(notice) for notice, routes in decided if not routes and notice.kind != COVERED)
    reached("alerts-routed")
