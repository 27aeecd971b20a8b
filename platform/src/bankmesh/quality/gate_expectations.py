"""The clauses of a contract as expectations, and the metrics that they need.

Great Expectations combines metrics of kind AGGREGATE into one SELECT for each relation, so that one scan evaluates all
row-level clauses of a contract. Metrics of kind VALUE run queries of their own.
"""

# Great Expectations passes metrics and results around without types.
# ruff: noqa: ANN401

from __future__ import annotations

import math
import time
from decimal import Decimal
from typing import Any, ClassVar

import sqlalchemy as sa
from great_expectations.compatibility.pydantic import Field
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.core.metric_function_types import MetricPartialFunctionTypes
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import (
    column_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
    ColumnMapMetricProvider,
)
from great_expectations.expectations.metrics.metric_provider import metric_partial, metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider

from bankmesh.contracts.exact_numbers import Number, stored_number
from bankmesh.quality.duckdb_execution_engine import DuckDBExecutionEngine
from bankmesh.quality.duplicate_counts import duplicates, shared
from bankmesh.quality.measure_comparison import holds, in_unit

# --- Metrics ---------------------------------------------------------------------------------------------


class NotANumber(Exception):
    """A query did not return one number as its measure; the error's text holds no value."""

    written_for_users = True


class FailingRows(TableMetricProvider):
    """The number of rows for which `condition` is true; all such metrics share one scan."""

    metric_name = "bankmesh.failing_rows"
    value_keys = ("condition",)

    @metric_partial(
        engine=DuckDBExecutionEngine,
        partial_fn_type=MetricPartialFunctionTypes.AGGREGATE_FN,
        domain_type=MetricDomainTypes.TABLE,
    )
    def _duckdb(cls, metric_domain_kwargs: Any, metric_value_kwargs: Any, **_: Any) -> Any:  # noqa: N805
        # count_if over only nulls is null in DuckDB, and a row with a null condition is not a failing one
        counted: Any = sa.literal_column(f"coalesce(count_if({metric_value_kwargs['condition']}), 0)")
        return counted, metric_domain_kwargs, {}


class QueryResult(TableMetricProvider):
    """The one number that `query` returns, with the `seconds` it took; SQL null becomes None."""

    metric_name = "bankmesh.query_result"
    value_keys = ("query",)

    @metric_value(engine=DuckDBExecutionEngine)
    def _duckdb(cls, execution_engine: Any, metric_value_kwargs: Any, **_: Any) -> Any:  # noqa: N805
        started = time.perf_counter()
        rows = execution_engine.fetch_rows(metric_value_kwargs["query"])
        if len(rows) != 1 or len(rows[0]) != 1:
            shape = f"{len(rows)} rows of {len(rows[0])} columns" if rows else "no row"
            raise NotANumber(f"it returns {shape}; it must return one row of one column")
        return {"value": _as_number(rows[0][0]), "seconds": time.perf_counter() - started}


class DataTestResult(TableMetricProvider):
    """The result of a data test's query: number of failures, whether to warn, whether to fail."""

    metric_name = "bankmesh.data_test"
    value_keys = ("query",)

    @metric_value(engine=DuckDBExecutionEngine)
    def _duckdb(cls, execution_engine: Any, metric_value_kwargs: Any, **_: Any) -> Any:  # noqa: N805
        started = time.perf_counter()
        ((failures, warns, fails),) = execution_engine.fetch_rows(metric_value_kwargs["query"])
        number = _as_number(failures)
        if number is None or number != int(number):
            raise NotANumber("its fail_calc returns null or a fraction; it must return a whole number")
        return {
            "failures": int(number),
            "warns": bool(warns),
            "fails": bool(fails),
            "seconds": time.perf_counter() - started,
        }


