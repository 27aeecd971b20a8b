"""Incidents and their notices: pure functions from open incidents and new facts.

A problem is listed by the incident of its product, or by that of its cause and owner where the cause breaks several
products. Notices of an incident are always opened, then possibly joined, covered or escalated, then recovered or
closed. A problem whose run Dagster will retry is *held*: no notice is sent before the retry has ended.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from bankmesh.alerts.common_causes import MeshContext, broken_assets, nearest_cause, still_explains
from bankmesh.alerts.event_facts import (
    ERRORED,
    INPUT,
    NOT_EVALUATED,
    PASSED,
    AlertSeverity,
    CheckEvaluated,
    Failure,
    FreshnessChanged,
    Materialised,
    RetryAbandoned,
    RunEnded,
    RunFailed,
    asset_of,
)
from bankmesh.alerts.model import (
    CHECK,
    CLOSED,
    COVERED,
    ESCALATED,
    FRESHNESS,
    JOINED,
    OPENED,
    RECOVERED,
    RUN,
    Incident,
    Notice,
    OpenIncidents,
    Problem,
    problem_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from bankmesh.alerts.event_facts import Cause, Fact

_LATE = {"warning": AlertSeverity.WARNING, "late": AlertSeverity.ERROR}
_FRESH = ("fresh", "none")

Severities = dict[str, AlertSeverity]
"""Another severity for a problem of some kind and severity (`freshness.error`); all others keep their own."""


def after(
    domain: str,
    incidents: Mapping[str, Incident],
    facts: Iterable[Fact],
    severities: Severities | None = None,
    around: MeshContext | None = None,
) -> tuple[OpenIncidents, list[Notice]]:
    """Return the incidents that are open after these facts, in order, and the notices of what changed."""
    ledger = _Ledger(domain, dict(incidents), severities or {}, around or MeshContext())
    for fact in facts:
        ledger.take(fact)
    return ledger.incidents, ledger.notices


def close_by_hand(incident: Incident, at: datetime) -> Notice:
    """Return the notice that an incident was closed by hand."""
    return _notice(CLOSED, incident, at)[1]


def _notice(kind: str, incident: Incident, at: datetime, news: tuple[str, ...] = ()) -> tuple[Incident, Notice]:
    noted = replace(incident, notices=incident.notices + 1, news=news)
    return noted, Notice(f"{incident.id}-{noted.notices}", kind, noted, at)


class _Ledger:
    """The open incidents while facts are applied, one after the other."""

    def __init__(self, domain: str, incidents: OpenIncidents, severities: Severities, around: MeshContext) -> None:
        self.domain, self.incidents, self.severities, self.around = domain, incidents, severities, around
        self.notices: list[Notice] = []
        # Problems that have not ended, by name, with the incidents that list each. There is more than one only in what
        # an earlier release left: two runs that failed for different partitions of one asset.
        self.listed: dict[str, list[str]] = {}
        for incident in sorted(incidents.values(), key=lambda i: (i.held, i.opened_at, i.name)):
            for problem in incident.problems:
                if not problem.has_ended:
                    self.listed.setdefault(problem.name, []).append(incident.name)

    def take(self, fact: Fact) -> None:
        match fact:
            case CheckEvaluated():
                self._check(fact)
            case RunFailed():
                self._run_failed(fact)
            case RunEnded():
                self._made(fact.made, fact)
                self._no_longer_held(fact.refused, fact)
                self._retry_ended(fact)
            case RetryAbandoned():
                self._release(fact.run_id, fact)
            case Materialised():
                self._made(fact.units, fact)
            case FreshnessChanged():
                self._freshness(fact)

    # --- what happened ---

    def _check(self, fact: CheckEvaluated) -> None:
        if fact.outcome == NOT_EVALUATED:
            return
        whole = frozenset({fact.asset})
        if fact.outcome == PASSED:
            # A check that passes for March does not resolve its failure for February.
            good = None if not fact.units else fact.units | whole if fact.whole_table else fact.units
            self._good(problem_name(CHECK, fact.asset, fact.check), good, fact)
            return
        # A warning about the whole table concerns the table as published, whichever partitions were built.
        published = fact.whole_table and fact.severity is not AlertSeverity.ERROR
        seen = Problem(
            CHECK,
            fact.asset,
            fact.outcome,
            self._severity(CHECK, fact.severity),
            fact.at,
            fact.at,
            fact.run_id,
            whole if published else fact.units or whole,
            check=fact.check,
            failing_rows=fact.failing_rows,
            rows=fact.rows,
            errors=(fact.error,) if fact.error and fact.outcome == ERRORED else (),
            blocking=fact.severity is AlertSeverity.ERROR,
            awaits=fact.run_id if fact.will_retry else None,
        )
        self._broken(seen, fact.cause, fact)

    def _freshness(self, fact: FreshnessChanged) -> None:
        name = problem_name(FRESHNESS, fact.asset)
        if fact.state in _FRESH:
            self._end(name, fact)
        elif fact.state in _LATE:
            severity = self._severity(FRESHNESS, _LATE[fact.state])
            whole = frozenset({fact.asset})
            seen = Problem(FRESHNESS, fact.asset, fact.state, severity, fact.at, fact.at, "", whole)
            known = self.listed.get(name)
            cause = self.incidents[known[0]].cause if known else self._cause_of_lateness(fact.asset)
            self._broken(seen, cause, fact)

    def _run_failed(self, fact: RunFailed) -> None:
        severity = self._severity(RUN, AlertSeverity.ERROR)
        for asset in sorted({asset_of(unit) for unit in fact.units}):
            failure = fact.failures.get(asset, Failure())
            seen = Problem(
                RUN,
                asset,
                "failed",
                severity,
                fact.at,
                fact.at,
                fact.run_id,
                frozenset(unit for unit in fact.units if asset_of(unit) == asset),
                errors=failure.errors,
                awaits=fact.run_id if fact.will_retry else None,
            )
            self._broken(seen, failure.cause, fact)

    def _made(self, units: frozenset[str], fact: Fact) -> None:
        for asset in sorted({asset_of(unit) for unit in units}):
            self._good(problem_name(RUN, asset), units, fact)

    def _no_longer_held(self, units: frozenset[str], fact: Fact) -> None:
        """End what was held of these units: checks report them, so they are not reported a second time."""
        for asset in sorted({asset_of(unit) for unit in units}):
            name = problem_name(RUN, asset)
            for where in list(self.listed.get(name, ())):
                if self.incidents[where].problem(name).held:
                    self._good_in(where, name, units, fact)

    def _retry_ended(self, fact: RunEnded) -> None:
        if fact.parent is None:
            return
        if not fact.will_retry:
            self._release(fact.parent, fact)
            return
        for incident, problem in list(self._awaiting(fact.parent)):
            self.incidents[incident] = _with(self.incidents[incident], replace(problem, awaits=fact.run_id))

    def _release(self, run_id: str, fact: Fact) -> None:
        """Report what was held and has not ended, because no retry is to come any more."""
        for incident, problem in list(self._awaiting(run_id)):
            self._put(incident, replace(problem, awaits=None), fact)

    def _awaiting(self, run_id: str) -> Iterator[tuple[str, Problem]]:
        for incident in self.incidents.values():
            for problem in incident.problems:
                if problem.awaits == run_id:
                    yield incident.name, problem

    # --- where a problem is listed ---

    def _broken_assets(self) -> dict[str, Cause]:
        return {**self.around.elsewhere, **broken_assets(self.incidents.values())}

    def _root(self, cause: Cause | None) -> Cause | None:
        """Return the root of a cause: of an input that is itself broken, the cause of that."""
        if cause is None or cause.kind != INPUT:
            return cause
        return self._broken_assets().get(cause.what, cause)

    def _cause_of_lateness(self, asset: str) -> Cause | None:
        """Return what keeps an asset late: the cause that it is broken by, else that of the nearest broken input."""
        for incident in self.incidents.values():
            if any(p.asset == asset and p.blocking and not p.has_ended for p in incident.problems):
                return incident.cause
        return nearest_cause(asset, self.around.parents, self._broken_assets())

    def _own_name(self, asset: str) -> str:
        return asset if asset.startswith("job:") else f"asset:{asset}"

    def _owner(self, asset: str) -> str:
        return self.around.owners.get(asset, self.domain)

    def _broken(self, seen: Problem, cause: Cause | None, fact: Fact) -> None:
        """Record a problem that was just seen: it is new, or goes on, or got worse, or has another cause now."""
        if seen.name not in self.listed:
            self._list(seen, cause, fact)
            return
        where = self.listed[seen.name][0]
        known = self.incidents[where].problem(seen.name)
        latest = replace(
            seen,
            since=known.since,
            times=known.times + 1,
            units=known.units | seen.units,
            severity=max(known.severity, seen.severity),
            blocking=known.blocking or seen.blocking,
            # Once reported, a problem is not held again.
            awaits=seen.awaits if known.held else None,
        )
        if still_explains(self.incidents[where].cause, latest, (cause, self._root(cause))):
            self._put(where, latest, fact)
        else:
            self._end(seen.name, fact)
            self._list(latest, cause, fact)

    def _list(self, problem: Problem, seen_cause: Cause | None, fact: Fact) -> None:
        cause, owner = self._root(seen_cause), self._owner(problem.asset)
        name = f"{cause.kind}:{cause.what}|{owner}" if cause else self._own_name(problem.asset)
        if name not in self.incidents:
            self.incidents[name] = Incident(
                id=_identity(self.domain, name, fact),
                name=name,
                problems=(),
                severity=problem.severity,
                opened_at=fact.at,
                changed_at=fact.at,
                run_id=fact.run_id,
                cause=cause,
                owner=owner if cause else "",
            )
        self._put(name, problem, fact)

    # --- what changes in an incident ---

    def _put(self, name: str, problem: Problem, fact: Fact) -> None:
        """List a problem, or its current state, and notify owners if it is new to them."""
        before = self.incidents[name]
        if name not in self.listed.setdefault(problem.name, []):
            self.listed[problem.name].append(name)
        now = replace(
            _with(before, problem),
            changed_at=fact.at,
            run_id=fact.run_id or before.run_id,
            times=before.times + (not isinstance(fact, RunEnded | RetryAbandoned)),
        )
        self.incidents[name] = now
        kind = _news(before, now, problem)
        if kind is not None:
            self._notify(kind, now, fact, (problem.name,))

    def _good(self, name: str, units: frozenset[str] | None, fact: Fact) -> None:
        """End a problem for these units; for all where None."""
        for where in list(self.listed.get(name, ())):
            self._good_in(where, name, units, fact)

    def _good_in(self, where: str, name: str, units: frozenset[str] | None, fact: Fact) -> None:
        incident = self.incidents[where]
        problem = incident.problem(name)
        left = problem.units - units if units is not None else frozenset()
        if left:
            now = replace(incident, changed_at=fact.at)
            self.incidents[where] = _with(now, replace(problem, units=left, changed_at=fact.at))
        else:
            self._end_in(where, name, fact)

    def _end(self, name: str, fact: Fact) -> None:
        for where in list(self.listed.get(name, ())):
            self._end_in(where, name, fact)

    def _end_in(self, where: str, name: str, fact: Fact) -> None:
        """End a problem, and its incident if nothing else is left of what was reported."""
        self.listed[name].remove(where)
        if not self.listed[name]:
            del self.listed[name]
        incident = self.incidents[where]
        problem = incident.problem(name)
        ended = None if problem.held else replace(problem, ended_at=fact.at, changed_at=fact.at)
        left = replace(
            incident,
            problems=tuple(p for p in (*_without(incident, name), ended) if p is not None),
            changed_at=fact.at,
            run_id=fact.run_id or incident.run_id,
        )
        held = tuple(p for p in left.problems if p.held)
        if left.reported:
            self.incidents[where] = _graded(left)
            return
        if not incident.held:
            over = replace(left, problems=tuple(p for p in left.problems if not p.held))
            self._notify(RECOVERED, over, fact)
        del self.incidents[where]
        if held:
            # Problems that wait for a retry were never reported; if they are, that is a new incident.
            number = incident.id if incident.held else _identity(self.domain, where, fact)
            self.incidents[where] = _graded(replace(left, id=number, problems=held, notices=0, news=()))

    def _notify(self, kind: str, incident: Incident, fact: Fact, news: tuple[str, ...] = ()) -> None:
        noted, notice = _notice(kind, incident, fact.at, news)
        self.incidents[noted.name] = noted
        self.notices.append(notice)

    def _severity(self, kind: str, severity: AlertSeverity) -> AlertSeverity:
        return self.severities.get(f"{kind}.{severity.label}", severity)


def _news(before: Incident, now: Incident, problem: Problem) -> str | None:
    """Return the kind of notice for a problem that was listed or has changed; None if owners know it already."""
    if problem.held:
        return None
    if before.held:
        return OPENED
    if now.severity > before.severity:
        return ESCALATED
    if any(p.name == problem.name and p.is_reported for p in before.problems):
        return None
    return COVERED if now.cause is not None and now.cause.is_named else JOINED


def _without(incident: Incident, name: str) -> tuple[Problem, ...]:
    return tuple(problem for problem in incident.problems if problem.name != name)


def _with(incident: Incident, problem: Problem) -> Incident:
    problems = sorted((*_without(incident, problem.name), problem), key=lambda p: (p.asset, p.kind, p.check or ""))
    return _graded(replace(incident, problems=tuple(problems)))


def _graded(incident: Incident) -> Incident:
    return replace(incident, severity=max(problem.severity for problem in incident.reported or incident.problems))


def _identity(domain: str, name: str, fact: Fact) -> str:
    """Return an id that is the same for the same fact, wherever and whenever it is read."""
    text = f"{domain}\n{name}\n{fact.id}\n{fact.at.isoformat()}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]
