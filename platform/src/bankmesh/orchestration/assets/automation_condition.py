"""The automation condition of every product: refresh when an input has published, once for each wave of changes.

Dagster evaluates it in the code server (`AutomationConditionSensorDefinition(use_user_code_server=True)`), once for
each product and tick. What it decides by is in `refresh_decisions`; here are the operands whose answers the UI shows.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import dagster as dg

from bankmesh.orchestration.assets.asset_state import read_mesh
from bankmesh.products.refresh_decisions import awaited_inputs, is_outdated, missing_inputs, newer_inputs
from bankmesh.products.versions.held_products import find_held, find_outdated
from bankmesh.settings import PATIENCE_SECONDS, current_settings

if TYPE_CHECKING:
    from pathlib import Path

    from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph

    from bankmesh.products.refresh_decisions import MeshState


def refresh_condition(near: Path) -> dg.AutomationCondition[dg.AssetKey]:
    """True for a product that is due: see `refresh_decisions`. `near` is a folder of its workspace."""
    along = dg.AutomationCondition.any_deps_match(dg.AutomationCondition.will_be_requested())
    due = InputIsNewer(near) | along.with_label("an input is refreshed in the same run")
    # Dagster's own `in_progress` does not see a run that waits in the queue.
    idle = ~IsUnderWay(near) & ~dg.AutomationCondition.backfill_in_progress()
    return (due & InputsAreSettled(near) & idle & ~IsHeld(near)).with_label("an input has published")


class MeshCondition(dg.AutomationCondition[dg.AssetKey]):
    """An operand that the state of the mesh decides, for all partitions of a product or for none."""

    def __init__(self, near: Path) -> None:
        self.near = near

    def evaluate(self, context: dg.AutomationContext[dg.AssetKey]) -> dg.AutomationResult[dg.AssetKey]:
        """Return all partitions or none, because a landing does not record which of them it changes."""
        mesh = _mesh_of(context, self.near)
        is_true = self.is_true(mesh, context.key.to_user_string(), context)
        return dg.AutomationResult(context, context.candidate_subset if is_true else context.get_empty_subset())

    def is_true(self, mesh: MeshState, asset: str, context: dg.AutomationContext[dg.AssetKey]) -> bool:
        """Return the operand's value for an asset."""
        raise NotImplementedError


class InputIsNewer(MeshCondition):
    """An input has published, or a landing was landed, since the product last read it or tried to."""

    @property
    def name(self) -> str:
        """The operand's name in the UI."""
        return "an input is newer than what was read"

    @property
    def description(self) -> str:
        """The operand's description in the UI."""
        return (
            "An input has published, or a landing was landed, since this product last read it or tried to; "
            "or a version that it is built from was withdrawn"
        )

    def is_true(self, mesh: MeshState, asset: str, _context: dg.AutomationContext[dg.AssetKey]) -> bool:
        """Return the operand's value for an asset."""
        return bool(newer_inputs(mesh, asset)) or is_outdated(mesh, asset)


class InputsAreSettled(MeshCondition):
    """Every input is published, and none is being built or about to be, except those that the same run builds."""

    @property
    def name(self) -> str:
        """The operand's name in the UI."""
        return "no input is about to change"

    @property
    def description(self) -> str:
        """The operand's description in the UI."""
        return "Every input is published; none is being built or about to be, unless in the same run"

    def is_true(self, mesh: MeshState, asset: str, context: dg.AutomationContext[dg.AssetKey]) -> bool:
        """Return the operand's value for an asset."""
        requested = {
            key.to_user_string(): key for key in context.request_subsets_by_key if isinstance(key, dg.AssetKey)
        }
        going_along = {
            need for need in mesh.needs_of(asset) if need in requested and _same_partitions(context, requested[need])
        }
        missing = set(missing_inputs(mesh, asset)) - going_along
        return not missing and not awaited_inputs(mesh, asset, going_along)


class IsUnderWay(MeshCondition):
    """A run that will build the product is queued or has begun."""

    @property
    def name(self) -> str:
        """The operand's name in the UI."""
        return "a run of it is queued or has begun"

    @property
    def description(self) -> str:
        """The operand's description in the UI."""
        return "A run that will build this product is queued or has begun"

    def is_true(self, mesh: MeshState, asset: str, _context: dg.AutomationContext[dg.AssetKey]) -> bool:
        """Return the operand's value for an asset."""
        return mesh.state_of(asset).running


class IsHeld(MeshCondition):
    """A version was withdrawn, and neither has the product's code or contract changed since nor was it resumed."""

    @property
    def name(self) -> str:
        """The operand's name in the UI."""
        return "it is held"

    @property
    def description(self) -> str:
        """The operand's description in the UI."""
        return "A version was withdrawn; held until its code or contract changes, or `mesh resume`"

    def is_true(self, mesh: MeshState, asset: str, _context: dg.AutomationContext[dg.AssetKey]) -> bool:
        """Return the operand's value for an asset."""
        return asset in mesh.held


def code_versions(graph: BaseAssetGraph[Any]) -> dict[str, str | None]:
    """Return the code version of each asset that the graph's code location builds."""
    return {key.to_user_string(): graph.get(key).code_version for key in graph.materializable_asset_keys}


# One read of the event log serves all products of a tick; a graph view lives as long as its tick.
_meshes: weakref.WeakKeyDictionary[object, MeshState] = weakref.WeakKeyDictionary()


def _mesh_of(context: dg.AutomationContext[dg.AssetKey], near: Path) -> MeshState:
    view = context.asset_graph_view
    if view not in _meshes:
        home, versions = current_settings(near).home, code_versions(context.asset_graph)
        graph = {
            key.to_user_string(): frozenset(need.to_user_string() for need in context.asset_graph.get(key).parent_keys)
            for key in context.asset_graph.materializable_asset_keys
        }
        _meshes[view] = read_mesh(
            view.instance,
            graph,
            context.evaluation_time.timestamp(),
            PATIENCE_SECONDS.read(),
            find_held(home, versions).keys(),
            find_outdated(home, versions),
        )
    return _meshes[view]


def _same_partitions(context: dg.AutomationContext[dg.AssetKey], need: dg.AssetKey) -> bool:
    return bool(context.asset_graph.get(need).partitions_def == context.asset_graph.get(context.key).partitions_def)
