"""Column lineage as plain values: what a step's output columns depend on, and how.

The terms are OpenLineage's (specification of the facet `columnLineage`): a dependency is DIRECT if the value is made
from the input's value, INDIRECT if the input only decides which rows exist or which value is taken.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping


class TransformationType(StrEnum):
    """OpenLineage's `type` of a transformation."""

    DIRECT = "DIRECT"
    INDIRECT = "INDIRECT"


class TransformationSubtype(StrEnum):
    """OpenLineage's `subtype` of a transformation; OPAQUE is ours, for steps that no plan describes."""

    IDENTITY = "IDENTITY"
    TRANSFORMATION = "TRANSFORMATION"
    AGGREGATION = "AGGREGATION"
    JOIN = "JOIN"
    GROUP_BY = "GROUP_BY"
    FILTER = "FILTER"
    SORT = "SORT"
    WINDOW = "WINDOW"
    CONDITIONAL = "CONDITIONAL"
    OPAQUE = "OPAQUE"

    @property
    def kind(self) -> TransformationType:
        """DIRECT for IDENTITY, TRANSFORMATION and AGGREGATION, else INDIRECT."""
        return (
            TransformationType.DIRECT
            if self
            in {TransformationSubtype.IDENTITY, TransformationSubtype.TRANSFORMATION, TransformationSubtype.AGGREGATION}
            else TransformationType.INDIRECT
        )


@dataclass(frozen=True, order=True)
class ColumnRef:
    """A column of a dataset, named as the step names the dataset: `retail.party`, `retail.party@2`, `crm.client`."""

    dataset: str
    column: str

    def __str__(self) -> str:
        return f"{self.dataset}.{self.column}"


@dataclass(frozen=True, order=True)
class Dependency:
    """What an output column depends on. `masking`: nothing of the value itself remains (a hash, a count)."""

    source: ColumnRef
    how: TransformationSubtype
    masking: bool = False


@dataclass(frozen=True)
class StepLineage:
    """The column lineage of one step.

    Attributes:
        columns: dependencies of each output column; constants and underivable columns have none.
        rows: INDIRECT dependencies of every output column alike: joins, filters, groups, order.
        opaque: columns that the step read outside any plan; every output has an INDIRECT dependency on each of them.
        underivable: output columns that could not be resolved, each with the reason.
    """

    columns: Mapping[str, frozenset[Dependency]] = field(hash=False)
    rows: frozenset[Dependency] = frozenset()
    opaque: frozenset[ColumnRef] = frozenset()
    underivable: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def is_opaque(self) -> bool:
        """Whether the step, or a function in its plan, is opaque: not a query."""
        return bool(self.opaque) or any(
            d.how is TransformationSubtype.OPAQUE for found in self.columns.values() for d in found
        )

    def dependencies(self, column: str) -> frozenset[Dependency]:
        """Return everything that one output column depends on."""
        looked_at = {Dependency(source, TransformationSubtype.OPAQUE) for source in self.opaque}
        return self.columns.get(column, frozenset()) | self.rows | looked_at

    def renamed(self, names: Mapping[str, str]) -> StepLineage:
        """Return this lineage with datasets renamed; those not in `names` keep theirs."""

        def ref(old: ColumnRef) -> ColumnRef:
            return ColumnRef(names.get(old.dataset, old.dataset), old.column)

        def all_of(found: frozenset[Dependency]) -> frozenset[Dependency]:
            return frozenset(Dependency(ref(d.source), d.how, d.masking) for d in found)

        return StepLineage(
            columns={name: all_of(found) for name, found in self.columns.items()},
            rows=all_of(self.rows),
            opaque=frozenset(ref(old) for old in self.opaque),
            underivable=self.underivable,
        )

    def to_json(self) -> dict[str, Any]:
        """Return small, stable JSON: `{"columns": {name: [[dataset, column, how, masking?], ...]}, ...}`."""
        return {
            "columns": {name: _plain(found) for name, found in self.columns.items()},
            "rows": _plain(self.rows),
            "opaque": [[ref.dataset, ref.column] for ref in sorted(self.opaque)],
            "underivable": dict(self.underivable),
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """Return the lineage that `to_json` wrote."""
        return cls(
            columns={name: _dependencies(found) for name, found in plain["columns"].items()},
            rows=_dependencies(plain["rows"]),
            opaque=frozenset(ColumnRef(*ref) for ref in plain["opaque"]),
            underivable=dict(plain["underivable"]),
        )


def _plain(dependencies: frozenset[Dependency]) -> list[list[Any]]:
    return [
        [d.source.dataset, d.source.column, d.how.value, *([True] if d.masking else [])] for d in sorted(dependencies)
    ]


def _dependencies(plain: list[list[Any]]) -> frozenset[Dependency]:
    return frozenset(
        Dependency(ColumnRef(dataset, column), TransformationSubtype(how), bool(rest))
        for dataset, column, how, *rest in plain
    )
