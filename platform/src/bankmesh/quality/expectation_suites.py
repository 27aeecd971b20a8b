"""Builds expectations from clauses. Nothing is evaluated here."""

# Great Expectations passes metrics and results around without types.
# ruff: noqa: ANN401

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from great_expectations.exceptions.exceptions import ExpectationNotFoundError
from great_expectations.expectations.registry import get_expectation_impl

from bankmesh.contracts.clause_rules import (
    ClassificationKept,
    DuplicateValues,
    Expectation,
    LosslessCasts,
    MissingReferences,
    ProfileShift,
    RowCount,
    SchemaMatches,
    SqlMeasure,
    Volume,
)
from bankmesh.contracts.column_types import duckdb_type
from bankmesh.contracts.data_test_rules import TABLE, DbtTest, placeholder_of
from bankmesh.contracts.model import Severity
from bankmesh.quality.gate_expectations import (
    ExpectCastsToBeLossless,
    ExpectColumnsToBeAsPromised,
    ExpectDataTestToPass,
    ExpectDuplicateRowsToCompare,
    ExpectFailingRowsToCompare,
    ExpectQueryResultToCompare,
    ExpectRowCountToCompare,
)
from bankmesh.quality.measure_comparison import comparison_of
from bankmesh.quality.measure_queries import failing, filled_in, orphans, row_condition, type_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bankmesh.contracts.build_casts import CastLoss
    from bankmesh.contracts.model import Clause, Contract
    from bankmesh.quality.evaluated_relations import RelationViews
    from bankmesh.quality.measure_queries import RowRule


class ClauseNotUsable(Exception):
    """A clause cannot be built as an expectation. The text comes from contracts, never from data."""

    written_for_users = True


def expectation_for(contract: Contract, clause: Clause, views: RelationViews, role: str) -> Any:
    """Return the expectation that evaluates `clause` on the relation of `role`.

    Raises:
        Unusable: the clause needs a missing relation, or an expectation that does not exist.

    """
    relation = views.names[role]
    common = _common(clause)
    rule = clause.rule
    match rule:
        case Expectation():
            return _stock(rule, common)
        case SchemaMatches():
            return _columns(contract, relation, common)
        case LosslessCasts():
            return _casts(views.casts, common)
        case Volume() | ProfileShift() | ClassificationKept():
            raise ClauseNotUsable(f"{clause.name} is decided by the gate itself, not by an expectation")
        case DbtTest():
            query, may_fail = _data_test(rule, relation, views), clause.severity is Severity.ERROR
            return ExpectDataTestToPass(**common, query=query, may_fail=may_fail)
        case _:
            return _compared(contract, clause, views, role, common)


def _compared(contract: Contract, clause: Clause, views: RelationViews, role: str, common: dict[str, Any]) -> Any:
    """Return the expectation of a rule that measures a number, which is compared with the clause's bound."""
    relation, rule, comparison = views.names[role], clause.rule, comparison_of(clause)
    common |= {"operator": str(comparison.operator), "value": comparison.value, "unit": comparison.unit}
    if isinstance(rule, RowCount):
        return ExpectRowCountToCompare(**common)
    if isinstance(rule, SqlMeasure) and (condition := row_condition(rule)) is not None:
        return ExpectFailingRowsToCompare(**common, condition=condition)
    if isinstance(rule, SqlMeasure):
        return ExpectQueryResultToCompare(**common, query=filled_in(rule, relation))
    if isinstance(rule, MissingReferences):
        return ExpectQueryResultToCompare(**common, query=orphans(rule, relation, _reference(rule.product, views)))
    if isinstance(rule, DuplicateValues):
        kept = _kept(contract, clause, rule, views, role)
        types = [type_of(contract, name).name for name in rule.columns]
        return ExpectDuplicateRowsToCompare(
            **common, columns=list(rule.columns), types=types, relation=relation, kept=kept
        )
    return ExpectFailingRowsToCompare(**common, condition=failing(cast("RowRule", rule), contract))


def _common(clause: Clause) -> dict[str, Any]:
    return {
        "meta": {"clause": clause.name},
        "severity": "critical" if clause.severity is Severity.ERROR else "warning",
        "description": clause.description or None,
    }


def _stock(rule: Expectation, common: dict[str, Any]) -> Any:
    try:
        implementation = get_expectation_impl(rule.type)
    except ExpectationNotFoundError:
        raise ClauseNotUsable(f"Great Expectations has no {rule.type}") from None
    try:
        return implementation(**(common | rule.arguments))
    except Exception as error:  # noqa: BLE001 - expectations check their arguments with more than one library
        raise ClauseNotUsable(f"{rule.type} does not take these arguments: {' '.join(str(error).split())}") from None


def _columns(contract: Contract, relation: str, common: dict[str, Any]) -> Any:
    promised = [(column.name, duckdb_type(column.type)) for column in contract.columns]
    partitions = [column.name for column in contract.columns if column.partition_position is not None]
    if contract.partitioning is not None:
        partitions.append(contract.partitioning.column)
    return ExpectColumnsToBeAsPromised(**common, promised=promised, relation=relation, partitions=partitions)


def _data_test(rule: DbtTest, relation: str, views: RelationViews) -> str:
    query = rule.query.replace(TABLE, relation)
    for source in rule.sources:
        query = query.replace(placeholder_of(source), _reference(source, views))
    return query


def _casts(losses: Sequence[CastLoss] | None, common: dict[str, Any]) -> Any:
    if losses is None:
        raise ClauseNotUsable("no build has counted the losses of casts to the promised types")
    return ExpectCastsToBeLossless(**common, lost={loss.column: loss.rows or 0 for loss in losses})


def _reference(product: str, views: RelationViews) -> str:
    if product in views.names:
        return views.names[product]
    if product in views.broken:
        raise ClauseNotUsable(f"the published rows of {product} cannot be read")
    raise ClauseNotUsable(f"the gate received no published rows of {product}")


def _kept(contract: Contract, clause: Clause, rule: DuplicateValues, views: RelationViews, role: str) -> str | None:
    """Return the view of kept rows, if they can repeat keys at all."""
    if not clause.whole_table or role == "table":
        return None
    # A run replaces whole partitions, so a key that holds the partition column cannot recur in a kept one.
    if contract.partitioning is not None and contract.partitioning.column in rule.columns:
        return None
    return views.names.get("kept")
