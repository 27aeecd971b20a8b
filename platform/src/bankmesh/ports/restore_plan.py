"""Pure decisions of withdrawal and rollback, from the version that wrote each partition.

A *writer* is the version that wrote the rows of a partition. A version that restores rows has the writers of the
restored version. Rows of a withdrawn writer are never restored: a version is *good* if it is not withdrawn and no
partition of it has a withdrawn writer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bankmesh.errors import PortError
from bankmesh.ports.version_decisions import WHOLE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from bankmesh.ports.publication import Publication

EARLIER = -1
"""The writer of rows older than the oldest known version, and of a partition that was never written."""


class CannotRestore(PortError):
    """A version cannot be withdrawn or rolled back to; nothing was changed."""

    def __init__(self, product: str, problem: str, restorable: Collection[int]) -> None:
        self.product, self.problem, self.restorable = product, problem, tuple(sorted(restorable))
        known = ", ".join(map(str, self.restorable)) or "none; publish a good version first"
        super().__init__(f"{product}: {problem}. Versions that can be restored: {known}.")


@dataclass(frozen=True)
class PublishedVersion:
    """One readable version: the partitions it replaced (None: all), and for a restoring one, their writers."""

    version: int
    replaced: frozenset[str] | None
    sources: Mapping[str, int] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class RestorePlan:
    """What a decision changes.

    Attributes:
        withdrawn: versions that the decision withdraws, oldest first.
        as_of: partition to the version whose files it gets again; empty if no row changes.
        sources: partition to the version that wrote these files.
        basis: the version whose provenance the restored table gets.
        holders: later versions, still good, that hold rows of withdrawn versions.
    """

    withdrawn: tuple[int, ...]
    as_of: Mapping[str, int] = field(hash=False)
    sources: Mapping[str, int] = field(hash=False)
    basis: int
    holders: tuple[int, ...] = ()


class PartitionWriters:
    """The writers of every partition at each version of one port.

    `withdrawn` are the versions withdrawn so far. `removal` is the newest commit of erasure or retention; versions
    before it may hold rows that must not be restored.
    """

    def __init__(
        self,
        product: str,
        versions: Sequence[PublishedVersion],
        partitions: Collection[str],
        withdrawn: Collection[int],
        removal: int = 0,
    ) -> None:
        self.product, self.partitions, self.withdrawn = product, tuple(partitions), frozenset(withdrawn)
        self.removal = removal
        self.restoring = {made.version: frozenset(made.sources.values()) for made in versions if made.sources}
        self.at: dict[int, dict[str, int]] = {}
        state = dict.fromkeys(self.partitions, EARLIER)
        for made in versions:
            replaced = self.partitions if made.replaced is None else made.replaced
            state = state | {name: made.sources.get(name, made.version) for name in replaced}
            self.at[made.version] = state

    @property
    def newest(self) -> int:
        """The readers' default version."""
        return max(self.at)

    def is_good(self, version: int) -> bool:
        """Whether a version is not withdrawn and holds no row of a withdrawn one."""
        return version not in self.withdrawn and self.withdrawn.isdisjoint(self.at[version].values())

    def restorable(self) -> list[int]:
        """Return the versions that `mesh rollback` can restore."""
        known = [(v, state) for v, state in self.at.items() if v >= self.removal]
        return [v for v, state in known if self.is_good(v) and state != self.at[self.newest]]

    def is_new_mix(self, plan: RestorePlan) -> bool:
        """Whether a plan combines partitions that no version has published together."""
        return {**self.at[self.newest], **plan.sources} not in self.at.values()

    def restorable_without(self, withdrawn: Collection[int]) -> list[int]:
        """Return the versions that `mesh rollback` could restore once these are withdrawn as well."""
        bad = frozenset(withdrawn)
        return [v for v in self.restorable() if v not in bad and bad.isdisjoint(self.at[v].values())]

    def holders(self, version: int) -> tuple[int, ...]:
        """Return later versions that hold rows which this one wrote, without withdrawn ones."""
        later = [v for v, state in self.at.items() if v > version and version in state.values()]
        return tuple(v for v in later if v not in self.withdrawn)


