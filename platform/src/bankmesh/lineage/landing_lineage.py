"""Lineage of a landing: the column of the legacy file that each landed column is read from, as declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.lineage.model import ColumnRef, Dependency, StepLineage, TransformationSubtype
from bankmesh.sources import COMPLETE_THROUGH

if TYPE_CHECKING:
    from bankmesh.sources import LegacyObject, SourceColumn


def landing_lineage(item: LegacyObject) -> StepLineage:
    """Return the lineage of the step that lands `item`; the legacy object is the dataset `system.object`."""
    dataset = f"{item.system}.{item.name}"
    columns: dict[str, frozenset[Dependency]] = {column.name: frozenset() for column in item.columns}
    for column in item.in_file:
        how = TransformationSubtype.IDENTITY if _as_it_is(column) else TransformationSubtype.TRANSFORMATION
        columns[column.name] = frozenset({Dependency(ColumnRef(dataset, heading(column)), how)})
    last_day = item.complete_through.column if item.complete_through else None
    found = [
        Dependency(ColumnRef(dataset, heading(c)), TransformationSubtype.AGGREGATION)
        for c in item.in_file
        if c.name == last_day
    ]
    return StepLineage(columns | {COMPLETE_THROUGH: frozenset(found)})


def heading(column: SourceColumn) -> str:
    """Return the column's name in the file, or its landed name if the file has none or a pattern finds the column.

    A field of a fixed-width file is named by its name and position: `amount (20-31)`, `batch_id (batch 3-12)`, one of
    a bank message by its name and tag: `amount (:61: 5)`.
    """
    name = column.name if column.header_pattern or not column.header.strip() else column.header
    if column.field_place:
        return f"{name} ({column.field_place})"
    if column.fixed is None:
        return name
    return f"{name} ({' '.join(filter(None, [column.fixed.record, str(column.fixed.position)]))})"


def _as_it_is(column: SourceColumn) -> bool:
    return str(column.type) == "string" and not column.has_codes and not column.missing
