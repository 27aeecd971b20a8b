"""Facts that alerts are derived from: plain frozen values, without any value of the data.

A fact carries the id of its entry in the event log, so that whatever follows from it gets the same id each time.
Assets are written as in the asset graph (`retail/party`); a *unit* is what can fail and be built again: an asset, one
partition of it (`investment/trade_executions|2014-07-01`), or a job without assets (`job:nightly_expiry`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

PASSED, FAILED, ERRORED, NOT_EVALUATED = "passed", "failed", "errored", "not evaluated"
"""Outcomes of a check. One that was not evaluated belongs to the check that stopped the evaluation."""

INPUT, MACHINE, PROCESS, ERROR = "input", "machine", "process", "error"


class AlertSeverity(IntEnum):
    """The severity of an alert, which decides its channels."""

    INFO = 0
    WARNING = 1
    ERROR = 2

    @property
    def label(self) -> str:
        """The word used in settings and messages."""
        return self.name.lower()


@dataclass(frozen=True)
class Cause:
    """A reason that can break several assets.

    | kind | what | is one cause |
    | --- | --- | --- |
    | input | the asset upstream that cannot be read or is late | as long as that lasts |
    | machine | the fault of disk or network | as long as that lasts |
    | process | the run whose process ended without a result | for what that run left |
    | error | the run, and the first asset that failed by this error in it | for what was read of the run at once |

    `label` is safe to show: the name of an asset, of a class of errors or of a fault of the machine.
    """

    kind: str
    what: str
    label: str

    @property
    def is_named(self) -> bool:
        """Whether the failure itself names it; equal errors are only assumed to have one cause."""
        return self.kind != ERROR


@dataclass(frozen=True)
class Fact:
    """One event of the log; `id` grows with time, `run_id` is empty if the event has no run."""

    id: int
    at: datetime
    run_id: str


@dataclass(frozen=True)
class CheckEvaluated(Fact):
    """A check was evaluated: `outcome` is passed, failed, errored or not evaluated.

    `units`: the partitions that it was evaluated for; none where the asset has no partitions. `whole_table`: it
    evaluates the table as a whole, whichever partitions were built. `error` is the class of the error that kept it from
    being evaluated. `will_retry`: the run has ended already and Dagster will run it again.
    """

    asset: str
    check: str
    outcome: str
    severity: AlertSeverity
    failing_rows: int | None = None
    rows: int | None = None
    units: frozenset[str] = frozenset()
    whole_table: bool = False
    error: str | None = None
    cause: Cause | None = None
    will_retry: bool = False


@dataclass(frozen=True)
class Failure:
    """Why an asset was not materialised: classes of errors, and the cause if it is known or shared.

    `signature` is equal for equal errors. It is never stored: it is derived from the error's text.
    """

    errors: tuple[str, ...] = ()
    cause: Cause | None = None
    signature: str | None = None


@dataclass(frozen=True)
class RunFailed(Fact):
    """A run failed, and not only because checks refused what it built.

    `units` were planned and not materialised, by asset or partition; units whose checks report the reason are left
    out. `failures` has the reason, by asset.
    """

    units: frozenset[str]
    failures: Mapping[str, Failure] = field(default_factory=dict)
    will_retry: bool = False


@dataclass(frozen=True)
class RunEnded(Fact):
    """A run has ended. `parent` is the run that it was a retry of.

    `made`: units whose problem its end alone resolves. `refused`: units that its checks refused, and report themselves.
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
    """Something was published, landed or otherwise materialised."""

    asset: str
    partition: str | None = None

    @property
    def units(self) -> frozenset[str]:
        """The units whose problems this resolves."""
        return frozenset({self.asset, unit(self.asset, self.partition)})


@dataclass(frozen=True)
class FreshnessChanged(Fact):
    """The state of a freshness promise changed: fresh, warning, late, or none (no longer promised)."""

    asset: str
    state: str


def unit(asset: str, partition: str | None) -> str:
    """Return the name of a unit."""
    return asset if partition is None else f"{asset}|{partition}"


def asset_of(name: str) -> str:
    """Return the asset of a unit; a job is returned as it is."""
    return name.partition("|")[0]
