"""Entries of Dagster's event log as plain facts about one domain, the same on SQLite and PostgreSQL.

Read with `get_logs_for_all_runs_by_log_id`, one type at a time, because the cursor of any other reading does not work
on SQLite. No value of the data is taken over: of a check only its outcome and how many rows it is about.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster import AssetCheckSeverity, DagsterEventType
from dagster._core.definitions.freshness import FreshnessState

from bankmesh.alerts import runs
from bankmesh.alerts.facts import CheckEvaluated, Fact, FreshnessChanged, Materialised, Severity
from bankmesh.event_log import counted, in_order

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from bankmesh.alerts.runs import Runs

READ = (
    DagsterEventType.ASSET_CHECK_EVALUATION,
    DagsterEventType.ASSET_MATERIALIZATION,
    DagsterEventType.FRESHNESS_STATE_CHANGE,
    DagsterEventType.RUN_SUCCESS,
    DagsterEventType.RUN_FAILURE,
    DagsterEventType.RUN_CANCELED,
)
BATCH = 500
SETTLED_AFTER = 3.0
"""Seconds. PostgreSQL may show an entry after one with a higher id; before an entry this old, none is still to come."""

_FRESHNESS = {
    FreshnessState.PASS: "fresh",
    FreshnessState.WARN: "warning",
    FreshnessState.FAIL: "late",
    FreshnessState.NOT_APPLICABLE: "none",
}
# What the gate and the landings call the number of rows that break a clause, and of those looked at.
_FAILING, _ROWS = ("failing rows", "rejects"), ("rows looked at", "rows in")


@dataclass(frozen=True)
class Batch:
    """What a reading found; all entries up to `cursor` are in it, and `more` says whether there are later ones."""

    facts: tuple[Fact, ...]
    cursor: int
    more: bool


def newest_entry(instance: dg.DagsterInstance) -> int:
    """The id of the log's last entry; -1 where there is none."""
    newest = instance.event_log_storage.get_maximum_record_id()
    return -1 if newest is None else newest


def read_facts(
    instance: dg.DagsterInstance, domain: str, after: int, now: datetime, *, location: str | None = None
) -> Batch:
    """The facts about a domain that entries behind `after` tell, as far as those have settled.

    A domain's facts are about assets below its name, and about the runs of its code location (`location`, by
    default of the domain's name).
    """
    storage = instance.event_log_storage
    found = {kind: storage.get_logs_for_all_runs_by_log_id(after, kind, BATCH) for kind in READ}
    entries, more = in_order(list(found.values()), BATCH)
    whose = runs.Runs(instance, domain, location or domain)
    facts: list[Fact] = []
    cursor = after
    for number, entry in entries:
        if now.timestamp() - entry.timestamp < SETTLED_AFTER or not whose.settled(entry, now):
            return Batch(tuple(facts), cursor, more=False)
        facts.extend(_facts(number, entry, domain, whose))
        cursor = number
    return Batch(tuple(facts), cursor, more)


def standing_breaches(
    instance: dg.DagsterInstance, assets: Collection[dg.AssetKey], newest: int
) -> tuple[FreshnessChanged, ...]:
    """Promises of freshness that are broken now: their change lies before a first reading and comes only once."""
    records = instance.get_freshness_state_records(list(assets))
    return tuple(
        FreshnessChanged(
            newest, record.updated_at.astimezone(UTC), "", key.to_user_string(), _FRESHNESS[record.freshness_state]
        )
        for key, record in sorted(records.items())
        if record.freshness_state in {FreshnessState.WARN, FreshnessState.FAIL}
    )


def _facts(number: int, entry: dg.EventLogEntry, domain: str, whose: Runs) -> Iterator[Fact]:
    event = entry.dagster_event
    if event is None:
        return
    at = datetime.fromtimestamp(entry.timestamp, UTC)
    data: Any = event.event_specific_data
    match event.event_type:
        case DagsterEventType.ASSET_CHECK_EVALUATION:
            if data.asset_key.path[0] == domain:
                yield _check(number, at, entry.run_id, data, whose)
        case DagsterEventType.ASSET_MATERIALIZATION:
            made = data.materialization
            if made.asset_key.path[0] == domain:
                yield Materialised(number, at, entry.run_id, made.asset_key.to_user_string(), made.partition)
        case DagsterEventType.FRESHNESS_STATE_CHANGE:
            state = _FRESHNESS.get(data.new_state)
            if data.key.path[0] == domain and state:
                yield FreshnessChanged(number, at, "", data.key.to_user_string(), state)
        case _:
            yield from whose.ended(number, at, entry)


def _check(number: int, at: datetime, run_id: str, data: dg.AssetCheckEvaluation, whose: Runs) -> CheckEvaluated:
    asset = data.asset_key.to_user_string()
    return CheckEvaluated(
        number,
        at,
        run_id,
        asset,
        data.check_name,
        _outcome(data),
        Severity.ERROR if data.severity is AssetCheckSeverity.ERROR else Severity.WARNING,
        counted(data, *_FAILING),
        counted(data, *_ROWS),
        whose.partitions(run_id, asset),
        will_retry=not data.passed and whose.retried(run_id),
    )


def _outcome(data: dg.AssetCheckEvaluation) -> str:
    if data.passed:
        return "passed"
    said = data.metadata.get("outcome")
    return "errored" if said is not None and said.value == "errored" else "failed"
