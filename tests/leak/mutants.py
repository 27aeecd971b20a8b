"""Defects of governed reading, put into the real modules. The leak check must fail with each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import polars as pl

from bankmesh.access.audit.audit_log import AuditLog
from bankmesh.access.audit.audit_record import AuditPosition
from bankmesh.access.relations import governed_relation, safe_predicates
from bankmesh.access.relations.governed_relation import GovernedRelation
from bankmesh.access.relations.safe_predicates import PredicateReading
from bankmesh.access.row_filters import filter_translation

if TYPE_CHECKING:
    from collections.abc import Callable


def _no_barrier() -> None:
    """The reader's lazy frame is the plan itself, not a source that hides it."""

    def scan(self: GovernedRelation, columns: Any = None, *, way: str = "scan") -> pl.LazyFrame:
        wanted = self.require_columns(columns)
        self.recorder.begin(wanted, way).end(0, False)
        return self._plan(wanted, None, None)

    patch.object(GovernedRelation, "scan", scan).start()


def _pushdown_below_filter() -> None:
    """Every predicate of the reader runs before rows and values are hidden."""

    def read_predicate(predicate: pl.Expr, shown: Any) -> PredicateReading:
        return PredicateReading(predicate, {})

    def plan(self: GovernedRelation, needed: Any, below: pl.Expr | None, rows: int | None) -> pl.LazyFrame:
        scan = self.opened.scan_polars()
        scan = scan if below is None else scan.filter(below)
        return filtered(self, needed, None, rows, scan)

    def filtered(self: GovernedRelation, needed: Any, below: None, rows: int | None, scan: Any) -> pl.LazyFrame:
        if not self.decision.row_filter.is_everything:
            scan = scan.filter(self._row_filter)
        return (scan if rows is None else scan.head(rows)).select(*(self._masked(name) for name in needed))

    patch.object(safe_predicates, "read_predicate", read_predicate).start()
    patch.object(GovernedRelation, "_plan", plan).start()


def _raw_path() -> None:
    """A read goes to the files of the version, past the decision."""

    def collect(self: GovernedRelation, plan: Any, batch_size: int) -> Any:
        schema = plan.collect_schema()
        yield self.opened.scan_polars().select(schema.names()).cast(dict(schema), strict=False).collect()

    patch.object(GovernedRelation, "_collect", collect).start()


def _mask_off() -> None:
    """Masked columns are shown as they are."""
    patch.object(governed_relation, "mask_expression", lambda column, *_: pl.col(column)).start()
    patch.object(GovernedRelation, "masked_types", property(lambda self: dict(self.columns))).start()


def _filter_off() -> None:
    """Every row is read."""
    patch.object(filter_translation, "filter_expression", lambda *_: pl.lit(True)).start()


def _audit_off() -> None:
    """No read is on record."""

    def append(*_: Any, **__: Any) -> AuditPosition:
        return AuditPosition("chain", 0, "0" * 64, "2026-01-01T00:00:00.000000+00:00")

    patch.object(AuditLog, "append", append).start()


MUTANTS: dict[str, Callable[[], None]] = {
    "no-barrier": _no_barrier,
    "pushdown-below-filter": _pushdown_below_filter,
    "raw-path": _raw_path,
    "mask-off": _mask_off,
    "filter-off": _filter_off,
    "audit-off": _audit_off,
}
