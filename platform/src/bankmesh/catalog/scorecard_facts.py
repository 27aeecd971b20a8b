"""Facts for scorecards, read from the index."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bankmesh.catalog.check_history import port_of
from bankmesh.catalog.event_history import OUTCOMES
from bankmesh.catalog.index import tables
from bankmesh.catalog.index.indexed_versions import IndexFacts
from bankmesh.catalog.scorecards import DAYS, PortMeasures, Scorecard, domain_of_consumer, of_domain, of_product
from bankmesh.contracts.model import Status
from bankmesh.errors import UnknownName
from bankmesh.names import parse_port_name
from bankmesh.workspace.withdrawn_inputs import withdrawn_inputs

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy.engine import Connection


@dataclass(frozen=True)
class Alerts:
    """Numbers of open incidents, by port and by domain."""

    ports: Counter[str] = field(default_factory=Counter)
    domains: Counter[str] = field(default_factory=Counter)


def count_alerts(incidents: Iterable[tuple[str, Collection[str]]]) -> Alerts:
    """Count incidents, each given by its domain and its assets, as `retail/party/v2`."""
    found = Alerts()
    for domain, assets in incidents:
        found.domains[domain] += 1
        found.ports.update({port for asset in assets if (port := port_of(asset.split("/"))) is not None})
    return found


def scorecards(
    connection: Connection, now: datetime, alerts: Alerts | None, name: str | None = None
) -> list[Scorecard]:
    """Return the scorecards of a domain and its products, or of one product or port; of everything without a name.

    Each domain comes before its products. `alerts` is None if alerts are not recorded. Raises UnknownName.
    """
    facts = read_facts(connection, now, alerts)
    domains = sorted({fact.domain for fact in facts})
    if name is not None and name not in domains:
        wanted = [fact for fact in facts if name in _names(fact.port)]
        if not wanted:
            raise UnknownName("domain or product", name, {*domains, *(fact.port for fact in facts)})
        return [of_product(fact, now.timestamp()) for fact in wanted]
    found = []
    for domain in domains if name is None else [name]:
        own = [fact for fact in facts if fact.domain == domain]
        alerts_of_domain = None if alerts is None else alerts.domains[domain]
        found += [
            of_domain(domain, own, now.timestamp(), alerts_of_domain),
            *(of_product(fact, now.timestamp()) for fact in own),
        ]
    return found


def read_facts(connection: Connection, now: datetime, alerts: Alerts | None) -> list[PortMeasures]:
    """Return the facts about each port, sorted by name."""
    products = connection.execute(sa.select(tables.products).order_by(tables.products.c.port)).all()
    domains = {row.domain for row in products}
    checks = _checks(connection, now)
    published = _published(connection)
    versions = IndexFacts(connection)
    users = _using_domains(connection, domains, now)
    return [
        PortMeasures(
            port=row.port,
            domain=row.domain,
            has_port=Status(row.status).has_port,
            parts=row.parts,
            parts_missing=tuple(row.parts_missing),
            promises=row.promises,
            promises_enforced=row.promises_enforced,
            checks=checks[row.port],
            freshness_seconds=row.freshness_seconds,
            published_at=[at for _, at, _ in published[row.port]],
            fresh_since=[fresh for _, _, fresh in published[row.port]],
            outdated_at=[_outdated_at(versions, row.port, version) for version, _, _ in published[row.port]],
            using_domains=frozenset(users[row.port] - {row.domain}),
            other_domains=len(domains) - 1,
            open_alerts=None if alerts is None else alerts.ports[row.port],
        )
        for row in sorted(products, key=lambda row: row.port)
    ]


def _names(port: str) -> set[str]:
    """Names of a port: of its product, and with its major, the first one too."""
    name = parse_port_name(port)
    return {port, name.product_id, name.numbered}


def _checks(connection: Connection, now: datetime) -> defaultdict[str, Counter[str]]:
    first = (now.astimezone(UTC) - timedelta(days=DAYS - 1)).date().isoformat()
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in connection.execute(sa.select(tables.check_days).where(tables.check_days.c.day >= first)):
        found[row.port].update({outcome: getattr(row, outcome) for outcome in OUTCOMES})
    return found


def _published(connection: Connection) -> defaultdict[str, list[tuple[int, float, float]]]:
    """Return version, moment of publication or confirmation, and start of freshness, by port; oldest first."""
    table = tables.publications
    found: defaultdict[str, list[tuple[int, float, float]]] = defaultdict(list)
    query = sa.select(table.c.port, table.c.version, table.c.published_at, table.c.fresh_since)
    for row in connection.execute(query.order_by(table.c.published_at, table.c.version)):
        found[row.port].append((row.version, row.published_at, row.fresh_since or row.published_at))
    for row in connection.execute(sa.select(tables.confirmations)):
        found[row.port].append((row.version, row.at, row.at))
    for moments in found.values():
        moments.sort(key=lambda moment: moment[1])
    return found


def _outdated_at(versions: IndexFacts, port: str, version: int) -> float | None:
    """Return when the first withdrawn version that `version` is built from was withdrawn; None if there is none."""
    if not versions.any_withdrawn:
        return None
    return min((found.withdrawal.at.timestamp() for found in withdrawn_inputs(versions, port, version)), default=None)


def _using_domains(connection: Connection, domains: set[str], now: datetime) -> defaultdict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    made_from = sa.select(tables.flows.c.source, tables.datasets.c.domain).join(
        tables.datasets, tables.datasets.c.id == tables.flows.c.target
    )
    for row in connection.execute(made_from):
        if row.domain in domains:
            found[row.source].add(row.domain)
    lately = (now.astimezone(UTC) - timedelta(days=DAYS)).isoformat(timespec="seconds")
    reads = sa.select(tables.uses.c.port, tables.uses.c.consumer).where(tables.uses.c.last_at >= lately)
    for row in connection.execute(reads.distinct()):
        domain = domain_of_consumer(row.consumer, domains)
        if domain is not None:
            found[row.port].add(domain)
    return found
