"""Lineage of a product that several dbt models make one after another, in terms of what the first of them read."""

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
    """A dbt model as dbt compiled it: `relation` is how other models call it (`"memory"."main"."stg_x"`)."""

    name: str
    relation: str
    sql: str


@dataclass(frozen=True)
class ModelLineage:
    """Where the columns of a product come from, and by which way.

    Attributes:
        product: name of the last model.
        lineage: that model in terms of the described tables; no model is a dataset in it.
        steps: each model in terms of what it reads itself; a dataset in it is a table or the name of a model.
        read: the models and tables that each model reads, also those of which it names no column.
    """

    product: str
    lineage: StepLineage
    steps: Mapping[str, StepLineage]
    read: Mapping[str, frozenset[str]] = field(default_factory=dict)


def lineage_of_models(
    models: Sequence[CompiledModel], product: str, schemas: Mapping[str, Mapping[str, str]]
) -> ModelLineage:
    """The lineage of the model `product`.

    `models` come in an order in which each stands behind those that it reads. `schemas` are the tables that no model
    makes, as for `lineage_of_query`. Raises what that raises, and KeyError if `product` is not among the models.
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
    """The models whose result has a column name more than once, or depends on one that a relation in it has so.

    `models` and `schemas` as for `lineage_of_models`; each model is read for itself. Of one that is not understood, or
    that reads a table which is not described, nothing is known, and models that read it know none of its columns.
    """
    tables = Tables(schemas)
    found: dict[str, tuple[RepeatedName, ...]] = {}
    views: list[tuple[str, str]] = []
    for model in models:
        try:
            query = read_query(model.sql, tables, tuple(views))
        except Exception as error:  # noqa: BLE001 - whatever it stumbles over, that model alone is not known
            tables.add(Table(model.name, name_parts(model.relation), {}, open=str(error), view=True))
            continue
        if query.repeated:
            found[model.name] = query.repeated
        tables.add(_as_table(model, query))
        views.append((model.relation, model.sql))
    return found


def _as_table(model: CompiledModel, query: QueryLineage) -> Table:
    """A model as later models read it."""
    known = [column for column in query.lineage.columns if column != EVERY_OTHER]
    return Table(
        dataset=model.name,
        parts=name_parts(model.relation),
        columns={column: query.types.get(column, "") for column in known},
        open=query.lineage.underivable.get(EVERY_OTHER),
        view=True,
    )


def path(lineage: ModelLineage, source: ColumnRef, column: str) -> list[str]:
    """A shortest way from a column of a table to one of the product, as `dataset.column` names with both ends.

    It goes by DIRECT dependencies where it can, else by dependencies of any kind; `stg_x.*` on it stands for the rows
    of a model of which no column is named. Empty if the product's column does not depend on the source.
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
    """What a column of a model depends on in one step: what its values come from, then what decides the rows."""
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
