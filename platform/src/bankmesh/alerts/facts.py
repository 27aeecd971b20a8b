"""What happened, in words that alerts are made of: plain frozen values, without any value of the data.

A fact carries the id of its entry in the event log, so that what follows from it can be named the same way twice.
Assets are written as in the asset graph (`retail/party`); a *unit* is what can fail and be made again: an asset, one
partition of it (`investment/trade_executions|2014-07-01`), or a job without assets (`job:nightly_expiry`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class Severity(IntEnum):
    """How much an alert matters; it decides the channels."""

    INFO = 0
    WARNING = 1
    ERROR = 2

    @property
    def label(self) -> str:
        """The word used in settings and messages."""
        return self.name.lower()


@dataclass(frozen=True)
class Fact:
    """Something the event log tells; `id` grows with time, `run_id` is empty where no run is behind it."""

    id: int
    at: datetime
    run_id: str


@dataclass(frozen=True)
class CheckEvaluated(Fact):
    """A check was evaluated: `outcome` is passed, failed or errored.

    `units`: the partitions that it was evaluated for; none where the asset has no partitions. `will_retry`: the run has
    ended already and Dagster will run it again.
    """

    asset: str
    check: str
    outcome: str
    severity: Severity
    failing_rows: int | None = None
    rows: int | None = None
    units: frozenset[str] = frozenset()
    will_retry: bool = False


@dataclass(frozen=True)
class RunFailed(Fact):
    """A run failed, and not only because checks refused what it built.

    `units` were to be made and are not, by asset or partition; units whose checks say why are left out. `causes` are
    the names of the errors' classes.
    """

    job: str
    units: frozenset[str]
    causes: tuple[str, ...] = ()
    will_retry: bool = False


@dataclass(frozen=True)
class RunEnded(Fact):
    """A run is over. `parent` is the run that it was a retry of.

    `made`: units that its end alone makes good. `refused`: units that its checks refused, which is told by themselves.
    """

    parent: str | None = None
    will_retry: bool = False
    made: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()


@dataclass(frozen=True)
class RetryAbandoned(Fact):
    """The retry that was announced for this run will not come, or has been cancelled."""


@dataclass(frozen=True)
class Materialised(Fact):
    """Something was published, landed or otherwise made."""

    asset: str
    partition: str | None = None

    @property
    def units(self) -> frozenset[str]:
        """What this makes good."""
        return frozenset({self.asset, unit(self.asset, self.partition)})


@dataclass(frozen=True)
class FreshnessChanged(Fact):
    """The state of a freshness promise changed: fresh, warning, late, or none (no longer promised)."""

    asset: str
    state: str


def unit(asset: str, partition: str | None) -> str:
    """The name of a unit."""
    return asset if partition is None else f"{asset}|{partition}"


def asset_of(name: str) -> str:
    """The asset of a unit; a job is returned as it is."""
    return name.partition("|")[0]
