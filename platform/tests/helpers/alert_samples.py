"""Facts and incidents for the alert tests, short to write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bankmesh.alerts.event_facts import (
    AlertSeverity,
    Cause,
    CheckEvaluated,
    Failure,
    FreshnessChanged,
    Materialised,
    RetryAbandoned,
    RunEnded,
    RunFailed,
    asset_of,
)

START = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
PARTY = "retail/party"


def at(number: int) -> datetime:
    """The moment of the entry with that number: one a minute."""
    return START + timedelta(minutes=number)


def check(
    number: int, outcome: str = "failed", severity: AlertSeverity = AlertSeverity.ERROR, **more
) -> CheckEvaluated:
    fields = {"run_id": f"run-{number}", "asset": PARTY, "check": "has_rows", "failing_rows": None, **more}
    return CheckEvaluated(id=number, at=at(number), outcome=outcome, severity=severity, **fields)


def passed(number: int, **more) -> CheckEvaluated:
    return check(number, "passed", **more)


def failed(
    number: int, *units: str, errors: tuple[str, ...] = (), cause: Cause | None = None, signature=None, **more
) -> RunFailed:
    """A failed run; every asset of it failed in the same way."""
    fields = {"run_id": f"run-{number}", **more}
    left = frozenset(units or {PARTY})
    failures = {asset_of(unit): Failure(errors, cause, signature) for unit in left}
    return RunFailed(id=number, at=at(number), units=left, failures=failures, **fields)


def ended(number: int, run: str, parent: str | None = None, **more) -> RunEnded:
    return RunEnded(id=number, at=at(number), run_id=run, parent=parent, **more)


def made(number: int, asset: str = PARTY, partition: str | None = None) -> Materialised:
    return Materialised(id=number, at=at(number), run_id=f"run-{number}", asset=asset, partition=partition)


def fresh(number: int, state: str, asset: str = PARTY) -> FreshnessChanged:
    return FreshnessChanged(id=number, at=at(number), run_id="", asset=asset, state=state)


def abandoned(number: int, run: str) -> RetryAbandoned:
    return RetryAbandoned(id=number, at=at(number), run_id=run)


def units(*partitions: str, asset: str = PARTY) -> frozenset[str]:
    return frozenset(f"{asset}|{partition}" for partition in partitions)
