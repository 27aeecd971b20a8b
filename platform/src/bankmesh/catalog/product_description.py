"""Descriptions of one product, and of the index itself, from the index."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bankmesh.catalog.event_history import OUTCOMES
from bankmesh.catalog.index import tables
from bankmesh.catalog.index.indexed_versions import IndexFacts
from bankmesh.catalog.index.lineage_closures import downstream_datasets, upstream_datasets
from bankmesh.catalog.index.lineage_rows import PRODUCT
from bankmesh.catalog.product_status import freshness_state
from bankmesh.contracts.lifecycle import newest_major_of
from bankmesh.contracts.model import Status
from bankmesh.errors import UnknownName
from bankmesh.lineage.lineage_graph import ROWS
from bankmesh.names import split_major
from bankmesh.workspace.withdrawn_inputs import withdrawn_inputs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.engine import Connection

LATEST = 20
"""Maximum number of publications, days and failed evaluations in a description."""


def resolve(connection: Connection, name: str) -> str:
    """Return the port of a name: `retail.party@2`, or for `retail.party` the newest active major, as for readers.

    Raises UnknownName.
    """
    table = tables.products
    rows = connection.execute(sa.select(table.c.port, table.c.product, table.c.major, table.c.status)).all()
    product, major = split_major(name)
    found = [row for row in rows if row.product == product and major in {None, row.major}]
    if not found:
        raise UnknownName("product", name, {row.port for row in rows})
    major = newest_major_of({row.major: Status(row.status) for row in found})
    (port,) = (row.port for row in found if row.major == major)
    return str(port)


def describe(connection: Connection, port: str, now: datetime) -> dict[str, Any]:
    """Return everything about a port, as plain values; moments are ISO 8601 in UTC."""
    (product,) = _rows(connection, tables.products, "port", port)
    promised, published = product.pop("freshness_seconds"), product.pop("newest_at")
    fresh_since = product.pop("fresh_since")
    outdated = withdrawn_inputs(IndexFacts(connection), port)
    made = {
        "version": product.pop("newest_version"),
        "rows": product.pop("newest_rows"),
        "published_at": _moment(published),
        "fresh_since": _moment(fresh_since),
    }
    return {
        **product,
        "freshness": freshness_state(fresh_since, promised, now, outdated=bool(outdated)),
        "freshness_seconds": promised,
        "published": made,
        "owners": _rows(connection, tables.owners, "port", port),
        "columns": _rows(connection, tables.columns, "dataset", port),
        "contract_versions": _contract_versions(connection, port),
        "life": _rows(connection, tables.status_changes, "port", port),
        "deprecation": next(iter(_rows(connection, tables.deprecations, "port", port)), None),
        "declassifications": _rows(connection, tables.declassifications, "port", port),
        "publications": _publications(connection, port),
        "withdrawn": _withdrawals(connection, port),
        "built_from_withdrawn": [found.to_json() for found in outdated],
        "quality": _quality(connection, port),
        "freshness_changes": _newest_first(connection, tables.freshness_changes, port),
        "lineage": _lineage(connection, port),
        "consumers": _consumers(connection, port),
    }


def about(connection: Connection) -> dict[str, Any]:
    """Return when the index was built and refreshed, how much it contains, and the faults of unreadable files."""
    known = {row.name: row.value for row in connection.execute(sa.select(tables.meta))}
    counted = {
        "products": tables.products,
        "columns": tables.columns,
        "contract_versions": tables.contract_versions,
        "publications": tables.publications,
        "lineage_edges": tables.edges,
        "checks": tables.check_states,
        "consumers": tables.uses,
    }
    return {
        "built_at": known.get("built_at"),
        "refreshed_at": known.get("refreshed_at"),
        "holds": {
            name: connection.scalar(sa.select(sa.func.count()).select_from(table)) for name, table in counted.items()
        },
        "faults": [dict(row._mapping) for row in connection.execute(sa.select(tables.faults))],  # noqa: SLF001 - public
    }


def _contract_versions(connection: Connection, port: str) -> list[dict[str, Any]]:
    changes = _rows(connection, tables.contract_changes, "port", port)
    found = _rows(connection, tables.contract_versions, "port", port)
    for version in found:
        version["since"] = _moment(version["since"])
        version["changes"] = [
            {name: change[name] for name in ("rule", "breaking", "subject", "message")}
            for change in changes
            if change["position"] == version["position"]
        ]
    return found


def _publications(connection: Connection, port: str) -> list[dict[str, Any]]:
    inputs = _rows(connection, tables.publication_inputs, "port", port)
    found = _rows(connection, tables.publications, "port", port)[::-1][:LATEST]
    for publication in found:
        for name in ("published_at", "fresh_since"):
            publication[name] = _moment(publication[name])
        publication["inputs"] = {
            row["input"]: row["read"] for row in inputs if row["version"] == publication["version"]
        }
    return found


def _withdrawals(connection: Connection, port: str) -> list[dict[str, Any]]:
    """Return the withdrawn versions, oldest first."""
    return [{**row, "at": _moment(row["at"])} for row in _rows(connection, tables.withdrawals, "port", port)]


def _quality(connection: Connection, port: str) -> dict[str, Any]:
    states = _rows(connection, tables.check_states, "port", port)
    return {
        "newest": {outcome: sum(state["outcome"] == outcome for state in states) for outcome in OUTCOMES},
        "days": _rows(connection, tables.check_days, "port", port)[::-1][:LATEST],
        "not_passed": _newest_first(connection, tables.check_breaks, port),
    }


def _lineage(connection: Connection, port: str) -> dict[str, Any]:
    dataset = connection.execute(sa.select(tables.datasets).where(tables.datasets.c.id == port)).one()
    return {
        "known": dataset.lineage_known,
        "opaque": dataset.opaque,
        "underivable": {row["column_name"]: row["reason"] for row in _rows(connection, tables.gaps, "dataset", port)},
        "made_from": upstream_datasets(connection, port),
        "makes": downstream_datasets(connection, port),
    }


def _consumers(connection: Connection, port: str) -> dict[str, Any]:
    flows, datasets = tables.flows, tables.datasets
    query = sa.select(flows.c.target).join(datasets, datasets.c.id == flows.c.target)
    products: Sequence[str] = connection.scalars(query.where(flows.c.source == port, datasets.c.kind == PRODUCT)).all()
    recorded: dict[str, dict[str, Any]] = {}
    for use in _rows(connection, tables.uses, "port", port):
        consumer = recorded.setdefault(use["consumer"], {"columns": []})
        if use["column_name"] == ROWS:
            consumer |= {name: use[name] for name in ("reads", "whole", "first_at", "last_at", "newest_version")}
        else:
            consumer["columns"].append(use["column_name"])
    return {
        "declared": [row["consumer"] for row in _rows(connection, tables.consumers, "port", port)],
        "products": sorted(products),
        "recorded": recorded,
    }


def _rows(connection: Connection, table: sa.Table, column: str, name: str) -> list[dict[str, Any]]:
    query = sa.select(table).where(table.c[column] == name).order_by(*table.primary_key.columns)
    return [
        _without(row, column) if table is not tables.products else dict(row) for row in _mappings(connection, query)
    ]


def _newest_first(connection: Connection, table: sa.Table, port: str) -> list[dict[str, Any]]:
    query = sa.select(table).where(table.c.port == port).order_by(table.c.entry.desc()).limit(LATEST)
    found = [_without(row, "port") for row in _mappings(connection, query)]
    return [{**row, "at": _moment(row["at"])} for row in found]


def _mappings(connection: Connection, query: sa.Select[Any]) -> Iterable[dict[str, Any]]:
    return (dict(row) for row in connection.execute(query).mappings())


def _without(row: dict[str, Any], column: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != column}


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()
