"""Decisions on when a product is due: pure functions over the event log's state of it and of its inputs.

A product is *due* when an input has published, or a landing was landed, since the product last read it. It waits while
anything that it depends on is being built, or is about to be, so that a change passes through the mesh once, as a wave,
and no product is built twice for it. An attempt that published nothing counts as having read all its inputs: after a
gate has refused a candidate, nothing happens until an input changes again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bankmesh.names import is_landing, is_legacy

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


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
    read: Mapping[str, str] = field(default_factory=dict)
    running: bool = False
    tried_at: float | None = None
    restored: bool = False


UNKNOWN = AssetState()


@dataclass(frozen=True)
class MeshState:
    """The state of the mesh at one moment: states and inputs of its assets, by the graph or as last read.

    `patience` is the number of seconds to wait for an input that has not yet followed a change of its own inputs;
    without a limit, a domain whose automation is off would block all that depends on it. `held` are products of which a
    version was withdrawn, and which must not be built. `outdated` are products of which at least some partitions are
    built from a withdrawn version, with the moment of that withdrawal.
    """

    states: Mapping[str, AssetState]
    needs: Mapping[str, Collection[str]]
    now: float
    patience: float
    held: Collection[str] = frozenset()
    outdated: Mapping[str, float] = field(default_factory=dict)

    def state_of(self, key: str) -> AssetState:
        """Return the state of an asset; `UNKNOWN` if the event log does not know it."""
        return self.states.get(key, UNKNOWN)

    def needs_of(self, key: str) -> list[str]:
        """Return what an asset reads, in order, without legacy objects, which only landings read."""
        return sorted(need for need in self.needs.get(key, ()) if not is_legacy(need))


def newer_inputs(mesh: MeshState, key: str) -> list[str]:
    """Return the inputs that have published, or were landed, since this asset last read them or tried to."""
    return [need for need in mesh.needs_of(key) if _is_newer(need, mesh.state_of(need), mesh.state_of(key))]


def is_outdated(mesh: MeshState, key: str) -> bool:
    """Return whether an asset is built from a withdrawn version and no build was tried since the withdrawal."""
    withdrawn_at = mesh.outdated.get(key)
    if withdrawn_at is None:
        return False
    mine = mesh.state_of(key)
    return max(mine.updated_at, mine.tried_at or 0.0) < withdrawn_at


def missing_inputs(mesh: MeshState, key: str) -> list[str]:
    """Return the inputs of which nothing can be read yet."""
    return [need for need in mesh.needs_of(key) if mesh.state_of(need).version is None]


def awaited_inputs(mesh: MeshState, key: str, going_along: Collection[str] = ()) -> list[str]:
    """Return the inputs that are being built or are about to be, except those that the same run will build."""
    return [need for need in mesh.needs_of(key) if need not in going_along and _is_unsettled(mesh, need, frozenset())]


def _is_newer(need: str, theirs: AssetState, mine: AssetState) -> bool:
    if theirs.version is None or (mine.tried_at is not None and theirs.updated_at <= mine.tried_at):
        return False
    # A schedule also lands unchanged files, so that what is promised daily is published daily.
    landed_anew = is_landing(need) and theirs.updated_at > mine.updated_at
    return landed_anew or theirs.version != mine.read.get(need)


def _is_unsettled(mesh: MeshState, key: str, behind: frozenset[str]) -> bool:
    if key in behind:
        return False
    if mesh.state_of(key).running:
        return True
    if mesh.state_of(key).restored:
        return False
    recent = (mesh.now - mesh.state_of(need).updated_at < mesh.patience for need in newer_inputs(mesh, key))
    return any(recent) or any(_is_unsettled(mesh, need, behind | {key}) for need in mesh.needs_of(key))
