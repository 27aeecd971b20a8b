"""Texts of alerts: names, counts and outcomes, never a value of the data. Pure functions.

Every message ends with its alert id, which is the same however often it is sent, and the incident's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.alerts.event_facts import ERROR, ERRORED, INPUT
from bankmesh.alerts.model import CHECK, CLOSED, ESCALATED, FRESHNESS, JOINED, RECOVERED, RUN
from bankmesh.names import readable_asset

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bankmesh.alerts.event_facts import AlertSeverity, Cause
    from bankmesh.alerts.model import Incident, Notice, Problem

_LISTED = 5
_LISTED_PROBLEMS = 20
_SHOWN_PARTITIONS = 3
_LATE = {"late": "is broken", "warning": "is about to break"}


@dataclass(frozen=True)
class Message:
    """A message as it is sent. `kind` and `severity` are for receivers that sort by them."""

    alert_id: str
    incident_id: str
    kind: str
    severity: AlertSeverity
    title: str
    body: str


def message(notice: Notice, ui_url: str | None = None, clauses: Mapping[tuple[str, str], str] | None = None) -> Message:
    """Return the message of a notice.

    Args:
        notice: what is sent.
        ui_url: URL of the Dagster UI, for links to run and asset.
        clauses: descriptions of checks in the contracts, by asset and name.
    """
    incident = notice.incident
    lines = [*_facts(notice, clauses or {}), *_links(incident, ui_url)]
    since = f"Since {incident.opened_at:%Y-%m-%d %H:%M} UTC."
    if notice.kind in {RECOVERED, CLOSED}:
        lines.insert(1, f"{since} Over at {notice.at:%Y-%m-%d %H:%M} UTC.")
    elif notice.kind in {ESCALATED, JOINED}:
        lines.insert(1, since)
    lines.append(f"Alert {notice.id} of incident {incident.id}.")
    return Message(notice.id, incident.id, notice.kind, incident.severity, title(notice), "\n".join(lines))


def title(notice: Notice) -> str:
    """Return one line: severity, subject and state."""
    word = {RECOVERED: "RECOVERED", CLOSED: "CLOSED"}.get(notice.kind, notice.incident.severity.name)
    return f"[{word}] {_headline(notice)}"


def subject(incident: Incident) -> str:
    """Return the subject of an incident, as lists show it: `retail.party`, or the cause of what is broken."""
    cause = incident.cause
    if cause is None:
        names = [_who(asset) for asset in _subjects(incident.listed)]
        return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
    return cause.label if cause.is_named else f"one error ({cause.label})"


def states(problems: Iterable[Problem]) -> str:
    """Return what is wrong, with equal outcomes counted: `2 checks failed, run failed`."""
    return ", ".join(_state(group) for group in _groups(problems))


def lines_of(incident: Incident) -> list[str]:
    """Return a line for each problem that is reported; checks with one outcome and error are one line."""
    return [_line(group, named=len(_subjects(incident.listed)) > 1) for group in _groups(incident.listed)]


def _headline(notice: Notice) -> str:
    incident = notice.incident
    if notice.kind == CLOSED:
        return f"{_about(incident)} closed by hand"
    if notice.kind == RECOVERED:
        return _recovery(incident)
    listed = incident.listed
    if incident.cause is not None:
        return _cause_title(incident.cause, listed)
    if notice.kind == JOINED:
        news = [problem for problem in listed if problem.name in incident.news]
        return f"{subject(incident)}: {states(news or listed)}, {len(listed)} problems in all"
    return f"{subject(incident)}: {states(listed)}"


def _about(incident: Incident) -> str:
    """Return the subject, with the problem where there is only one."""
    listed = incident.listed
    if incident.cause is not None:
        return f"{_things(listed)} affected by {subject(incident)}:"
    if len({(problem.kind, problem.check) for problem in listed}) > 1:
        return f"{subject(incident)}: {len(listed)} problems"
    return f"{subject(incident)}: {_thing(listed[0])}"


def _thing(problem: Problem) -> str:
    return f"check {problem.check}" if problem.kind == CHECK else problem.kind


def _recovery(incident: Incident) -> str:
    listed = incident.listed
    if incident.cause is not None:
        return f"{_things(listed)}: no longer affected by {subject(incident)}"
    kinds = {problem.kind for problem in listed}
    if len(kinds) > 1:
        return f"{subject(incident)}: all problems resolved"
    word = {CHECK: "passes again", FRESHNESS: "is kept again", RUN: "failure resolved"}[listed[0].kind]
    checks = [problem for problem in listed if problem.kind == CHECK]
    if len(checks) > 1:
        return f"{subject(incident)}: {len(checks)} checks pass again"
    return f"{_about(incident)} {word}"


def _cause_title(cause: Cause, listed: Sequence[Problem]) -> str:
    things = _things(listed)
    if cause.kind == INPUT:
        return f"{things} affected by {cause.label}"
    if cause.kind == ERROR:
        return f"{things} broken by one error ({cause.label})"
    return f"{cause.label}: {things} affected"


def _things(problems: Iterable[Problem]) -> str:
    names = _subjects(problems)
    return _who(names[0]) if len(names) == 1 else f"{len(names)} assets"


def _subjects(problems: Iterable[Problem]) -> list[str]:
    return sorted({problem.asset for problem in problems})


def _who(asset: str) -> str:
    return f"job {asset.removeprefix('job:')}" if asset.startswith("job:") else readable_asset(asset)


def _groups(problems: Iterable[Problem]) -> list[list[Problem]]:
    """Group checks of one asset with the same outcome and error; every other problem is a group by itself."""
    groups: dict[tuple[object, ...], list[Problem]] = {}
    for problem in problems:
        alike = (problem.errors, problem.severity) if problem.kind == CHECK else ()
        groups.setdefault((problem.asset, problem.kind, problem.outcome, *alike), []).append(problem)
    return list(groups.values())


def _state(group: Sequence[Problem]) -> str:
    first = group[0]
    if first.kind == FRESHNESS:
        return f"freshness {_LATE[first.outcome]}"
    if first.kind == RUN:
        return "run failed"
    what = f"check {first.check}" if len(group) == 1 else f"{len(group)} checks"
    if first.outcome != ERRORED:
        return f"{what} failed"
    why = f" ({', '.join(first.errors)})" if first.errors and len(group) > 1 else ""
    return f"{what} could not be evaluated{why}"


def _facts(notice: Notice, clauses: Mapping[tuple[str, str], str]) -> list[str]:
    """Return the first lines: one sentence about a single problem, else a headline and a list."""
    incident = notice.incident
    listed = incident.listed
    if notice.kind in {RECOVERED, CLOSED}:
        return [f"{_headline(notice)}.", *([] if len(listed) == 1 else _list(incident, "It was:"))]
    if incident.cause is None and len(_groups(listed)) == 1:
        return [*_sentences(listed), *_promises(listed, clauses)]
    if incident.cause is None and all(problem.kind == RUN for problem in listed):
        return _run_sentences(listed)
    head = _cause_sentence(incident.cause) if incident.cause else f"{subject(incident)}: {states(listed)}."
    return [head, *_list(incident, "Broken now:")]


def _cause_sentence(cause: Cause) -> str:
    if cause.kind == INPUT:
        return f"The cause is upstream: {cause.label} is broken or has nothing to read."
    if cause.kind == ERROR:
        return f"They failed in one run, with equal errors ({cause.label}); see the run's page."
    return f"The cause is outside of the products: {cause.label}."


def _list(incident: Incident, head: str) -> list[str]:
    lines = [f"- {line}" for line in lines_of(incident)]
    if len(lines) > _LISTED_PROBLEMS:
        lines = [*lines[:_LISTED_PROBLEMS], f"- and {len(lines) - _LISTED_PROBLEMS} more; `mesh alerts` lists all"]
    return [head, *lines]


def _line(group: Sequence[Problem], *, named: bool) -> str:
    who = f"{_who(group[0].asset)}: " if named else ""
    if len(group) > 1:
        names = [problem.check or "" for problem in group]
        return f"{who}{_state(group)}: {_some(names)}{_of_partitions(group)}"
    (problem,) = group
    rows = _rows(problem)
    why = f" ({', '.join(problem.errors)})" if problem.errors else ""
    return f"{who}{_state(group)}{f': {rows}' if rows else ''}{why}{_of_partitions(group)}"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED_PROBLEMS} more" if len(names) > _LISTED_PROBLEMS else ""
    return f"{', '.join(names[:_LISTED_PROBLEMS])}{more}"


def _rows(problem: Problem) -> str:
    if problem.failing_rows is None:
        return ""
    of = f" of {problem.rows:,}" if problem.rows is not None else ""
    return f"{problem.failing_rows:,}{of} rows"


def _sentences(group: Sequence[Problem]) -> list[str]:
    """Return sentences about problems that are all of one kind and outcome."""
    first = group[0]
    asset = f"{_who(first.asset)}{_of_partitions(group)}"
    if first.kind == RUN:
        return _run_sentences(group)
    if first.kind == FRESHNESS:
        soon = "will soon be" if first.outcome == "warning" else "is"
        return [f"{asset} {soon} older than its contract promises."]
    what = f"Check {first.check}" if len(group) == 1 else f"{len(group)} checks"
    named = [] if len(group) == 1 else [f"They are: {_some([problem.check or '' for problem in group])}."]
    if first.outcome == ERRORED:
        why = f" Error: {', '.join(first.errors)}." if first.errors else ""
        holds = "it holds" if len(group) == 1 else "they hold"
        return [f"{what} of {asset} could not be evaluated, so it is unknown whether {holds}.{why}", *named]
    if len(group) == 1:
        rows = _rows(first)
        return [f"{what} of {asset} does not hold{f': {rows}' if rows else ''}."]
    return [f"{what} of {asset} do not hold.", *(f"- {_line([problem], named=False)}" for problem in group)]


def _run_sentences(problems: Sequence[Problem]) -> list[str]:
    jobs = [problem.asset.removeprefix("job:") for problem in problems if problem.asset.startswith("job:")]
    errors = sorted({error for problem in problems for error in problem.errors})
    # Only classes of errors: their texts may quote a value, and the run's page shows those to readers with access.
    causes = [f"Cause: {', '.join(errors)}; see the run's page."] if errors else []
    if jobs:
        return [f"The run of {', '.join(jobs)} failed.", *causes]
    names = [f"{readable_asset(problem.asset)}{_of_partitions([problem])}" for problem in problems]
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return [
        f"The run failed. Not materialised: {', '.join(names[:_LISTED])}{more}. Readers keep the last version.",
        *causes,
    ]


def _of_partitions(group: Sequence[Problem]) -> str:
    found = sorted({partition for problem in group for partition in problem.partitions})
    if not found:
        return ""
    if len(found) > _SHOWN_PARTITIONS:
        return f" ({len(found)} partitions, {found[0]} to {found[-1]})"
    return f" ({', '.join(found)})"


def _promises(group: Sequence[Problem], clauses: Mapping[tuple[str, str], str]) -> list[str]:
    if len(group) > 1:
        return []
    said = clauses.get((group[0].asset, group[0].check or ""))
    return [f"The contract says: {' '.join(said.split())}"] if said else []


def _links(incident: Incident, ui_url: str | None) -> list[str]:
    if not ui_url:
        return [f"Run: {incident.run_id}"] if incident.run_id else []
    base = ui_url.rstrip("/")
    run = [f"Run: {base}/runs/{incident.run_id}"] if incident.run_id else []
    checked = {problem.asset for problem in incident.listed if problem.kind == CHECK}
    views = {asset: "?view=checks" if asset in checked else "" for asset in incident.assets[:_LISTED]}
    return [*run, *(f"Asset: {base}/assets/{asset}{view}" for asset, view in views.items())]
