"""Lineage of a product made by a chain of dbt models, in terms of the tables that the chain reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bankmesh.lineage.composition import compose
from bankmesh.lineage.model import TransformationType
from bankmesh.lineage.sql.query_lineage import EVERY_OTHER, read_query
from bankmesh.lineage.sql.tables import Table, Tables, name_parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bankmesh.lineage.model import ColumnRef, StepLineage
    from bankmesh.lineage.sql.query_lineage import QueryLineage
    from bankmesh.lineage.sql.relation_values import RepeatedName

_Place = tuple[str, str]


@dataclass(frozen=True)
class CompiledModel:
    """A dbt model as dbt compiled it; `relation` is its name in other models (`"memory"."main"."stg_x"`)."""

    name: str
    relation: str
    sql: str


@dataclass(frozen=True)
class ModelLineage:
    """The lineage of a product's columns, in total and by model.

    Attributes:
        product: name of the last model.
        lineage: that model in terms of the described tables; no model is a dataset in it.
        steps: each model in terms of what it reads itself; a dataset in it is a table or the name of a model.
        read: the models and tables that each model reads, including those of which it names no column.
    """

    product: str
    lineage: StepLineage
    steps: Mapping[str, StepLineage]
    read: Mapping[str, frozenset[str]] = field(default_factory=dict)


def lineage_of_models(
    models: Sequence[CompiledModel], product: str, schemas: Mapping[str, Mapping[str, str]]
) -> ModelLineage:
    """Return the lineage of the model `product`.

    `models` are in topological order: each follows those that it reads. `schemas` are the tables that no model makes,
    as for `lineage_of_query`. Raises the errors of `lineage_of_query`, and KeyError if `product` is not in `models`.
    """
    tables = Tables(schemas)
    steps: dict[str, StepLineage] = {}
    composed: dict[str, StepLineage] = {}
    read: dict[str, frozenset[str]] = {}
    views: list[tuple[str, str]] = []
    for model in models:
        query = read_query(model.sql, tables, tuple(views))
        steps[model.name], read[model.name] = query.lineage, query.read
        composed[model.name] = compose(query.lineage, composed, read=query.read)
        tables.add(_as_table(model, query))
        views.append((model.relation, model.sql))
    return ModelLineage(product, composed[product], steps, read)


def find_repeated_names(
    models: Sequence[CompiledModel], schemas: Mapping[str, Mapping[str, str]]
) -> dict[str, tuple[RepeatedName, ...]]:
    """Return the models whose result has, or depends on, a column name that a relation has more than once.

    `models` and `schemas` as for `lineage_of_models`; each model is read separately. A model that cannot be parsed, or
    that reads an undescribed table, is left out; to the models that read it, its columns are unknown.
    """
    tables = Tables(schemas)
    found: dict[str, tuple[RepeatedName, ...]] = {}
    views: list[tuple[str, str]] = []
    for model in models:
        try:
            query = read_query(model.sql, tables, tuple(views))
        except Exception as error:  # noqa: BLE001 - an error of any kind affects that model only
            tables.add(Table(model.name, name_parts(model.relation), {}, open=str(error), view=True))
            continue
        if query.repeated:
            found[model.name] = query.repeated
        tables.add(_as_table(model, query))
        views.append((model.relation, model.sql))
    return found


def _as_table(model: CompiledModel, query: QueryLineage) -> Table:
    """Return a model as the table that later models read."""
    known = [column for column in query.lineage.columns if column != EVERY_OTHER]
    return Table(
        dataset=model.name,
        parts=name_parts(model.relation),
        columns={column: query.types.get(column, "") for column in known},
        open=query.lineage.underivable.get(EVERY_OTHER),
        view=True,
    )


def path(lineage: ModelLineage, source: ColumnRef, column: str) -> list[str]:
    """Return a shortest path from a table's column to a column of the product, as `dataset.column` with both ends.

    It uses DIRECT dependencies if possible, else dependencies of any kind. `stg_x.*` represents the rows of a model of
    which no column is named. The path is empty if the product's column does not depend on the source.
    """
    direct = _shortest(lineage, source, column, direct=True)
    return direct or _shortest(lineage, source, column, direct=False)


def _shortest(lineage: ModelLineage, source: ColumnRef, column: str, *, direct: bool) -> list[str]:
    start, wanted = (lineage.product, column), (source.dataset, source.column)
    came_from: dict[_Place, _Place | None] = {start: None}
    waiting = [start]
    for place in waiting:
        if place == wanted:
            break
        for earlier in _before(lineage, place, direct=direct):
            if earlier not in came_from:
                came_from[earlier] = place
                waiting.append(earlier)
    found: list[str] = []
    step: _Place | None = wanted if wanted in came_from else None
    while step is not None:
        found.append(".".join(step))
        step = came_from[step]
    return found


def _before(lineage: ModelLineage, place: _Place, *, direct: bool) -> Iterator[_Place]:
    """Yield what a column of a model depends on in one step: sources of its values, then of its rows."""
    model, column = place
    step = lineage.steps.get(model)
    if step is None:
        return
    for dependency in sorted(step.columns.get(column, ())):
        if not direct or dependency.how.kind is TransformationType.DIRECT:
            yield dependency.source.dataset, dependency.source.column
    if not direct:
        yield from ((d.source.dataset, d.source.column) for d in sorted(step.rows))
        yield from ((earlier, EVERY_OTHER) for earlier in sorted(lineage.read.get(model, ())))