class DuplicateRows(TableMetricProvider):
    """Rows beyond the first for each key, in the batch and, if `kept` names a relation, compared with that as well."""

    metric_name = "bankmesh.duplicate_rows"
    value_keys = ("columns", "types", "relation", "kept")

    @metric_value(engine=DuckDBExecutionEngine)
    def _duckdb(cls, execution_engine: Any, metric_value_kwargs: Any, **_: Any) -> Any:  # noqa: N805
        started = time.perf_counter()
        columns, types = metric_value_kwargs["columns"], metric_value_kwargs["types"]
        relation, kept = metric_value_kwargs["relation"], metric_value_kwargs["kept"]

        def fetch_row(query: str) -> tuple[Any, ...]:
            return execution_engine.fetch_rows(query)[0]  # type: ignore[no-any-return]

        count = duplicates(fetch_row, relation, columns, types)
        kept_rows = 0
        if kept:
            count += shared(fetch_row, relation, kept, columns)
            (kept_rows,) = fetch_row(f"select count(*) from {kept}")
        return {"value": count, "kept_rows": kept_rows, "seconds": time.perf_counter() - started}


class ColumnDescription(TableMetricProvider):
    """Names and DuckDB types of the columns of `relation`, in order."""

    metric_name = "bankmesh.columns"
    value_keys = ("relation",)

    @metric_value(engine=DuckDBExecutionEngine)
    def _duckdb(cls, execution_engine: Any, metric_value_kwargs: Any, **_: Any) -> Any:  # noqa: N805
        described = execution_engine.fetch_rows(f"describe select * from {metric_value_kwargs['relation']}")
        return [(name, type_) for name, type_, *_rest in described]


class MatchRegex(ColumnMapMetricProvider):
    """Great Expectations' metric for `expect_column_values_to_match_regex`, which it lacks for DuckDB."""

    condition_metric_name = "column_values.match_regex"
    condition_value_keys = ("regex",)

    @column_condition_partial(engine=DuckDBExecutionEngine)
    def _duckdb(cls, column: Any, regex: str, **_: Any) -> Any:  # noqa: N805
        return sa.func.regexp_matches(column, regex)


class NotMatchRegex(ColumnMapMetricProvider):
    """The same for `expect_column_values_to_not_match_regex`."""

    condition_metric_name = "column_values.not_match_regex"
    condition_value_keys = ("regex",)

    @column_condition_partial(engine=DuckDBExecutionEngine)
    def _duckdb(cls, column: Any, regex: str, **_: Any) -> Any:  # noqa: N805
        return sa.not_(sa.func.regexp_matches(column, regex))


def _as_number(value: Any) -> Number | None:
    """Return a number from DuckDB: whole, decimal or double."""
    if value is None or isinstance(value, int):  # a boolean counts as 0 or 1
        return None if value is None else int(value)
    if not isinstance(value, float | Decimal):
        raise NotANumber(f"it returns a {type(value).__name__}; it must return a number")
    if not math.isfinite(value):
        raise NotANumber("it returns a number that is not finite")
    return value


# --- Expectations ----------------------------------------------------------------------------------------


class _Telling(BatchExpectation):
    """An expectation that returns its details even if stock ones return only success or failure.

    The suite requests only success or failure, so that stock expectations do not fetch failing values. The details of
    these expectations are counts and names of columns.
    """

    def get_validation_dependencies(self, *args: Any, **kwargs: Any) -> Any:
        needed = super().get_validation_dependencies(*args, **kwargs)
        needed.result_format = {"result_format": "BASIC"}
        return needed


class _Compared(_Telling):
    """Base of expectations that compare a measure with `operator` and `value` in `unit`."""

    operator: str
    value: Any
    unit: str = "rows"

    measure: ClassVar[str]
    success_keys: ClassVar[tuple[str, ...]] = ("operator", "value", "unit")

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        del runtime_configuration, execution_engine
        rows = metrics["table.row_count"]
        measured = metrics[self.measure]
        found = measured if isinstance(measured, dict) else {"value": measured}
        count, rows = found["value"], rows + found.get("kept_rows", 0)
        if count is None and rows:
            return {"success": False, "result": {"measure": None}}  # not a result: read as an error
        count = count or 0  # a query may return null for zero rows
        observed = in_unit(count, rows, self.unit)
        # Great Expectations turns decimals in results into doubles; one that a double would change becomes text here.
        result = {
            "observed_value": stored_number(observed),
            "measure": stored_number(count),
            "element_count": rows,
            "seconds": found.get("seconds"),
        }
        return {"success": holds(observed, self.operator, self.value), "result": result}


