"""Derived column lineage as Dagster shows it on the page of an asset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg

from bankmesh.lineage.model import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bankmesh.lineage.model import ColumnRef, StepLineage


def column_lineage_metadata(lineage: StepLineage, assets: Mapping[str, dg.AssetKey]) -> dict[str, Any]:
    """The metadata entry of a materialisation. `assets` are the step's inputs by the name that its lineage gives them.

    Dagster knows one kind of dependency, so it is told of those that a value comes from, and of a step that is no query
    of all that it looked at.
    """
    by_column = {
        column: [dg.TableColumnDep(assets[ref.dataset], ref.column) for ref in refs if ref.dataset in assets]
        for column, refs in ((name, _shown(lineage, name)) for name in lineage.columns)
    }
    return {"dagster/column_lineage": dg.TableColumnLineage({c: deps for c, deps in by_column.items() if deps})}


def _shown(lineage: StepLineage, column: str) -> list[ColumnRef]:
    direct = {d.source for d in lineage.columns[column] if d.how.kind is Kind.DIRECT}
    return sorted(direct | lineage.opaque)
