"""Entries of Dagster's event log as plain facts about one domain, the same on SQLite and PostgreSQL.

Read with `get_logs_for_all_runs_by_log_id`, one type at a time, because the cursor of other queries does not work on
SQLite. No value of the data is kept: of a check only its outcome and its numbers of rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster import AssetCheckSeverity, DagsterEventType
from dagster._core.definitions.freshness import FreshnessState

from bankmesh.alerts.domain_history import DomainEvents
from bankmesh.alerts.event_facts import (
    ERRORED,
    AlertSeverity,
    CheckEvaluated,
    Fact,
    FreshnessChanged,
    Materialised,
    RetryAbandoned,
)
from bankmesh.orchestration.assets.event_metadata import (
    EVALUATED,
    FAILING_ROWS,
    LOOKED_AT,
    REJECTS,
    ROWS,
    ROWS_IN,
    WHOLE_TABLE,
)
from bankmesh.orchestration.history import run_ends
from bankmesh.orchestration.history.event_log import counted, in_order
from bankmesh.orchestration.history.failure_causes import outcome_of
from bankmesh.quality.result_messages import error_class

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from bankmesh.orchestration.history.run_ends import RunLookup

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

_IN_ONE_GO, _TOGETHER_AT_MOST = 1.0, 60.0
"""Seconds between entries that belong together, and how long such a group may delay reading."""

_FRESHNESS = {
    FreshnessState.PASS: "fresh",
    FreshnessState.WARN: "warning",
    FreshnessState.FAIL: "late",
    FreshnessState.NOT_APPLICABLE: "none",
}
# Metadata of the gate and of landings: the number of rows that break a clause, and of those evaluated.
_FAILING, _ROWS = (FAILING_ROWS, REJECTS), (ROWS, ROWS_IN)


@dataclass(frozen=True)
class LoggedDomain:
    """The events of one domain in Dagster's event log; see `DomainHistory`. `location` is its code location."""

    instance: dg.DagsterInstance
    domain: str
    location: str

    def newest_entry(self) -> int:
        """Return the id of the log's last entry; -1 if there is none."""
        return newest_entry(self.instance)

    def read(self, after: int, now: datetime) -> DomainEvents:
        """Return the facts about the domain in the entries after `after`, as far as those have settled."""
        return read_facts(self.instance, self.domain, after, now, location=self.location)

    def open_breaches(self, newest: int) -> tuple[FreshnessChanged, ...]:
        """Return breaches of freshness that exist now."""
        return open_breaches(self.instance, self.instance.get_asset_keys(prefix=[self.domain]), newest)

    def abandoned_retries(self, awaited: Iterable[str], now: datetime, newest: int) -> tuple[RetryAbandoned, ...]:
        """Return the runs among `awaited` whose retry was announced and will not come."""
        return tuple(run_ends.RunLookup(self.instance, self.domain, self.location).abandoned(awaited, now, newest))


def newest_entry(instance: dg.DagsterInstance) -> int:
    """Return the id of the log's last entry; -1 if there is none."""
    newest = instance.event_log_storage.get_maximum_record_id()
    return -1 if newest is None else newest


def read_facts(
    instance: dg.DagsterInstance, domain: str, after: int, now: datetime, *, location: str | None = None
) -> DomainEvents:
    """Return the facts about a domain in the entries after `after`, as far as those have settled.

    A domain's facts are about assets below its name, and about the runs of its code location (`location`, by
    default of the domain's name).
    """
    storage = instance.event_log_storage
    found = {kind: storage.get_logs_for_all_runs_by_log_id(after, kind, BATCH) for kind in READ}
    entries, more = in_order(list(found.values()), BATCH)
    runs = run_ends.RunLookup(instance, domain, location or domain)
    settled = 0
    for _, entry in entries:
        if now.timestamp() - entry.timestamp < SETTLED_AFTER or not runs.settled(entry, now):
            break
        settled += 1
    if settled < len(entries):
        settled, more = _whole_groups([entry for _, entry in entries], settled, now), False
    facts = [fact for number, entry in entries[:settled] for fact in _facts(number, entry, domain, runs)]
    return DomainEvents(tuple(facts), entries[settled - 1][0] if settled else after, more)


