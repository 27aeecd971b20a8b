"""Decisions on when a product is due: pure functions over the event log's state of it and of its inputs.

A product is *due* when an input has published, or a landing was landed, since the product last read it. It waits while
anything that it depends on is being built, or is about to be, so that a change passes through the mesh once, as a wave,
and no product is built twice for it. An attempt that published nothing counts as having read all its inputs: after a
gate has refused a candidate, nothing happens until an input changes again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import dagster as dg

_LANDING = "landing"
_LEGACY = "legacy"
_LANDING_PARTS = 3


@dataclass(frozen=True)
class AssetState:
    """The state of an asset.

    `version` is None where nothing was published or landed yet. `read` maps the inputs of that version to their
    versions. `running`: a run will build another version. `tried_at` is the moment (seconds since the epoch) at which
    the last attempt that published nothing began, None where the last attempt published. `restored`: the version
    restored the rows of an earlier one, so consumers do not wait for it to follow its inputs, because it may be held.
    """

    version: str | None = None
    updated_at: float = 0.0
    read: Mapping[dg.AssetKey, str] = field(default_factory=dict)
    running: bool = False
    tried_at: float | None = None
    restored: bool = False


NOWHERE = AssetState()


@dataclass(frozen=True)
class MeshState:
    """The state of the mesh at one moment: standings, and the inputs of each asset (by the graph, or last read).

    `patience` is the number of seconds to wait for an input that has not yet followed a change of its own inputs;
    without a limit, a domain whose automation is off would block all that depends on it. `held` are products of which a
    version was withdrawn, and which must not be built. `outdated` are products of which at least some partitions are
    built from a withdrawn version, with the moment of that withdrawal.
    """

    standings: Mapping[dg.AssetKey, AssetState]
    needs: Mapping[dg.AssetKey, Collection[dg.AssetKey]]
    now: float
    patience: float
    held: Collection[dg.AssetKey] = frozenset()
    outdated: Mapping[dg.AssetKey, float] = field(default_factory=dict)

    def standing(self, key: dg.AssetKey) -> AssetState:
        """Return the state of an asset; `NOWHERE` if the event log does not know it."""
        return self.standings.get(key, NOWHERE)

    def needs_of(self, key: dg.AssetKey) -> list[dg.AssetKey]:
        """Return what an asset reads, in order, without legacy objects, which only landings read."""
        return sorted(need for need in self.needs.get(key, ()) if not is_legacy(need))


def newer_inputs(mesh: MeshState, key: dg.AssetKey) -> list[dg.AssetKey]:
    """Return the inputs that have published, or were landed, since this asset last read them or tried to."""
    return [need for need in mesh.needs_of(key) if _is_newer(need, mesh.standing(need), mesh.standing(key))]


def is_outdated(mesh: MeshState, key: dg.AssetKey) -> bool:
    """Return whether an asset is built from a withdrawn version and no build was tried since the withdrawal."""
    withdrawn_at = mesh.outdated.get(key)
    if withdrawn_at is None:
        return False
    mine = mesh.standing(key)
    return max(mine.updated_at, mine.tried_at or 0.0) < withdrawn_at


def missing_inputs(mesh: MeshState, key: dg.AssetKey) -> list[dg.AssetKey]:
    """Return the inputs of which nothing can be read yet."""
    return [need for need in mesh.needs_of(key) if mesh.standing(need).version is None]


def awaited_inputs(mesh: MeshState, key: dg.AssetKey, going_along: Collection[dg.AssetKey] = ()) -> list[dg.AssetKey]:
    """Return the inputs that are being built or are about to be, except those that the same run will build."""
    return [need for need in mesh.needs_of(key) if need not in going_along and _is_unsettled(mesh, need, frozenset())]


def is_landing(key: dg.AssetKey) -> bool:
    """Return whether this is the key of a landed legacy object."""
    return len(key.path) == _LANDING_PARTS and key.path[1] == _LANDING


def is_legacy(key: dg.AssetKey) -> bool:
    """Return whether this is the key of a legacy object itself."""
    return key.path[0] == _LEGACY


def _is_newer(need: dg.AssetKey, theirs: AssetState, mine: AssetState) -> bool:
    if theirs.version is None or (mine.tried_at is not None and theirs.updated_at <= mine.tried_at):
        return False
    # A schedule also lands unchanged files, so that what is promised daily is published daily.
    landed_anew = is_landing(need) and theirs.updated_at > mine.updated_at
    return landed_anew or theirs.version != mine.read.get(need)


def _is_unsettled(mesh: MeshState, key: dg.AssetKey, behind: frozenset[dg.AssetKey]) -> bool:
    if key in behind:
        return False
    if mesh.standing(key).running:
        return True
    if mesh.standing(key).restored:
        return False
    recent = (mesh.now - mesh.standing(need).updated_at < mesh.patience for need in newer_inputs(mesh, key))
    return any(recent) or any(_is_unsettled(mesh, need, behind | {key}) for need in mesh.needs_of(key))