class ExpectRowCountToCompare(_Compared):
    """Number of rows."""

    measure = "table.row_count"
    metric_dependencies = ("table.row_count",)


class ExpectFailingRowsToCompare(_Compared):
    """Number of rows for which `condition` is true."""

    condition: str

    measure = "bankmesh.failing_rows"
    success_keys = (*_Compared.success_keys, "condition")
    metric_dependencies = ("bankmesh.failing_rows", "table.row_count")


class ExpectQueryResultToCompare(_Compared):
    """The number that `query` returns."""

    query: str

    measure = "bankmesh.query_result"
    success_keys = (*_Compared.success_keys, "query")
    metric_dependencies = ("bankmesh.query_result", "table.row_count")


class ExpectDataTestToPass(_Telling):
    """A data test of dbt; as in dbt, a test of severity error may also only warn."""

    query: str
    may_fail: bool

    success_keys = ("query", "may_fail")
    metric_dependencies = ("bankmesh.data_test", "table.row_count")

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        del runtime_configuration, execution_engine
        found = metrics["bankmesh.data_test"]
        verdict = "failed" if self.may_fail and found["fails"] else "warned" if found["warns"] else "passed"
        details = {"outcome": verdict, "seconds": found["seconds"]}
        result = {
            "observed_value": found["failures"],
            "element_count": metrics["table.row_count"],
            "details": details,
        }
        return {"success": verdict == "passed", "result": result}


class ExpectDuplicateRowsToCompare(_Compared):
    """Number of rows that repeat an earlier key."""

    columns: list[str]
    types: list[str]
    relation: str
    kept: str | None = None

    measure = "bankmesh.duplicate_rows"
    success_keys = (*_Compared.success_keys, "columns", "types", "relation", "kept")
    metric_dependencies = ("bankmesh.duplicate_rows", "table.row_count")


class ExpectCastsToBeLossless(_Telling):
    """No column lost a value when the build cast it to its promised type; `lost` maps columns to rows."""

    lost: dict[str, int]

    metric_dependencies = ("table.row_count",)
    success_keys = ("lost",)

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        del runtime_configuration, execution_engine
        result = {"observed_value": len(self.lost), "element_count": metrics["table.row_count"]}
        return {"success": not self.lost, "result": result}


class ExpectColumnsToBeAsPromised(_Telling):
    """The columns are exactly the promised ones, in order, with the promised types.

    `partitions` are columns from folder names; a reader puts them last, so their order does not matter.
    """

    promised: list[tuple[str, str]]
    relation: str
    partitions: list[str] = Field(default_factory=list)

    metric_dependencies = ("bankmesh.columns", "table.row_count")
    success_keys = ("promised", "relation", "partitions")

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        del runtime_configuration, execution_engine
        found = [(name, type_) for name, type_ in metrics["bankmesh.columns"]]
        differences = _differences([(n, t) for n, t in self.promised], found, set(self.partitions))
        result = {
            "observed_value": len(differences),
            "details": {"differences": differences},
            "element_count": metrics["table.row_count"],
        }
        return {"success": not differences, "result": result}


def _differences(promised: list[tuple[str, str]], found: list[tuple[str, str]], unordered: set[str]) -> list[str]:
    types, actual = dict(promised), dict(found)
    differences = [f"{name} is missing" for name in types if name not in actual]
    differences += [f"{name} is not promised" for name in actual if name not in types]
    differences += [
        f"{name} is {actual[name]}, promised is {type_}"
        for name, type_ in promised
        if name in actual and actual[name] != type_
    ]
    if not differences:
        order = [name for name in types if name not in unordered]
        if order != [name for name in actual if name not in unordered]:
            differences.append(f"the order of columns is not {', '.join(order)}")
    return differences
