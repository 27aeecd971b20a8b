"""What an alert says: names, counts and outcomes, never a value of the data. Pure functions.

Every message ends with its alert id, which is the same however often it is sent, and the incident's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.alerts.incidents import CHECK, CLOSED, ESCALATED, FRESHNESS, OPENED, RECOVERED, RUN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bankmesh.alerts.facts import Severity
    from bankmesh.alerts.incidents import Incident, Notice

_LISTED = 5
_SHOWN_PARTITIONS = 3


@dataclass(frozen=True)
class Message:
    """A message as it is sent. `kind` and `severity` are for receivers that sort by them."""

    alert_id: str
    incident_id: str
    kind: str
    severity: Severity
    title: str
    body: str


def message(notice: Notice, ui_url: str | None = None, clauses: Mapping[tuple[str, str], str] | None = None) -> Message:
    """The message of a notice.

    Args:
        notice: what is told.
        ui_url: where the Dagster UI is, for links to run and asset.
        clauses: what the contracts say of a check, by asset and name.
    """
    incident = notice.incident
    lines = [*_facts(notice), *_promise(incident, clauses or {}), *_links(incident, ui_url)]
    since = f"Since {incident.opened_at:%Y-%m-%d %H:%M} UTC."
    if notice.kind in {RECOVERED, CLOSED}:
        lines.insert(1, f"{since} Over at {notice.at:%Y-%m-%d %H:%M} UTC.")
    elif notice.kind == ESCALATED:
        lines.insert(1, since)
    lines.append(f"Alert {notice.id} of incident {incident.id}.")
    return Message(notice.id, incident.id, notice.kind, incident.severity, title(notice), "\n".join(lines))


def title(notice: Notice) -> str:
    """One line: how bad, what, and what about it."""
    incident = notice.incident
    word = {RECOVERED: "RECOVERED", CLOSED: "CLOSED"}.get(notice.kind, incident.severity.name)
    return f"[{word}] {_subject(incident)} {_state(notice)}"


def subject(incident: Incident) -> str:
    """What an incident is about, as lists show it."""
    return _subject(incident)


def readable(asset: str) -> str:
    """`retail/party` as people write it: `retail.party`, `retail.party@2` for the second major."""
    first, *rest = asset.split("/")
    if len(rest) > 1 and rest[-1].startswith("v") and rest[-1][1:].isdigit():
        rest = [*rest[:-2], f"{rest[-2]}@{rest[-1][1:]}"]
    return ".".join([first, *rest])


def _subject(incident: Incident) -> str:
    assets = [readable(asset) for asset in incident.assets]
    if incident.kind == CHECK:
        return f"{assets[0]}: check {incident.check}"
    if incident.kind == FRESHNESS:
        return f"{assets[0]}: freshness"
    if not assets:
        return f"job {incident.job}: run"
    more = f" and {len(assets) - 1} more" if len(assets) > 1 else ""
    return f"{assets[0]}{more}: run"


def _state(notice: Notice) -> str:
    incident = notice.incident
    if notice.kind == CLOSED:
        return "closed by hand"
    if notice.kind == RECOVERED:
        return {CHECK: "passes again", FRESHNESS: "is kept again", RUN: "made good"}[incident.kind]
    if incident.kind == FRESHNESS:
        return {"late": "is broken", "warning": "is about to break"}[incident.outcome]
    if incident.kind == RUN:
        return "failed"
    return {"errored": "could not be evaluated", "failed": "failed"}[incident.outcome]


def _facts(notice: Notice) -> list[str]:
    incident = notice.incident
    described = {CHECK: _check_facts, RUN: _run_facts, FRESHNESS: _freshness_facts}[incident.kind]
    return described(incident) if notice.kind in {OPENED, ESCALATED} else [f"{_subject(incident)} {_state(notice)}."]


def _check_facts(incident: Incident) -> list[str]:
    what = f"Check {incident.check} of {_with_partitions(incident.assets[0], incident)}"
    if incident.outcome == "errored":
        return [f"{what} could not be evaluated, so nobody knows whether it holds."]
    if incident.failing_rows is None:
        return [f"{what} does not hold."]
    of = f" of {incident.rows:,}" if incident.rows is not None else ""
    return [f"{what} does not hold: {incident.failing_rows:,}{of} rows."]


def _freshness_facts(incident: Incident) -> list[str]:
    asset = readable(incident.assets[0])
    if incident.outcome == "late":
        return [f"{asset} is older than its contract promises."]
    return [f"{asset} will soon be older than its contract promises."]


def _run_facts(incident: Incident) -> list[str]:
    if not incident.assets:
        made = ", ".join(sorted(name.removeprefix("job:") for name in incident.units))
        return [f"The run of {made} failed.", *_causes(incident)]
    names = [_with_partitions(asset, incident) for asset in incident.assets[:_LISTED]]
    more = f" and {len(incident.assets) - _LISTED} more" if len(incident.assets) > _LISTED else ""
    return [f"The run failed. Not made: {', '.join(names)}{more}. Readers keep what was there.", *_causes(incident)]


def _with_partitions(asset: str, incident: Incident) -> str:
    partitions = sorted(name.partition("|")[2] for name in incident.units if name.startswith(f"{asset}|"))
    if not partitions:
        return readable(asset)
    if len(partitions) > _SHOWN_PARTITIONS:
        return f"{readable(asset)} ({len(partitions)} partitions, {partitions[0]} to {partitions[-1]})"
    return f"{readable(asset)} ({', '.join(partitions)})"


def _causes(incident: Incident) -> list[str]:
    """Classes of errors, not their texts: those may quote a value, and the run's page shows them to who may see."""
    return [f"Cause: {', '.join(incident.causes)}; the run's page says more."] if incident.causes else []


def _promise(incident: Incident, clauses: Mapping[tuple[str, str], str]) -> list[str]:
    said = clauses.get((incident.assets[0], incident.check)) if incident.kind == CHECK and incident.check else None
    return [f"The contract says: {' '.join(said.split())}"] if said else []


def _links(incident: Incident, ui_url: str | None) -> list[str]:
    if not ui_url:
        return [f"Run: {incident.run_id}"] if incident.run_id else []
    base = ui_url.rstrip("/")
    run = [f"Run: {base}/runs/{incident.run_id}"] if incident.run_id else []
    view = "?view=checks" if incident.kind == CHECK else ""
    return [*run, *(f"Asset: {base}/assets/{asset}{view}" for asset in incident.assets[:_LISTED])]
