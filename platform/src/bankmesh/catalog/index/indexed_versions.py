"""Version facts from the index, for `withdrawn_inputs` without access to the Delta logs."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bankmesh.catalog.index import tables
from bankmesh.ports import DecisionKind, Withdrawal
from bankmesh.workspace.withdrawn_inputs import withdrawn_inputs

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy.engine import Connection

    from bankmesh.workspace.withdrawn_inputs import WithdrawnInput


class IndexFacts:
    """VersionFacts from the index. Withdrawals are read at once, because they are few; other facts by port, on use."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._withdrawn: defaultdict[str, dict[int, Withdrawal]] = defaultdict(dict)
        for row in connection.execute(sa.select(tables.withdrawals)):
            at = datetime.fromtimestamp(row.at, UTC)
            self._withdrawn[row.port][row.version] = Withdrawal(
                row.version, DecisionKind(row.kind), at, row.by, row.reason
            )
        self._sources: dict[str, dict[int, set[int]]] = {}
        self._inputs: dict[str, dict[int, dict[str, int]]] = {}

    @property
    def any_withdrawn(self) -> bool:
        """Whether any version of any product is withdrawn."""
        return bool(self._withdrawn)

    def newest(self, port: str) -> int | None:
        """See VersionFacts."""
        table = tables.publications
        found: int | None = self._connection.scalar(sa.select(sa.func.max(table.c.version)).where(table.c.port == port))
        return found

    def sources(self, port: str, version: int) -> Collection[int]:
        """See VersionFacts."""
        if port not in self._sources:
            found: defaultdict[int, set[int]] = defaultdict(set)
            table = tables.publication_sources
            for row in self._connection.execute(sa.select(table).where(table.c.port == port)):
                found[row.version].add(row.source)
            self._sources[port] = dict(found)
        return self._sources[port].get(version, ())

    def inputs(self, port: str, version: int) -> Mapping[str, int]:
        """See VersionFacts. Fingerprints of landings are left out: they are not version numbers of products."""
        if port not in self._inputs:
            found: defaultdict[int, dict[str, int]] = defaultdict(dict)
            table = tables.publication_inputs
            for row in self._connection.execute(sa.select(table).where(table.c.port == port)):
                if row.read.isascii() and row.read.isdigit():
                    found[row.version][row.input] = int(row.read)
            self._inputs[port] = dict(found)
        return self._inputs[port].get(version, {})

    def withdrawn(self, port: str, since: int) -> Mapping[int, Withdrawal]:  # noqa: ARG002 - all are loaded
        """See VersionFacts."""
        return self._withdrawn.get(port, {})


def outdated_ports(connection: Connection) -> dict[str, tuple[WithdrawnInput, ...]]:
    """Return the ports whose newest version is built from withdrawn versions, with these versions."""
    facts = IndexFacts(connection)
    if not facts.any_withdrawn:
        return {}
    products = tables.products.c
    ports: Sequence[str] = connection.scalars(
        sa.select(products.port).where(products.newest_version.is_not(None))
    ).all()
    found = {port: withdrawn_inputs(facts, port) for port in ports}
    return {port: inputs for port, inputs in found.items() if inputs}
