"""The selection of runs that expire: a pure decision over the state of the storages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


@dataclass(frozen=True)
class RunState:
    """A run in the run storage; `ended_at` is seconds since 1970, None while it goes on."""

    run_id: str
    ended_at: float | None


@dataclass(frozen=True)
class NeededRuns:
    """Runs that stay whole, however old they are.

    Attributes:
        last: the last run of each asset, which shows whether the asset is being built and how the last attempt ended.
        unread: runs with entries that alerts or the catalog have not read.
        unfinished: runs of attempts whose end lineage has not recorded, and of backfills that go on.
    """

    last: frozenset[str] = frozenset()
    unread: frozenset[str] = frozenset()
    unfinished: frozenset[str] = frozenset()

    @property
    def every(self) -> frozenset[str]:
        """All of these runs."""
        return self.last | self.unread | self.unfinished


@dataclass(frozen=True)
class Selection:
    """The runs that have ended, by what is done with their logs, the oldest first.

    Attributes:
        expired: runs whose logs are removed.
        kept: runs whose logs stay.
        held: of those that stay, the ones that only a reader keeps.
        orphans: ids in the index or on disk of runs that somebody has deleted.
    """

    expired: tuple[str, ...]
    kept: tuple[str, ...]
    held: tuple[str, ...]
    orphans: tuple[str, ...]


def select_runs(runs: Iterable[RunState], traces: Collection[str], needed: NeededRuns, before: float) -> Selection:
    """Select the runs that ended before a moment and that nothing needs.

    `traces` are ids found in the index or among the files *before* the runs were listed: since a run is recorded before
    its first event, an id that is not among the runs belongs to one that somebody has deleted.
    """
    every = tuple(runs)
    known = {run.run_id for run in every}
    ended = sorted((run.ended_at, run.run_id) for run in every if run.ended_at is not None)
    old = [run_id for ended_at, run_id in ended if ended_at < before]
    expired = [run_id for run_id in old if run_id not in needed.every]
    kept = [run_id for _, run_id in ended if run_id not in set(expired)]
    held = [run_id for run_id in old if run_id in needed.unread - needed.last - needed.unfinished]
    orphans = sorted(trace for trace in traces if trace and trace not in known | needed.unread)
    return Selection(tuple(expired), tuple(kept), tuple(held), tuple(orphans))
