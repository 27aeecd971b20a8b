"""Classes of columns, proposed for a person to review: by documentation, names, values, and what a column is made from.

A column of a model is at least as confidential as what it is made from; nothing else would be published.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bankmesh.contracts.model import Classification
from bankmesh.lineage.model import TransformationType
from bankmesh.lineage.sql import CompiledModel, LineageOfSqlError, lineage_of_models
from bankmesh.scaffolding.classification_proposal import propose_classification
from bankmesh.scaffolding.dbt_import.documented_class import documented_class, is_personal
from bankmesh.scaffolding.dbt_import.table_facts import relation_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bankmesh.lineage.model import StepLineage
    from bankmesh.scaffolding.dbt_import.foreign_project import ForeignModel
    from bankmesh.scaffolding.dbt_import.table_facts import TableFacts


@dataclass
class ClassFlow:
    """Classes of the columns of every relation that is known so far.

    Attributes:
        read_in_place: how compiled SQL names a file that dbt-duckdb reads in place → relation of its source.
        classes: dbt's id → column → class.
    """

    read_in_place: Mapping[str, str]
    classes: dict[str, Mapping[str, Classification]] = field(default_factory=dict)
    _relations: dict[str, str] = field(default_factory=dict)
    _schemas: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def add_table(self, node: Mapping[str, Any], facts: TableFacts, classes: Mapping[str, Classification]) -> None:
        """Add a seed or source with the classes of its columns."""
        self._add(node, facts.columns, classes)

    def add_model(self, model: ForeignModel, facts: TableFacts | None) -> None:
        """Add a model; all that it reads must have been added, except models of packages."""
        documented = {name.lower(): column for name, column in (model.node.get("columns") or {}).items()}
        columns = facts.columns if facts else dict.fromkeys(documented, "VARCHAR")
        lineage = self._lineage(model)
        read = [self.classes.get(parent, {}) for parent in model.node["depends_on"].get("nodes", ())]
        everything = max((level for found in read for level in found.values()), default=Classification.INTERNAL)
        found = {
            name: max(
                self._inherited(lineage, name, everything),
                propose_class(name, documented.get(name.lower(), {}), is_derived=lineage is not None),
            )
            for name in columns
        }
        self._add(model.node, columns, found)

    def _add(self, node: Mapping[str, Any], columns: Mapping[str, str], classes: Mapping[str, Classification]) -> None:
        relation = relation_of(node)
        self.classes[node["unique_id"]] = classes
        self._relations[relation] = node["unique_id"]
        self._schemas[relation] = dict(columns)

    def _lineage(self, model: ForeignModel) -> StepLineage | None:
        compiled = model.node.get("compiled_code")
        if model.is_python or not compiled:
            return None
        for written, source in self.read_in_place.items():
            compiled = compiled.replace(written, source)
        relation = relation_of(model.node)
        try:
            return lineage_of_models([CompiledModel(relation, relation, compiled)], relation, self._schemas).lineage
        except LineageOfSqlError:
            return None

    def _inherited(self, lineage: StepLineage | None, column: str, everything: Classification) -> Classification:
        """Return the highest class of what a column is made from; without known lineage, of everything read."""
        spelled = {name.lower(): name for name in lineage.columns} if lineage else {}
        name = spelled.get(column.lower())
        if lineage is None or name is None or name in lineage.underivable:
            return everything
        direct = [d.source for d in lineage.columns[name] if d.how.kind is TransformationType.DIRECT]
        levels = [self._class_of(ref.dataset, ref.column) for ref in direct]
        return max(levels, default=Classification.PUBLIC)

    def _class_of(self, relation: str, column: str) -> Classification:
        found = self.classes.get(self._relations.get(relation, ""), {})
        return {name.lower(): level for name, level in found.items()}.get(column.lower(), Classification.PUBLIC)


def propose_class(
    name: str, documented: Mapping[str, Any], shapes: Mapping[str, float] | None = None, *, is_derived: bool = False
) -> Classification:
    """Return the proposed class of a column; one that nothing speaks for is internal if its lineage is known."""
    if (named := documented_class(documented)) is not None:
        return named
    proposal = propose_classification(name, shapes)
    level = proposal.classification
    if is_derived and not proposal.by_evidence:
        level = Classification.INTERNAL
    return max(level, Classification.CONFIDENTIAL) if is_personal(documented) else level
