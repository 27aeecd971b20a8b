"""The state of each product: its newest version, and the outcomes of its last checks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bankmesh.contracts.model import Status
from bankmesh.errors import PortError
from bankmesh.ports import fresh_since, latest, port_at
from bankmesh.workspace.deprecation import deprecation_of
from bankmesh.workspace.recorded_data_tests import with_data_tests
from bankmesh.workspace.withdrawn_inputs import LogFacts, WithdrawnInput, withdrawn_inputs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from bankmesh.catalog.check_history import CheckOutcomes
    from bankmesh.contracts.model import Contract

OUTCOMES = ("passed", "warned", "failed", "errored", "not evaluated")


def freshness_state(fresh_since: float | None, promised: float | None, now: datetime, *, outdated: bool = False) -> str:
    """`fresh` or `late` against the promise in seconds; `never` published; `-` without a promise.

    `fresh_since` is in seconds since 1970. What is `outdated`, built from a withdrawn version, is late.
    """
    if fresh_since is None:
        return "never"
    if promised is None:
        return "-"
    return "fresh" if not outdated and now.timestamp() - fresh_since <= promised else "late"


@dataclass(frozen=True, repr=False)
class ProductStatus:
    """One product and major. `checks` counts outcomes of the newest evaluation of each clause.

    Freshness counts from `fresh_since`: the publication or its last confirmation; for restored rows their first
    publication.
    `built_from_withdrawn` are withdrawn versions that the rows come from; such a product is late.
    `fault` is why the port cannot be read; nothing else of it is known then.
    """

    contract: Contract
    published_version: int | None
    rows: int | None
    published_at: datetime | None
    checks: dict[str, int]
    fresh_since: datetime | None = None
    built_from_withdrawn: tuple[WithdrawnInput, ...] = ()
    fault: str | None = None

    def __repr__(self) -> str:
        version = f"version={self.published_version}, rows={self.rows}, freshness={self.freshness!r}"
        return f"ProductStatus({self.contract.port!r}, {version})"

    @property
    def freshness(self) -> str:
        """`fresh` or `late` by the contract's freshness service level; `never` published; `-` without a service level.

        `unreadable` if the port cannot be read. What is built from a withdrawn version is late, whenever that was.
        """
        if self.fault is not None:
            return "unreadable"
        level = self.contract.service_level("freshness")
        since = self.fresh_since or self.published_at
        return freshness_state(
            since.timestamp() if self.published_at and since else None,
            level.seconds if level else None,
            datetime.now(UTC),
            outdated=bool(self.built_from_withdrawn),
        )

    @property
    def is_attempt_refused(self) -> bool:
        """Whether the checks are of an attempt that was not published, as no version has a clause that failed."""
        return any(self.checks[outcome] for outcome in ("failed", "errored", "not evaluated"))

    def to_json(self) -> dict[str, Any]:
        """Return the entry of `mesh products --json`; moments are ISO 8601 in UTC."""
        contract = self.contract
        ending = deprecation_of(contract)
        return {
            "id": contract.product,
            "domain": contract.domain,
            "name": contract.name,
            "major": contract.major,
            "contract_version": contract.version,
            "status": contract.status.value,
            "published_version": self.published_version,
            "rows": self.rows,
            "published_at": self.published_at.isoformat() if self.published_at else None,
            "checks": self.checks,
            "owner": contract.owner,
            "freshness": self.freshness,
            "fresh_since": self.fresh_since.isoformat() if self.fresh_since else None,
            "built_from_withdrawn": [found.to_json() for found in self.built_from_withdrawn],
            "fault": self.fault,
            "end_of_support": ending.end_of_support if ending else None,
            "replaced_by": ending.replaced_by if ending else None,
        }


def product_states(contracts: Iterable[Contract], home: Path, outcomes: CheckOutcomes | None) -> list[ProductStatus]:
    """Return the state of every contract that is not retired; without outcomes, checks are unknown."""
    living = with_data_tests((c for c in contracts if c.status is not Status.RETIRED), home)
    newest = outcomes.latest_outcomes(living) if outcomes else {}
    facts = LogFacts(home)
    return [_state(contract, home, newest.get(contract.port, []), facts) for contract in living]


def _state(contract: Contract, home: Path, outcomes: Sequence[str], facts: LogFacts) -> ProductStatus:
    checks = {outcome: outcomes.count(outcome) for outcome in OUTCOMES}
    port = port_at(home, contract.product, contract.major)
    try:
        newest = latest(port)
        since = fresh_since(port, newest) if newest else None
        withdrawn = withdrawn_inputs(facts, contract.port)
    except PortError as error:
        return ProductStatus(contract, None, None, None, checks, fault=str(error))
    return ProductStatus(
        contract=contract,
        published_version=newest.version if newest else None,
        rows=newest.rows if newest else None,
        published_at=newest.published_at if newest else None,
        checks=checks,
        fresh_since=since,
        built_from_withdrawn=withdrawn,
    )
