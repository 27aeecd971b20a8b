"""Derived column lineage as Dagster shows it on the page of an asset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg

from bankmesh.lineage.model import TransformationType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bankmesh.lineage.model import ColumnRef, StepLineage


def column_lineage_metadata(lineage: StepLineage, assets: Mapping[str, dg.AssetKey]) -> dict[str, Any]:
    """Return metadata entries of a materialisation. `assets` maps the input names of the step's lineage to asset keys.

    Dagster has one kind of dependency, so only direct sources of a value are reported; of a step that is not a query,
    also every column that it read.
    """
    by_column = {
        column: [dg.TableColumnDep(assets[ref.dataset], ref.column) for ref in refs if ref.dataset in assets]
        for column, refs in ((name, _shown(lineage, name)) for name in lineage.columns)
    }
    known = {column: deps for column, deps in by_column.items() if deps}
    if not known:
        return {}
    # Only Dagster's cloud service draws the first entry; the open-source UI keeps it and shows the table.
    return {"dagster/column_lineage": dg.TableColumnLineage(known), "where columns come from": _table(known)}


def _table(known: Mapping[str, list[dg.TableColumnDep]]) -> dg.MarkdownMetadataValue:
    rows = [f"| {column} | {', '.join(map(_named, deps))} |" for column, deps in known.items()]
    return dg.MetadataValue.md("\n".join(["| column | comes from |", "| --- | --- |", *rows]))


def _shown(lineage: StepLineage, column: str) -> list[ColumnRef]:
    direct = {d.source for d in lineage.columns[column] if d.how.kind is TransformationType.DIRECT}
    return sorted(direct | lineage.opaque)


def _named(dep: dg.TableColumnDep) -> str:
    return f"{'.'.join(dep.asset_key.path)}.{dep.column_name}"
