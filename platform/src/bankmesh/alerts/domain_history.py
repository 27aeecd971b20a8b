"""The history of a domain that alerts read: facts about its assets and the runs of its code location."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from bankmesh.alerts.event_facts import Fact, FreshnessChanged, RetryAbandoned


@dataclass(frozen=True)
class DomainEvents:
    """The result of one read; all entries up to `cursor` are in it, and `more` says whether there are later ones."""

    facts: tuple[Fact, ...]
    cursor: int
    more: bool


class DomainHistory(Protocol):
    """A log of one domain, with entries in order. Orchestration implements it on Dagster's event log."""

    def newest_entry(self) -> int:
        """Return the id of the last entry; -1 if there is none."""

    def read(self, after: int, now: datetime) -> DomainEvents:
        """Return the facts in the entries after `after`, up to the last one that no earlier entry can follow."""

    def open_breaches(self, newest: int) -> tuple[FreshnessChanged, ...]:
        """Return breaches of freshness that exist now: their change precedes a first read and is logged only once."""

    def abandoned_retries(self, awaited: Iterable[str], now: datetime, newest: int) -> tuple[RetryAbandoned, ...]:
        """Return the runs among `awaited` whose retry was announced and will not come."""
