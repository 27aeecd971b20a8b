"""The model of alerts: incidents, the problems that each lists, and notices of their changes.

An incident is about one product (or landing, or job), or about one cause that breaks several products of one owner. It
lists *problems*: a check that does not hold, a run that failed, a promise of freshness that is broken. It is open while
the list has a problem that has not ended.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from bankmesh.alerts.event_facts import AlertSeverity, Cause

CHECK, RUN, FRESHNESS = "check", "run", "freshness"
OPENED, JOINED, COVERED, ESCALATED, RECOVERED, CLOSED = (
    "opened",
    "joined",
    "covered",
    "escalated",
    "recovered",
    "closed",
)
ENDINGS = frozenset({RECOVERED, CLOSED})
_URGENCY = (COVERED, JOINED, ESCALATED, OPENED)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with one asset, or with one job (`job:expiry`).

    Attributes:
        kind: check, run or freshness.
        outcome: failed or errored; warning or late for freshness.
        units: what is broken: partitions (`retail/party|2026-01`), or the asset itself if it has no partitions.
        blocking: whether it keeps the asset from being published, so that its consumers wait too.
        awaits: the run whose retry decides; until then the problem is held and nobody is notified.
        ended_at: when it ended, while the incident goes on.
    """

    kind: str
    asset: str
    outcome: str
    severity: AlertSeverity
    since: datetime
    changed_at: datetime
    run_id: str
    units: frozenset[str]
    check: str | None = None
    times: int = 1
    failing_rows: int | None = None
    rows: int | None = None
    errors: tuple[str, ...] = ()
    blocking: bool = True
    awaits: str | None = None
    ended_at: datetime | None = None

    @property
    def name(self) -> str:
        """The name of the problem, unique among all problems that have not ended."""
        return problem_name(self.kind, self.asset, self.check)

    @property
    def held(self) -> bool:
        """Whether its notice waits, because a retry is to come."""
        return self.awaits is not None

    @property
    def has_ended(self) -> bool:
        """Whether it is over."""
        return self.ended_at is not None

    @property
    def is_reported(self) -> bool:
        """Whether it is wrong now, and owners are notified of it."""
        return not self.held and not self.has_ended

    @property
    def partitions(self) -> tuple[str, ...]:
        """The partitions that are broken, sorted; none for an asset without partitions."""
        return tuple(sorted(unit.partition("|")[2] for unit in self.units if "|" in unit))


@dataclass(frozen=True)
class Incident:
    """A list of problems that owners are notified of together.

    Attributes:
        name: unique among open incidents: `asset:retail/party`, `job:expiry`, or that of a cause and an owner.
        cause: the cause that its problems share; None for what is about one asset or job.
        owner: the owner of the assets that it lists, if it is about a cause.
        problems: by name. Those that have ended are kept until the incident is over.
        severity: the highest of the problems that are reported.
        times: how often something in it was seen to be wrong.
        notices: how many notices there have been.
        news: names of the problems that the newest notice is about.
    """

    id: str
    name: str
    problems: tuple[Problem, ...]
    severity: AlertSeverity
    opened_at: datetime
    changed_at: datetime
    run_id: str
    cause: Cause | None = None
    owner: str = ""
    times: int = 0
    notices: int = 0
    news: tuple[str, ...] = ()

    @property
    def reported(self) -> tuple[Problem, ...]:
        """The problems that owners are notified of and that have not ended."""
        return tuple(problem for problem in self.problems if problem.is_reported)

    @property
    def listed(self) -> tuple[Problem, ...]:
        """The problems that a message is about: those that are reported, or all that there were."""
        return self.reported or tuple(problem for problem in self.problems if not problem.held) or self.problems

    @property
    def assets(self) -> tuple[str, ...]:
        """The assets that it is about, sorted, without jobs."""
        return tuple(sorted({p.asset for p in self.listed if not p.asset.startswith("job:")}))

    @property
    def held(self) -> bool:
        """Whether no notice has been sent, because a retry is to come."""
        return self.notices == 0

    def problem(self, name: str) -> Problem:
        """Return the problem of that name; KeyError if it is not listed."""
        for problem in self.problems:
            if problem.name == name:
                return problem
        raise KeyError(name)


@dataclass(frozen=True)
class Notice:
    """A notification to send. `incident` is its state at that time; `id` never changes, however often it is sent.

    `covered`: a problem joined a cause that its owner knows; it goes only to routes that were not sent the cause.
    """

    id: str
    kind: str
    incident: Incident
    at: datetime


OpenIncidents = dict[str, Incident]
"""Incidents that are not over, by name: open ones and held ones."""


def problem_name(kind: str, asset: str, check: str | None = None) -> str:
    """Return the name of a problem: `check:retail/party:has_rows`, `run:retail/party`."""
    return f"{kind}:{asset}" if check is None else f"{kind}:{asset}:{check}"


def combine(earlier: Notice, later: Notice) -> Notice | None:
    """Return one notice for two of one incident, if neither ends it: with the current list, under the first id."""
    if earlier.incident.id != later.incident.id or {earlier.kind, later.kind} & ENDINGS:
        return None
    news = tuple(dict.fromkeys((*earlier.incident.news, *later.incident.news)))
    kind = max(earlier.kind, later.kind, key=_URGENCY.index)
    return Notice(earlier.id, kind, replace(later.incident, news=news), earlier.at)