def _whole_groups(entries: list[dg.EventLogEntry], settled: int, now: datetime) -> int:
    """Return how many entries to take, so that what was logged together, as checks of one step, is read together."""
    end = settled
    while end > 0 and _in_one_go(entries[end - 1], entries[end]):
        end -= 1
    oldest = entries[end].timestamp
    return end if now.timestamp() - oldest < _TOGETHER_AT_MOST else settled


def _in_one_go(entry: dg.EventLogEntry, following: dg.EventLogEntry) -> bool:
    types = {each.dagster_event.event_type if each.dagster_event else None for each in (entry, following)}
    return (
        len(types) == 1
        and types <= {DagsterEventType.ASSET_CHECK_EVALUATION, DagsterEventType.FRESHNESS_STATE_CHANGE}
        and following.timestamp - entry.timestamp < _IN_ONE_GO
    )


def open_breaches(
    instance: dg.DagsterInstance, assets: Collection[dg.AssetKey], newest: int
) -> tuple[FreshnessChanged, ...]:
    """Return breaches of freshness that exist now: their change precedes a first read and is logged only once."""
    records = instance.get_freshness_state_records(list(assets))
    return tuple(
        FreshnessChanged(
            newest, record.updated_at.astimezone(UTC), "", key.to_user_string(), _FRESHNESS[record.freshness_state]
        )
        for key, record in sorted(records.items())
        if record.freshness_state in {FreshnessState.WARN, FreshnessState.FAIL}
    )


def _facts(number: int, entry: dg.EventLogEntry, domain: str, runs: RunLookup) -> Iterator[Fact]:
    event = entry.dagster_event
    if event is None:
        return
    at = datetime.fromtimestamp(entry.timestamp, UTC)
    data: Any = event.event_specific_data
    match event.event_type:
        case DagsterEventType.ASSET_CHECK_EVALUATION:
            if data.asset_key.path[0] == domain:
                yield _check(number, at, entry.run_id, data, runs)
        case DagsterEventType.ASSET_MATERIALIZATION:
            made = data.materialization
            if made.asset_key.path[0] == domain:
                yield Materialised(number, at, entry.run_id, made.asset_key.to_user_string(), made.partition)
        case DagsterEventType.FRESHNESS_STATE_CHANGE:
            state = _FRESHNESS.get(data.new_state)
            if data.key.path[0] == domain and state:
                yield FreshnessChanged(number, at, "", data.key.to_user_string(), state)
        case _:
            yield from runs.ended(number, at, entry)


def _check(number: int, at: datetime, run_id: str, data: dg.AssetCheckEvaluation, runs: RunLookup) -> CheckEvaluated:
    asset = data.asset_key.to_user_string()
    outcome = outcome_of(data)
    looked_at = data.metadata.get(LOOKED_AT)
    return CheckEvaluated(
        number,
        at,
        run_id,
        asset,
        data.check_name,
        outcome,
        AlertSeverity.ERROR if data.severity is AssetCheckSeverity.ERROR else AlertSeverity.WARNING,
        counted(data, *_FAILING),
        counted(data, *_ROWS),
        _evaluated(data, runs.partitions(run_id, asset)),
        whole_table=looked_at is not None and looked_at.value == WHOLE_TABLE,
        error=error_class(data.description or "") if outcome == ERRORED else None,
        will_retry=not data.passed and runs.retried(run_id),
    )


def _evaluated(data: dg.AssetCheckEvaluation, planned: frozenset[str]) -> frozenset[str]:
    """Return those of the run's units runs rows the check evaluated."""
    built = data.metadata.get(EVALUATED)
    if built is None:
        return planned
    ranges: Any = built.value
    return frozenset(name for name in planned if any(first <= name.partition("|")[2] <= last for first, last in ranges))
