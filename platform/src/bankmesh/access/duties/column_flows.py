"""What flows into each column of a product from the products that it reads, by the lineage of its step.

Every way of depending on a column carries its duties: a value, a condition, a filter, a join, a group, an order, a
window, or a step that no plan describes. A score or a `case when` shows the value that decided it, and the presence of
a row shows the values that were joined, grouped and filtered by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.access.duties.model import ColumnFlow
from bankmesh.lineage.lineage_graph import ROWS
from bankmesh.lineage.model import ColumnRef, TransformationSubtype, TransformationType

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from bankmesh.lineage.model import StepLineage


def find_flows(
    lineage: StepLineage | None, columns: Iterable[str], inputs: Mapping[str, Iterable[str]]
) -> tuple[ColumnFlow, ...]:
    """Return what flows into `columns` of a product, sorted; `inputs` are the columns of the products that it reads.

    The lineage names the inputs by their ports; other datasets, such as landings, carry no duties. A column without
    known lineage, and every column of a step without lineage, counts as made from every column read. Every column
    depends on the rows of every input, whether or not a column of it is named, as `select count(*)` names none.
    """
    read = {port: tuple(names) for port, names in inputs.items()}
    every = tuple(ColumnRef(port, name) for port, names in read.items() for name in names)
    found: list[ColumnFlow] = []
    for column in dict.fromkeys(columns):
        ways: dict[ColumnRef, set[TransformationSubtype]] = {}
        for source, how in _dependencies(lineage, column, every):
            if source.dataset in read:
                ways.setdefault(source, set()).add(how)
        for port in read:
            ways.setdefault(ColumnRef(port, ROWS), set()).add(TransformationSubtype.FILTER)
        found += [ColumnFlow(source, column, tuple(sorted(how))) for source, how in ways.items()]
    return tuple(sorted(found))


def _dependencies(
    lineage: StepLineage | None, column: str, every: tuple[ColumnRef, ...]
) -> Iterator[tuple[ColumnRef, TransformationSubtype]]:
    if lineage is None or column in lineage.underivable or column not in lineage.columns:
        yield from ((source, TransformationSubtype.OPAQUE) for source in every)
        return
    yield from ((found.source, found.how) for found in lineage.dependencies(column))


_MIXING = frozenset(
    {TransformationSubtype.CONDITIONAL, TransformationSubtype.WINDOW, TransformationSubtype.OPAQUE}
)  # fmt: skip


_REORDERING = frozenset({TransformationSubtype.SORT, TransformationSubtype.FILTER})
"""Where they decide one column, and not the rows of all, its values move to other rows: `pl.col("agreed").sort()`."""


def find_reordered(lineage: StepLineage | None) -> frozenset[str]:
    """Return the columns whose values an order or a filter of their own moves to other rows."""
    ways = {column: {d.how for d in found} for column, found in lineage.columns.items()} if lineage else {}
    return frozenset(
        column for column, how in ways.items() if how & _REORDERING and TransformationSubtype.AGGREGATION not in how
    )


def find_identities(
    lineage: StepLineage | None, columns: Iterable[str], ports: Collection[str]
) -> dict[str, ColumnRef]:
    """Return the columns that carry one column of an input unchanged, each with that column.

    Its value is made from nothing else, and no condition, window, opaque step or order of its own decides which value
    is taken. Joins, filters, groups and the order of all columns decide which rows exist, and leave the value as it is.
    """
    found: dict[str, ColumnRef] = {}
    reordered = find_reordered(lineage)
    for column in columns:
        if lineage is None:
            break
        known = column in lineage.columns and column not in lineage.underivable
        needed = lineage.dependencies(column) if known else frozenset()
        values = {d for d in needed if d.how.kind is TransformationType.DIRECT}
        if len(values) != 1 or _MIXING.intersection(d.how for d in needed) or column in reordered:
            continue
        (value,) = values
        if value.how is TransformationSubtype.IDENTITY and not value.masking and value.source.dataset in ports:
            found[column] = value.source
    return found
