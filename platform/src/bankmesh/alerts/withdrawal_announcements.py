"""Announcement of withdrawals: new decisions in the Delta logs, the owners that they concern, and their notices."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bankmesh.alerts.delivery.routing_file import RoutingFaults, read_routing
from bankmesh.alerts.withdrawal_notices import WithdrawalOutbox, now, write_notices
from bankmesh.catalog.recorded_reads import recorded_use
from bankmesh.ports import port_at, recent_decisions
from bankmesh.settings import alert_settings
from bankmesh.workspace.product_consumers import workspace_readers
from bankmesh.workspace.workspace_contracts import readable_contracts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bankmesh.alerts.withdrawal_notices import WithdrawalNotice
    from bankmesh.contracts.model import Contract
    from bankmesh.settings import Settings


@dataclass
class AnnouncementReport:
    """The notices that were announced, and why sendings failed; notices without a route are not sent."""

    notices: list[WithdrawalNotice] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def announce_withdrawals(settings: Settings, contracts: Iterable[Contract]) -> AnnouncementReport:
    """Announce the newest decisions about these products, each once, and send what is due.

    While the routing file has faults, nothing is announced; a later call does it.
    """
    places = alert_settings(settings)
    report = AnnouncementReport()
    try:
        routing = read_routing(places.file)
    except RoutingFaults as error:
        report.failures.append(str(error).splitlines()[0])
        return report
    known: list[Contract] = []
    with WithdrawalOutbox(places.database) as outbox:
        for contract in contracts:
            for decision in recent_decisions(port_at(settings.home, contract.product, contract.major)):
                if not decision.withdrawn or outbox.is_announced(contract.port, decision.commit):
                    continue
                known = known or readable_contracts(settings.root)
                readers = {r.port for r in workspace_readers(settings.root, known) if r.source == contract.port}
                consumers = [other for other in known if other.port in readers]
                uses = [use for use in recorded_use(settings.home) if use.port == contract.port]
                found = write_notices(contract, decision, consumers, uses, routing)
                outbox.announce(contract.port, decision.commit, found, now())
                report.notices += found
        report.failures += outbox.deliver(routing, now())
    return report
