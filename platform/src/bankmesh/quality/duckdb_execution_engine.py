"""Great Expectations' SQL engine on a DuckDB connection that the caller owns.

Differences from the stock engine on DuckDB:

*   Results survive: SQLAlchemy's connection stays open until the engine is closed, so a result can be fetched after the
    call that ran the query. The stock engine closes it first, and every result is empty.
*   A failing metric affects no other. The stock engine discards what was computed in the same round and computes it
    again, three times; this engine stores every answer and every failure by metric.
"""

# Great Expectations passes metrics and results around without types.
# ruff: noqa: ANN401

from __future__ import annotations

import builtins  # noqa: TC003 - pydantic reads annotations while it makes the class
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from duckdb_engine import ConnectionWrapper
from great_expectations.datasource.fluent.sql_datasource import SQLDatasource
from great_expectations.exceptions.exceptions import MetricResolutionError
from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
from sqlalchemy.pool import StaticPool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import duckdb


class BorrowedConnection(ConnectionWrapper):
    """The platform's connection with SQLAlchemy's interface: never closed, and in no transaction of its own."""

    def close(self) -> None:
        """Leave the connection open; its owner closes it."""

    def begin(self) -> None:
        """Make every statement its own transaction, so that a failing one does not affect the next."""

    def commit(self) -> None:
        """Do nothing; see `begin`."""

    def rollback(self) -> None:
        """Do nothing; see `begin`."""


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
    """Resolves metrics on DuckDB; by metric id, `answers` are their values and `failures` their errors."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Start without answers; the arguments are those of the stock engine."""
        self.failures: dict[Any, Exception] = {}
        self.answers: dict[Any, Any] = {}
        super().__init__(*args, **kwargs)
        self._metric_cache = self.answers  # where the stock engine finds the dependencies of a metric

    @contextmanager
    def get_connection(self) -> Iterator[Any]:
        """Yield the one connection of the engine."""
        if self._connection is None:
            self._connection = self.engine.connect()
        yield self._connection

    def fetch_rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return all rows of a query, which is run verbatim, without bind parameters."""
        with self.get_connection() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query).fetchall()]

    def answer(self, metric: Any) -> Any:
        """Return the value of a resolved metric, None if it is not resolved."""
        return self.answers.get(metric)

    def resolved(self, name: str) -> Any:
        """Return the value of the first metric of that name, or None; for metrics without arguments."""
        return next((value for metric, value in self.answers.items() if metric[0] == name), None)

    def reason(self, result: Any) -> Exception | None:
        """Return the error behind an expectation's result, None if none of its metrics failed."""
        named = {str(metric): error for metric, error in self.failures.items()}
        return next((named[key] for key in result.exception_info if key in named), None)

    def unexplained(self, result: Any) -> bool:
        """Whether a result reports an error although none of its metrics failed."""
        return bool(result.exception_info.get("raised_exception")) or (
            "raised_exception" not in result.exception_info and self.reason(result) is None
        )

    def close(self) -> None:
        """Release the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self.engine.dispose()

    def _process_direct_and_bundled_metric_computation_configurations(
        self,
        metric_fn_direct_configurations: Sequence[Any],
        metric_fn_bundle_configurations: Sequence[Any],
    ) -> dict[Any, Any]:
        """Resolve unresolved metrics, and report failed ones to Great Expectations."""
        for direct in self._open(metric_fn_direct_configurations):
            self._attempt(direct, lambda one: {_id(one): one.metric_fn(**one.metric_provider_kwargs)})
        bundle = self._open(metric_fn_bundle_configurations)
        try:
            self.answers.update(self.resolve_metric_bundle(bundle))
        except Exception:  # noqa: BLE001 - one at a time, to find the failing metric
            for bundled in bundle:
                self._attempt(bundled, lambda one: self.resolve_metric_bundle([one]))

        requested = [*metric_fn_direct_configurations, *metric_fn_bundle_configurations]
        failed = tuple(one.metric_configuration for one in requested if _id(one) in self.failures)
        if failed:
            raise MetricResolutionError(message="see DuckDBExecutionEngine.failures", failed_metrics=failed)
        return {_id(one): self.answers[_id(one)] for one in requested}

    def _open(self, requested: Sequence[Any]) -> list[Any]:
        return [one for one in requested if _id(one) not in self.answers and _id(one) not in self.failures]

    def _attempt(self, one: Any, resolve: Callable[[Any], dict[Any, Any]]) -> None:
        try:
            self.answers.update(resolve(one))
        except Exception as error:  # noqa: BLE001 - any error belongs to this metric alone
            self.failures[_id(one)] = error


class DuckDBDatasource(SQLDatasource):
    """A datasource on a borrowed DuckDB connection; adds `add_bankmesh_duckdb` to a context's data sources."""

    type: Literal["bankmesh_duckdb"] = "bankmesh_duckdb"  # type: ignore[assignment] # each subclass sets its own type

    @property
    def execution_engine_type(self) -> builtins.type[DuckDBExecutionEngine]:
        """The engine class of this datasource."""
        return DuckDBExecutionEngine


def datasource_arguments(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Return the arguments of a datasource whose every SQLAlchemy connection is the given DuckDB connection."""
    borrowed = BorrowedConnection(connection)
    return {
        "connection_string": "duckdb://",
        "create_temp_table": False,
        "kwargs": {"creator": lambda: borrowed, "poolclass": StaticPool},
    }


def _id(configuration: Any) -> Any:
    return configuration.metric_configuration.id
