"""Lineage of a transform from its code alone: the transform is called with empty sources, and its plan is read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from bankmesh.lineage.model import ColumnRef, StepLineage
from bankmesh.lineage.polars.plan_walk import looking_at
from bankmesh.lineage.polars.source_probe import checked_lineage, probe_sources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from bankmesh.lineage.model import Dependency
    from bankmesh.lineage.polars.source_probe import Probe

NO_ROWS = "inputs without rows"


@dataclass(frozen=True)
class TransformLineage:
    """Lineage that was derived from a transform's code.

    Attributes:
        lineage: column lineage of the columns that the transform delivers, or promised to deliver.
        opaque: whether the transform read its data while it made its plan; then every column depends on every input.
        note: why the lineage is opaque or incomplete, in a sentence; empty if the plan contained everything.
    """

    lineage: StepLineage
    opaque: bool
    note: str = ""


def derive_from_code(
    transform: Callable[..., pl.LazyFrame],
    schemas: Mapping[str, pl.Schema],
    extra: Mapping[str, object] | None = None,
    promised: Iterable[str] = (),
) -> TransformLineage:
    """Derive the lineage of a transform by calling it; no data is read and nothing is written.

    Args:
        transform: a function from named lazy frames to a lazy frame.
        schemas: columns and types of each input, by the parameter's name, which also names the dataset in the result.
        extra: further arguments of the transform, such as the partitions to build.
        promised: columns that the transform must deliver; those that it does not deliver are underivable.

    Returns:
        Exact lineage if the transform only makes a plan. A transform that collects one of its inputs is opaque: every
        column depends on every column of every input, because without rows it may have taken another branch of its
        code. Columns that its plan takes from an input are DIRECT besides. If a transform raises before it has read
        anything, all promised columns are underivable. Exceptions are reported by class only, because their text may
        quote values.

    """
    probe = probe_sources(schemas)
    try:
        plan = transform(**probe.frames, **(extra or {}))
    except (Exception, pl.exceptions.PanicException) as error:  # noqa: BLE001 - the transform is user code
        return _without_plan(probe, schemas, promised, f"it raised {type(error).__name__} on {NO_ROWS}")
    if not isinstance(plan, pl.LazyFrame):
        return _without_plan(probe, schemas, promised, f"it returned {type(plan).__name__}, not a LazyFrame")
    was_read = probe.was_read
    try:
        lineage = checked_lineage(plan, probe.frames)
    except pl.exceptions.PolarsError as error:
        return _without_plan(probe, schemas, promised, f"its plan does not resolve: {type(error).__name__}")
    lineage = _with_promised(lineage, promised)
    if not was_read:
        return TransformLineage(lineage, opaque=False, note="")
    note = f"it reads its data ({_describe_reads(probe)}) before it returns a plan"
    return TransformLineage(looking_at(lineage, _all_columns(schemas)), opaque=True, note=note)


def _without_plan(
    probe: Probe, schemas: Mapping[str, pl.Schema], promised: Iterable[str], what: str
) -> TransformLineage:
    columns: dict[str, frozenset[Dependency]] = dict.fromkeys(promised, frozenset())
    if probe.was_read:
        note = f"it reads its data ({_describe_reads(probe)}), and then {what}"
        return TransformLineage(StepLineage(columns=columns, opaque=_all_columns(schemas)), opaque=True, note=note)
    underivable = dict.fromkeys(columns, f"the transform could not be read: {what}")
    return TransformLineage(StepLineage(columns=columns, underivable=underivable), opaque=False, note=what)


def _with_promised(lineage: StepLineage, promised: Iterable[str]) -> StepLineage:
    missing = [name for name in promised if name not in lineage.columns]
    if not missing:
        return lineage
    return replace(
        lineage,
        columns={**lineage.columns, **dict.fromkeys(missing, frozenset())},
        underivable={**lineage.underivable, **dict.fromkeys(missing, "the transform does not deliver it")},
    )


def _all_columns(schemas: Mapping[str, pl.Schema]) -> frozenset[ColumnRef]:
    return frozenset(ColumnRef(name, column) for name, schema in schemas.items() for column in schema)


def _describe_reads(probe: Probe) -> str:
    return ", ".join(sorted(probe.read))
