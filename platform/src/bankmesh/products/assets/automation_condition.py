"""The automation condition of every product: refresh when an input has published, once for each wave of changes.

Dagster evaluates it in the code server (`AutomationConditionSensorDefinition(use_user_code_server=True)`), once for
each product and tick. What it decides by is in `refresh_decisions`; here are the operands whose answers the UI shows.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

import dagster as dg

from bankmesh.products.assets.asset_state import read_mesh
from bankmesh.products.assets.refresh_decisions import awaited_inputs, is_outdated, missing_inputs, newer_inputs
from bankmesh.products.versions.held_products import held_assets, outdated_assets
from bankmesh.settings import PATIENCE_SECONDS

if TYPE_CHECKING:
    from bankmesh.products.assets.refresh_decisions import MeshState


def refresh_condition() -> dg.AutomationCondition[dg.AssetKey]:
    """True for a product that is due: see `refresh_decisions`."""
    along = dg.AutomationCondition.any_deps_match(dg.AutomationCondition.will_be_requested())
    due = InputIsNewer() | along.with_label("an input is refreshed in the same run")
    # Dagster's own `in_progress` does not see a run that waits in the queue.
    idle = ~IsUnderWay() & ~dg.AutomationCondition.backfill_in_progress()
    return (due & InputsAreSettled() & idle & ~IsHeld()).with_label("an input has published")


class InputIsNewer(dg.AutomationCondition[dg.AssetKey]):
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

    def evaluate(self, context: dg.AutomationContext[dg.AssetKey]) -> dg.AutomationResult[dg.AssetKey]:
        """Return all partitions or none, because a landing does not record which of them it changes."""
        mesh = _mesh_of(context)
        return _answer(context, yes=bool(newer_inputs(mesh, context.key)) or is_outdated(mesh, context.key))


class InputsAreSettled(dg.AutomationCondition[dg.AssetKey]):
    """Every input is published, and none is being built or about to be, except those that the same run builds."""

    @property
    def name(self) -> str:
        """The operand's name in the UI."""
        return "no input is about to change"

    @property
    def description(self) -> str:
        """The operand's description in the UI."""
        return "Every input is published; none is being built or about to be, unless in the same run"

    def evaluate(self, context: dg.AutomationContext[dg.AssetKey]) -> dg.AutomationResult[dg.AssetKey]:
        """Return all partitions or none."""
        mesh, key = _mesh_of(context), context.key
        going_along = {
            need
            for need in mesh.needs_of(key)
            if need in context.request_subsets_by_key and _same_partitions(context, need)
        }
        missing = set(missing_inputs(mesh, key)) - going_along
        return _answer(context, yes=not missing and not awaited_inputs(mesh, key, going_along))


class IsUnderWay(dg.AutomationCondition[dg.AssetKey]):
    """A run that will build the product is queued or has begun."""

    @property
    def name(self) -> str:
        """The operand's name in the UI."""
        return "a run of it is queued or has begun"

    @property
    def description(self) -> str:
        """The operand's description in the UI."""
        return "A run that will build this product is queued or has begun"

    def evaluate(self, context: dg.AutomationContext[dg.AssetKey]) -> dg.AutomationResult[dg.AssetKey]:
        """Return all partitions or none."""
        return _answer(context, yes=_mesh_of(context).standing(context.key).running)


class IsHeld(dg.AutomationCondition[dg.AssetKey]):
    """A version was withdrawn, and neither has the product's code or contract changed since nor was it resumed."""

    @property
    def name(self) -> str:
        """The operand's name in the UI."""
        return "it is held"

    @property
    def description(self) -> str:
        """The operand's description in the UI."""
        return "A version was withdrawn; held until its code or contract changes, or `mesh resume`"

    def evaluate(self, context: dg.AutomationContext[dg.AssetKey]) -> dg.AutomationResult[dg.AssetKey]:
        """Return all partitions or none."""
        return _answer(context, yes=context.key in _mesh_of(context).held)


# One read of the event log serves all products of a tick; a graph view lives as long as its tick.
_meshes: weakref.WeakKeyDictionary[object, MeshState] = weakref.WeakKeyDictionary()


def _mesh_of(context: dg.AutomationContext[dg.AssetKey]) -> MeshState:
    view = context.asset_graph_view
    if view not in _meshes:
        graph = {
            key: frozenset(context.asset_graph.get(key).parent_keys)
            for key in context.asset_graph.materializable_asset_keys
        }
        _meshes[view] = read_mesh(
            view.instance,
            graph,
            context.evaluation_time.timestamp(),
            PATIENCE_SECONDS.read(),
            held_assets(graph).keys(),
            outdated_assets(graph),
        )
    return _meshes[view]


def _same_partitions(context: dg.AutomationContext[dg.AssetKey], need: dg.AssetKey) -> bool:
    return bool(context.asset_graph.get(need).partitions_def == context.asset_graph.get(context.key).partitions_def)


def _answer(context: dg.AutomationContext[dg.AssetKey], *, yes: bool) -> dg.AutomationResult[dg.AssetKey]:
    return dg.AutomationResult(context, context.candidate_subset if yes else context.get_empty_subset())
