"""Which incidents there are, and what is to be told: pure functions from what stands and what happened.

An incident is one thing that is wrong, however often it is noticed: a check that does not hold, a failed run, a
promise of freshness that is broken. Its notices are always opened, then perhaps escalated, then recovered or closed.
An incident whose run Dagster will retry is *held*: nobody is told before the retry has ended.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bankmesh.alerts.facts import (
    CheckEvaluated,
    FreshnessChanged,
    Materialised,
    RetryAbandoned,
    RunEnded,
    RunFailed,
    Severity,
    asset_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from bankmesh.alerts.facts import Fact

CHECK, RUN, FRESHNESS = "check", "run", "freshness"
KINDS = (CHECK, RUN, FRESHNESS)
OPENED, ESCALATED, RECOVERED, CLOSED = "opened", "escalated", "recovered", "closed"

_LATE = {"warning": Severity.WARNING, "late": Severity.ERROR}
_FRESH = ("fresh", "none")


@dataclass(frozen=True)
class Incident:
    """One thing that is wrong.

    `name` is what it is about, and unique among what stands. `units` are what a failed run left unmade, or the
    partitions that a check stands against; `waiting` those of which nothing better is known since. `awaits` is the
    run whose retry decides (only if held). `notices` counts what has been told so far.
    """

    id: str
    kind: str
    name: str
    assets: tuple[str, ...]
    severity: Severity
    outcome: str
    opened_at: datetime
    changed_at: datetime
    run_id: str
    check: str | None = None
    job: str | None = None
    times: int = 1
    failing_rows: int | None = None
    rows: int | None = None
    causes: tuple[str, ...] = ()
    units: frozenset[str] = frozenset()
    waiting: frozenset[str] = frozenset()
    awaits: str | None = None
    notices: int = 0

    @property
    def held(self) -> bool:
        """Whether nobody has been told, because a retry is to come."""
        return self.awaits is not None


@dataclass(frozen=True)
class Notice:
    """Something to tell. `incident` is as it was then; `id` never changes, however often it is sent."""

    id: str
    kind: str
    incident: Incident
    at: datetime


Standing = dict[str, Incident]
"""What is wrong now, by name: open incidents and held ones."""

Severities = dict[str, Severity]
"""Another severity for an incident of some kind and severity (`freshness.error`); what is not named keeps its own."""


def after(
    domain: str, standing: Mapping[str, Incident], facts: Iterable[Fact], severities: Severities | None = None
) -> tuple[Standing, list[Notice]]:
    """What stands after these facts, in order, and what is to be told about them."""
    ledger = _Ledger(domain, dict(standing), severities or {})
    for fact in facts:
        ledger.take(fact)
    return ledger.standing, ledger.notices


def close_by_hand(incident: Incident, at: datetime) -> Notice:
    """The notice that an incident is over because somebody says so."""
    return _notice(CLOSED, incident, at)[1]


def _notice(kind: str, incident: Incident, at: datetime) -> tuple[Incident, Notice]:
    told = replace(incident, notices=incident.notices + 1)
    return told, Notice(f"{incident.id}-{told.notices}", kind, told, at)


class _Ledger:
    """The state while facts are taken in, one after the other."""

    def __init__(self, domain: str, standing: Standing, severities: Severities) -> None:
        self.domain, self.standing, self.severities = domain, standing, severities
        self.notices: list[Notice] = []

    def take(self, fact: Fact) -> None:
        match fact:
            case CheckEvaluated():
                self._check(fact)
            case RunFailed():
                self._run_failed(fact)
            case RunEnded():
                self._made(fact.made, fact)
                self._no_longer_held(fact.refused)
                self._retry_ended(fact)
            case RetryAbandoned():
                self._release(fact.run_id, fact)
            case Materialised():
                self._made(fact.units, fact)
            case FreshnessChanged():
                self._freshness(fact)

    def _check(self, fact: CheckEvaluated) -> None:
        name = f"{CHECK}:{fact.asset}:{fact.check}"
        known = self.standing.get(name)
        if fact.outcome == "passed":
            # A check that passes for March says nothing about the February that it refused.
            if known is not None and fact.units and known.waiting - fact.units:
                self.standing[name] = replace(known, waiting=known.waiting - fact.units, changed_at=fact.at)
            else:
                self._recover(name, fact)
            return
        units = fact.units | known.waiting if known is not None else fact.units
        seen = self._new(
            CHECK,
            name,
            (fact.asset,),
            fact.severity,
            fact.outcome,
            fact,
            check=fact.check,
            failing_rows=fact.failing_rows,
            rows=fact.rows,
            units=units,
            waiting=units,
            awaits=fact.run_id if fact.will_retry else None,
        )
        self._broken(seen, fact)

    def _freshness(self, fact: FreshnessChanged) -> None:
        name = f"{FRESHNESS}:{fact.asset}"
        if fact.state in _FRESH:
            self._recover(name, fact)
        elif fact.state in _LATE:
            self._broken(self._new(FRESHNESS, name, (fact.asset,), _LATE[fact.state], fact.state, fact), fact)

    def _run_failed(self, fact: RunFailed) -> None:
        """A unit is in one incident at most: one that stands and was told of goes on, one that was held moves on."""
        left = fact.units
        self._no_longer_held(fact.units)
        for known in [i for i in self.standing.values() if i.kind == RUN and i.waiting & fact.units]:
            left -= known.waiting
            self.standing[known.name] = replace(
                known, times=known.times + 1, changed_at=fact.at, run_id=fact.run_id, causes=fact.causes
            )
        if left:
            assets = tuple(sorted({asset_of(name) for name in left if not name.startswith("job:")}))
            opened = self._new(
                RUN,
                f"{RUN}:{fact.run_id}",
                assets,
                Severity.ERROR,
                "failed",
                fact,
                job=fact.job,
                causes=fact.causes,
                units=left,
                waiting=left,
                awaits=fact.run_id if fact.will_retry else None,
            )
            self._broken(opened, fact)

    def _made(self, units: frozenset[str], fact: Fact) -> None:
        for known in [i for i in self.standing.values() if i.kind == RUN and i.waiting & units]:
            self.standing[known.name] = replace(known, waiting=known.waiting - units, changed_at=fact.at)
            if not self.standing[known.name].waiting:
                self._recover(known.name, fact)

    def _retry_ended(self, fact: RunEnded) -> None:
        if fact.parent is None:
            return
        if not fact.will_retry:
            self._release(fact.parent, fact)
            return
        for known in [i for i in self.standing.values() if i.awaits == fact.parent]:
            self.standing[known.name] = replace(known, awaits=fact.run_id)

    def _release(self, run_id: str, fact: Fact) -> None:
        """No retry is to come any more: what was held and still stands is told."""
        for known in [i for i in self.standing.values() if i.awaits == run_id]:
            self._tell(OPENED, replace(known, awaits=None), fact)

    def _broken(self, seen: Incident, fact: Fact) -> None:
        """What was just seen to be wrong is new, or goes on, or got worse."""
        known = self.standing.get(seen.name)
        if known is None:
            if seen.held:
                self.standing[seen.name] = seen
            else:
                self._tell(OPENED, seen, fact)
            return
        latest = replace(
            seen,
            id=known.id,
            opened_at=known.opened_at,
            times=known.times + 1,
            notices=known.notices,
            severity=max(known.severity, seen.severity),
            # Once told, an incident is not held again.
            awaits=seen.awaits if known.held else None,
        )
        if latest.held:
            self.standing[latest.name] = latest
        elif known.held:
            self._tell(OPENED, latest, fact)
        elif latest.severity > known.severity:
            self._tell(ESCALATED, latest, fact)
        else:
            self.standing[latest.name] = latest

    def _recover(self, name: str, fact: Fact) -> None:
        known = self.standing.pop(name, None)
        if known is not None and not known.held:
            over = replace(known, changed_at=fact.at, run_id=fact.run_id or known.run_id, outcome="recovered")
            self.notices.append(_notice(RECOVERED, over, fact.at)[1])

    def _no_longer_held(self, units: frozenset[str]) -> None:
        """Another incident tells of these units."""
        for known in [i for i in self.standing.values() if i.kind == RUN and i.held and i.waiting & units]:
            if known.waiting <= units:
                del self.standing[known.name]
            else:
                self.standing[known.name] = replace(known, waiting=known.waiting - units)

    def _tell(self, kind: str, incident: Incident, fact: Fact) -> None:
        told, notice = _notice(kind, incident, fact.at)
        self.standing[told.name] = told
        self.notices.append(notice)

    def _new(
        self,
        kind: str,
        name: str,
        assets: tuple[str, ...],
        severity: Severity,
        outcome: str,
        fact: Fact,
        **details: Any,  # noqa: ANN401 - the fields of Incident that only some have
    ) -> Incident:
        return Incident(
            id=_identity(self.domain, name, fact),
            kind=kind,
            name=name,
            assets=assets,
            severity=self.severities.get(f"{kind}.{severity.label}", severity),
            outcome=outcome,
            opened_at=fact.at,
            changed_at=fact.at,
            run_id=fact.run_id,
            **details,
        )


def _identity(domain: str, name: str, fact: Fact) -> str:
    """The same fact gives the same id wherever and whenever it is read."""
    text = f"{domain}\n{name}\n{fact.id}\n{fact.at.isoformat()}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]
