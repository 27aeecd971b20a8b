"""Converts Great Expectations' results to the gate's own: outcome, figures, and a message without data values."""

# Great Expectations passes metrics and results around without types.
# ruff: noqa: ANN401

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bankmesh.contracts.clause_rules import Expectation, LosslessCasts, RowCount, SchemaMatches, SqlMeasure
from bankmesh.contracts.data_test_rules import DbtTest
from bankmesh.contracts.exact_numbers import stored_number
from bankmesh.contracts.model import Severity
from bankmesh.quality import result_messages
from bankmesh.quality.clause_results import ClauseResult, Outcome
from bankmesh.quality.gate_expectations import NotANumber
from bankmesh.quality.sql_measures import returns_count

if TYPE_CHECKING:
    from bankmesh.contracts.build_casts import CastLoss
    from bankmesh.contracts.model import Clause, Contract
    from bankmesh.quality.duckdb_execution_engine import DuckDBExecutionEngine

# Stock expectations would otherwise fetch failing values; their counts are read from the metrics instead.
RESULT_FORMAT = {"result_format": "BOOLEAN_ONLY"}


@dataclass
class ResultReader:
    """Reads the results of one batch; without an engine it can only report errors."""

    contract: Contract
    engine: DuckDBExecutionEngine | None
    view: str | None
    casts: tuple[CastLoss, ...] = ()

    def read(self, clause: Clause, result: Any) -> ClauseResult:
        """Return the clause's result from an `ExpectationValidationResult`, or from the error in place of one."""
        if result is None or isinstance(result, Exception) or self.engine is None:
            return self.errored(clause, result)
        info = result.exception_info
        if info.get("raised_exception") or "raised_exception" not in info:
            return self.errored(clause, self.engine.reason(result) or self._raised(result))
        match clause.rule:
            case Expectation():
                read = self._stock(clause, result)
            case SchemaMatches():
                read = self._schema(clause, result)
            case DbtTest() as rule:
                read = self._data_test(clause, rule, result)
            case LosslessCasts():
                read = self._casts(clause, result)
            case _:
                read = self._measure(clause, result)
        return read

    def errored(self, clause: Clause, error: Exception | None) -> ClauseResult:
        """Return the result of a clause that could not be evaluated."""
        message = result_messages.unevaluated(self.contract, clause, error, self._columns)
        if self.view is not None:
            message = message.replace(self.view, "${table}")
        return ClauseResult(clause, Outcome.ERRORED, None, None, None, message, None)

    def rows(self) -> int:
        """Return the rows of the batch; 0 if they could not be counted."""
        return self._rows

    @cached_property
    def _rows(self) -> int:
        if self.engine is None or self.view is None:
            return 0
        counted = self.engine.resolved("table.row_count")
        if counted is not None:
            return int(counted)
        with suppress(Exception):  # every clause reports the same error
            return int(self.engine.fetch_rows(f"select count(*) from {self.view}")[0][0])
        return 0

    @cached_property
    def _columns(self) -> frozenset[str] | None:
        if self.engine is not None:
            with suppress(Exception):  # names of columns only improve messages
                return frozenset(row[0] for row in self.engine.fetch_rows(f"describe {self.view}"))
        return None

    def _measure(self, clause: Clause, result: Any) -> ClauseResult:
        found = result.result
        if found["measure"] is None:
            return self.errored(clause, NotANumber("it returns null"))
        rows = int(found["element_count"])
        counts_rows = not isinstance(clause.rule, RowCount | SqlMeasure)
        observed = found["observed_value"]
        if isinstance(clause.rule, SqlMeasure) and result_messages.sensitive(self.contract, clause):
            observed = observed if returns_count(clause.rule.query) else None
        return ClauseResult(
            clause,
            _outcome(clause, success=bool(result.success)),
            observed,
            int(found["measure"]) if counts_rows else None,
            rows,
            result_messages.measured(clause, observed, rows),
            found["seconds"],
        )

    def _schema(self, clause: Clause, result: Any) -> ClauseResult:
        differences = result.result["details"]["differences"]
        outcome = _outcome(clause, success=bool(result.success))
        message = result_messages.schema(clause, differences)
        return ClauseResult(clause, outcome, len(differences), None, self.rows(), message, None)

    def _casts(self, clause: Clause, result: Any) -> ClauseResult:
        outcome, message = (
            _outcome(clause, success=bool(result.success)),
            result_messages.casts(self.casts, self.rows()),
        )
        return ClauseResult(clause, outcome, len(self.casts), None, self.rows(), message, None)

    def _data_test(self, clause: Clause, rule: DbtTest, result: Any) -> ClauseResult:
        found = result.result
        outcome, rows = Outcome(found["details"]["outcome"]), int(found["element_count"])
        counts = returns_count(f"select {rule.fail_calc} from t")
        failures = int(found["observed_value"])
        observed = failures if counts or not result_messages.sensitive(self.contract, clause) else None
        message = result_messages.data_test(clause, rule, observed)
        seconds = found["details"]["seconds"]
        return ClauseResult(clause, outcome, observed, failures if counts else None, rows, message, seconds)

    def _stock(self, clause: Clause, result: Any) -> ClauseResult:
        expectation = result.expectation_config.to_domain_obj()
        failing = observed = None
        if hasattr(expectation, "map_metric"):
            failing = observed = self._answer(expectation, f"{expectation.map_metric}.unexpected_count")
        elif len(expectation.metric_dependencies) == 1 and not result_messages.sensitive(self.contract, clause):
            observed = _scalar(self._answer(expectation, expectation.metric_dependencies[0]))
        success = bool(result.success)
        message = result_messages.expectation(
            clause, success=success, observed=observed, rows=self.rows(), failing=failing
        )
        return ClauseResult(clause, _outcome(clause, success=success), observed, failing, self.rows(), message, None)

    def _answer(self, expectation: Any, metric: str) -> Any:
        """Return what a stock expectation computed but does not include in its result, which is success or failure."""
        if self.engine is None:
            return None
        needed = expectation.get_validation_dependencies(self.engine, {"result_format": RESULT_FORMAT})
        configured = needed.get_metric_configuration(metric)
        return None if configured is None else self.engine.answer(configured.id)

    def _raised(self, result: Any) -> Exception | None:
        """Return an error that an expectation raised itself, not through a metric; only its text is available."""
        text = result.exception_info.get("exception_message")
        return ExpectationError(text) if text else None


class ExpectationError(Exception):
    """An expectation raised an error itself; the text may quote a value."""


def _scalar(value: Any) -> float | int | str | None:
    """Return a value for metadata; None for lists, booleans and anything else that is not a single figure."""
    if isinstance(value, bool) or value is None or isinstance(value, list | tuple | dict | set):
        return None
    if isinstance(value, Decimal | float):
        return stored_number(value) if math.isfinite(value) else None
    return value if isinstance(value, int) else str(value)


def _outcome(clause: Clause, *, success: bool) -> Outcome:
    if success:
        return Outcome.PASSED
    return Outcome.FAILED if clause.severity is Severity.ERROR else Outcome.WARNED