def sources_by_version(published: Iterable[Publication]) -> dict[int, frozenset[int]]:
    """Return for each version those whose rows it holds, without rows older than the oldest known version."""
    versions = sorted(map(as_published, published), key=lambda made: made.version)
    partitions = {name for made in versions for name in made.replaced or ()} or {WHOLE}
    writers = PartitionWriters("", versions, partitions, ())
    return {version: frozenset(state.values()) - {EARLIER} for version, state in writers.at.items()}


def as_published(made: Publication) -> PublishedVersion:
    """Return a publication in the form that plans use."""
    partitions = made.provenance.partitions
    replaced = None if partitions is None else frozenset(partitions)
    return PublishedVersion(made.version, replaced, made.decision.sources if made.decision else {})


def plan_rollback(writers: PartitionWriters, version: int) -> RestorePlan:
    """Plan to restore a version and withdraw everything after it. Raises CannotRestore."""
    if version not in writers.at:
        raise CannotRestore(writers.product, f"there is no readable version {version}", writers.restorable())
    if not writers.is_good(version):
        what = "is withdrawn" if version in writers.withdrawn else "holds rows of a withdrawn version"
        raise CannotRestore(writers.product, f"version {version} {what}", writers.restorable())
    then, now = writers.at[version], writers.at[writers.newest]
    changed = [name for name in writers.partitions if then[name] != now[name]]
    if not changed:
        problem = f"readers have the rows of version {version} already"
        raise CannotRestore(writers.product, problem, writers.restorable())
    return RestorePlan(
        withdrawn=tuple(v for v in writers.at if v > version and v not in writers.withdrawn),
        as_of=dict.fromkeys(changed, version),
        sources={name: then[name] for name in changed},
        basis=version,
    )


def plan_withdrawal(writers: PartitionWriters, version: int) -> RestorePlan:
    """Plan to remove the rows that a version wrote, where no later version has replaced them. Raises CannotRestore.

    Each partition is restored from the newest earlier version whose rows of that partition are good.
    """
    _check_withdrawal(writers, version)
    whole = len(writers.partitions) == 1
    again = [v for v, sources in writers.restoring.items() if whole and version in sources]
    withdrawn = tuple(v for v in sorted({version, *again}) if v not in writers.withdrawn)
    bad = writers.withdrawn | set(withdrawn)
    now = writers.at[writers.newest]
    as_of: dict[str, int] = {}
    for name in (name for name in writers.partitions if now[name] == version):
        before = [v for v in writers.at if v < version and v not in bad and writers.at[v][name] not in bad]
        if not before:
            problem = f"there is no good version before version {version} to restore"
            raise CannotRestore(writers.product, problem, writers.restorable())
        as_of[name] = max(before)
    sources = {name: writers.at[v][name] for name, v in as_of.items()}
    good = [v for v in writers.at if v not in bad]
    holders = tuple(v for v in writers.holders(version) if v not in bad)
    return RestorePlan(withdrawn, as_of, sources, max(good), holders)


def _check_withdrawal(writers: PartitionWriters, version: int) -> None:
    if version not in writers.at:
        raise CannotRestore(writers.product, f"there is no readable version {version}", writers.restorable())
    if version in writers.withdrawn:
        raise CannotRestore(writers.product, f"version {version} is withdrawn already", writers.restorable())
    if version in writers.restoring:
        wrote = sorted(v for v in writers.restoring[version] if v != EARLIER)
        named = f"; withdraw {' or '.join(map(str, wrote))} instead" if wrote else ""
        problem = f"version {version} restored rows of earlier versions{named}"
        raise CannotRestore(writers.product, problem, writers.restorable())
