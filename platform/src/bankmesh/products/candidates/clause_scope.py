"""Which clauses of a product that is built partition by partition are about the whole table.

A clause that allows no row of some kind holds for the table if it holds for each partition. Others do not: a number of
rows, a share of them, a mean. Of a product whose runs choose their partitions themselves these are evaluated on the
table, so that the verdict does not depend on which partitions happened to change.
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
    """The contract, in which clauses that partitions cannot answer one by one are about the whole table.

    Among them are those that look values up in other products: where such a product has changed, the partitions that
    are not built are held to it as well.
    """
    return _widen(contract, lambda clause: bool(products_read(clause.rule)) or _is_about_all(clause))


def widen_warned(contract: Contract, published: Publication | None) -> Contract:
    """The contract, in which clauses that warn of the published version are about the whole table.

    So a warning ends when its rows are right, and not when a run builds other partitions.
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
