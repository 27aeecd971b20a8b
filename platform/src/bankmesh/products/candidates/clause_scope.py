"""The clauses that are evaluated on the whole table of a product that is built partition by partition.

A clause that allows no row of some kind holds for the table if it holds for each partition. A row count, a share of
rows or a mean does not. For a product whose runs choose their partitions themselves, such clauses are evaluated on the
table, so that the result does not depend on which partitions happened to change.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bankmesh.contracts.clause_rules import (
    Expectation,
    InvalidValues,
    MissingValues,
    NotFinite,
    NullValues,
    RowCount,
    SqlMeasure,
)
from bankmesh.contracts.model import NONE_AT_ALL
from bankmesh.contracts.parsing.relationships import products_read
from bankmesh.quality.gate import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from bankmesh.contracts.model import Clause, Contract
    from bankmesh.ports import Publication

_BY_ROW = (NullValues, MissingValues, InvalidValues, NotFinite)


def widen_clauses(contract: Contract) -> Contract:
    """Return the contract with the clauses that cannot be evaluated partition by partition set to the whole table.

    Clauses that look values up in other products are among them: when such a product changes, the partitions that are
    not built are checked against it as well.
    """
    return _widen(contract, lambda clause: bool(products_read(clause.rule)) or _is_about_all(clause))


def widen_warned(contract: Contract, published: Publication | None) -> Contract:
    """Return the contract with the clauses that warned on the published version set to the whole table.

    A warning therefore ends when its rows are right, not when a run builds other partitions.
    """
    entries = published.provenance.gate.get("clauses", ()) if published else ()
    warned = {entry["name"] for entry in entries if entry["outcome"] == Outcome.WARNED}
    return _widen(contract, lambda clause: clause.name in warned and isinstance(clause.rule, _BY_ROW))


def _is_about_all(clause: Clause) -> bool:
    if isinstance(clause.rule, (RowCount, SqlMeasure, Expectation)):
        return True
    return isinstance(clause.rule, _BY_ROW) and clause.comparison != NONE_AT_ALL


def _widen(contract: Contract, is_wide: Callable[[Clause], bool]) -> Contract:
    clauses = (replace(clause, whole_table=True) if is_wide(clause) else clause for clause in contract.clauses)
    return replace(contract, clauses=tuple(clauses))
