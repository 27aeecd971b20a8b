"""Classes of columns along lineage: a column of a model is at least as confidential as what it is made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.contracts.model import Classification
from bankmesh.lineage.model import TransformationType
from bankmesh.lineage.sql import CompiledModel, LineageOfSqlError, lineage_of_models
from bankmesh.scaffolding.dbt_import.classification_proposals import propose_class
from bankmesh.scaffolding.dbt_import.table_facts import relation_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bankmesh.lineage.model import StepLineage
    from bankmesh.scaffolding.dbt_import.foreign_project import ForeignModel
    from bankmesh.scaffolding.dbt_import.table_facts import TableFacts


def classes_of_models(
    models: Iterable[ForeignModel],
    facts: Mapping[str, TableFacts],
    tables: Mapping[str, tuple[TableFacts, Mapping[str, Classification]]],
) -> dict[str, dict[str, Classification]]:
    """Return model id → column → class, proposed by name and raised to the class of what each column is made from.

    Args:
        models: in order, each after those that it reads.
        facts: the columns of each model, by its id.
        tables: relation → columns and classes of seeds and sources.
    """
    known = {relation: classes for relation, (_, classes) in tables.items()}
    schemas = {relation: dict(found.columns) for relation, (found, _) in tables.items()}
    proposals: dict[str, dict[str, Classification]] = {}
    for model in models:
        relation = relation_of(model.node)
        columns = facts[model.unique_id].columns if model.unique_id in facts else model.node.get("columns") or {}
        lineage = _lineage(model, relation, schemas)
        documented = {name.lower(): column for name, column in (model.node.get("columns") or {}).items()}
        found = {
            name: max(propose_class(name, documented.get(name.lower())), _inherited(lineage, name, known))
            for name in columns
        }
        proposals[model.unique_id] = found
        known[relation] = found
        schemas[relation] = dict(facts[model.unique_id].columns) if model.unique_id in facts else {}
    return proposals


def _lineage(model: ForeignModel, relation: str, schemas: Mapping[str, Mapping[str, str]]) -> StepLineage | None:
    compiled = model.node.get("compiled_code")
    if model.is_python or not compiled:
        return None
    try:
        return lineage_of_models([CompiledModel(relation, relation, compiled)], relation, schemas).lineage
    except LineageOfSqlError:
        return None


def _inherited(
    lineage: StepLineage | None, column: str, known: Mapping[str, Mapping[str, Classification]]
) -> Classification:
    """Return the highest class that a column inherits; of a column without known lineage, that of everything read."""
    if lineage is None or column in lineage.underivable:
        return max((level for classes in known.values() for level in classes.values()), default=Classification.PUBLIC)
    spelled = next((name for name in lineage.columns if name.lower() == column.lower()), column)
    direct = [d.source for d in lineage.columns.get(spelled, ()) if d.how.kind is TransformationType.DIRECT]
    levels = [known.get(ref.dataset, {}).get(ref.column, Classification.PUBLIC) for ref in direct]
    return max(levels, default=Classification.PUBLIC)
