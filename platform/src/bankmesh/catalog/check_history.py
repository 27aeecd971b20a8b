"""The history of checks and of freshness that the catalog reads, in the order in which it was logged.

No value of the data is in it: of a check only the outcome and the numbers of rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bankmesh.names import port_of_asset

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from bankmesh.contracts.model import Contract


@dataclass(frozen=True)
class Evaluation:
    """An evaluation of a port's check: `outcome` is passed, warned, failed or errored; `at` is seconds since 1970."""

    entry: int
    at: float
    run_id: str
    port: str
    check: str
    outcome: str
    failing_rows: int | None
    rows: int | None


@dataclass(frozen=True)
class FreshnessChange:
    """A change of a port's freshness state: fresh, warning, late, or none (no longer promised)."""

    entry: int
    at: float
    port: str
    state: str


@dataclass(frozen=True)
class CheckEvents:
    """The result of one read: all entries up to `cursor`; `more` says whether there are later ones.

    `mark` identifies the last entry, so that another entry with its number, in another log, is detected.
    """

    evaluations: tuple[Evaluation, ...]
    changes: tuple[FreshnessChange, ...]
    cursor: int
    mark: str
    more: bool


class CheckOutcomes(Protocol):
    """The newest outcome of each check. Orchestration reads it from Dagster's event log."""

    def latest_outcomes(self, contracts: Iterable[Contract]) -> dict[str, list[str]]:
        """Return outcomes of the newest evaluation of each clause, by port; clauses never evaluated are left out."""


class CheckHistory(CheckOutcomes, Protocol):
    """A log of checks and changes of freshness. Orchestration implements it on Dagster's event log."""

    def read(self, after: int, now: datetime) -> CheckEvents:
        """Read the entries after `after` that concern products, up to the last one that no earlier entry can follow."""

    def has_news(self, cursor: int, mark: str) -> bool:
        """Return whether there are entries after `cursor`, or the log must be read again from the start."""

    def has_entry(self, cursor: int, mark: str) -> bool:
        """Return whether the log still has the entry `cursor` with this mark: it is the same log, and not truncated."""


def port_of(path: Collection[str]) -> str | None:
    """Return the port of an asset key; None for an asset that is not a product: a landing, a legacy object."""
    found = port_of_asset(list(path))
    return str(found) if found else None
