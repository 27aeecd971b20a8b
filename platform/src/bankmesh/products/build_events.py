"""Events of a build, in the order in which they happen. Orchestration reports them to Dagster, a trial returns them.

`run_partitions` are the partitions that the run covers, including those that it leaves as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from bankmesh.ports import Publication
    from bankmesh.quality.gate import GateResult

Partitions = tuple[str, ...] | None


@dataclass(frozen=True)
class BuildDue:
    """The product is built, although the run confirms what is unchanged: `why` it is not."""

    why: str


@dataclass(frozen=True)
class ReportedLate:
    """An earlier run published this version and ended before it reported it; this run builds the next one."""

    publication: Publication


@dataclass(frozen=True)
class CandidateGated:
    """The gate evaluated a candidate: each clause has a result. A refused one ends the build with CandidateRefused.

    `folder` holds the candidate's files; they are incomplete if `is_written` is false, because a cast
    stopped the build.
    """

    gate: GateResult
    folder: Path
    partitions: Partitions
    run_partitions: Partitions
    is_written: bool = True


@dataclass(frozen=True)
class VersionPublished:
    """The candidate was published. `charts` are Markdown by title; `built_in` is in seconds."""

    publication: Publication
    gate: GateResult
    built_in: float
    run_partitions: Partitions
    charts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class VersionRecovered:
    """An earlier run published exactly what this one would and ended before it reported it; nothing was built."""

    publication: Publication
    run_partitions: Partitions


@dataclass(frozen=True)
class VersionConfirmed:
    """The newest version is what a build would publish again, as of `at`; nothing was built."""

    publication: Publication
    at: datetime
    run_partitions: Partitions


BuildEvent = BuildDue | ReportedLate | CandidateGated | VersionPublished | VersionRecovered | VersionConfirmed
