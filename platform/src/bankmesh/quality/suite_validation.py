"""Builds one suite of expectations for each relation, validates it with Great Expectations, and reads the results.

Loads Great Expectations; only `bankmesh.quality.gate.evaluate` imports this module, when it is called.
"""

# Great Expectations passes metrics and results around without types.
# ruff: noqa: ANN401

from __future__ import annotations

import time
from contextlib import contextmanager
from functools import cache
from threading import RLock
from typing import TYPE_CHECKING, Any

import great_expectations as gx
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)

from bankmesh.contracts.clause_rules import DuplicateValues
from bankmesh.contracts.parsing.relationships import products_read
from bankmesh.quality.clause_results import GateResult
from bankmesh.quality.duckdb_execution_engine import DuckDBDatasource, datasource_arguments
from bankmesh.quality.evaluated_relations import RelationViews
from bankmesh.quality.expectation_suites import expectation_for
from bankmesh.quality.result_reader import RESULT_FORMAT, ResultReader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import duckdb

    from bankmesh.contracts.model import Clause, Contract
    from bankmesh.quality.clause_results import ClauseResult
    from bankmesh.quality.duckdb_execution_engine import DuckDBExecutionEngine
    from bankmesh.quality.evaluated_relations import GateRelations

# Datasources of one context are added and removed; two threads with two connections may do so concurrently.
_lock = RLock()


def run(
    contract: Contract, clauses: Sequence[Clause], relations: GateRelations, connection: duckdb.DuckDBPyConnection
) -> GateResult:
    """Evaluate clauses; see `bankmesh.quality.gate.evaluate`."""
    started = time.perf_counter()
    views = _views(clauses, relations, connection)
    try:
        by_role: dict[str, list[Clause]] = {"candidate": []}
        for clause in clauses:
            by_role.setdefault(_role(clause, views, relations), []).append(clause)
        found: dict[str, ClauseResult] = {}
        rows = 0
        for role, group in by_role.items():
            results, counted = _evaluated(contract, group, views, role)
            found |= results
            rows = counted if role == "candidate" else rows
    finally:
        views.drop()
    ordered = tuple(found[clause.name] for clause in clauses)
    return GateResult(ordered, rows, time.perf_counter() - started)


def _views(clauses: Sequence[Clause], relations: GateRelations, connection: duckdb.DuckDBPyConnection) -> RelationViews:
    views = RelationViews(connection, relations.casts)
    views.add("candidate", relations.candidate)
    if any(clause.whole_table for clause in clauses):
        for role, relation in (("table", relations.table), ("kept", relations.kept)):
            if relation is not None:
                views.add(role, relation)
    for clause in clauses:
        for product in products_read(clause.rule):
            if product in relations.references and product not in views.names:
                views.add(product, relations.references[product])
    return views


def _role(clause: Clause, views: RelationViews, relations: GateRelations) -> str:
    """Return the relation that a clause is evaluated on."""
    if not clause.whole_table or relations.table is None:
        return "candidate"
    if isinstance(clause.rule, DuplicateValues) and "kept" in views.names:
        return "candidate"
    return "table"


def _evaluated(
    contract: Contract, clauses: Sequence[Clause], views: RelationViews, role: str
) -> tuple[dict[str, ClauseResult], int]:
    """Return the results by clause name for one relation, and its rows (0 if they could not be counted)."""
    if role in views.broken:
        reader = ResultReader(contract, None, None)
        return {clause.name: reader.errored(clause, views.broken[role]) for clause in clauses}, 0
    with _batch(views.connection, views.names[role]) as (batch, engine):
        reader = ResultReader(contract, engine, views.names[role], views.casts or ())
        results: dict[str, ClauseResult] = {}
        expectations: dict[str, Any] = {}
        for clause in clauses:
            try:
                expectations[clause.name] = expectation_for(contract, clause, views, role)
            except Exception as error:  # noqa: BLE001 - a clause that cannot be built is errored
                results[clause.name] = reader.errored(clause, error)
        validated = _validated(batch, engine, expectations)
        for clause in clauses:
            if clause.name not in results:
                results[clause.name] = reader.read(clause, validated.get(clause.name))
        return results, reader.rows()


@contextmanager
def _batch(connection: duckdb.DuckDBPyConnection, view: str) -> Iterator[tuple[Any, DuckDBExecutionEngine]]:
    """Yield a Great Expectations batch over a view, and its engine; both are removed afterwards."""
    sources = _context().data_sources
    name = f"{view}_source"
    with _lock:
        source: DuckDBDatasource = sources.add_bankmesh_duckdb(name, **datasource_arguments(connection))
    try:
        asset = source.add_query_asset(name=view, query=f"select * from {view}")
        engine: Any = source.get_execution_engine()
        yield asset.add_batch_definition_whole_table("all").get_batch(), engine
    finally:
        source.get_execution_engine().close()
        source.get_engine().dispose()
        with _lock:
            sources.delete(name)


def _validated(batch: Any, engine: DuckDBExecutionEngine, expectations: dict[str, Any]) -> dict[str, Any]:
    """Great Expectations' results by clause name.

    The whole suite runs once. If Great Expectations fails on one expectation as a whole, or loses the reason of an
    error, the expectations without a reason run alone; metrics that are already computed are reused.
    """
    results: dict[str, Any] = {}
    try:
        suite = gx.ExpectationSuite(name="gate", expectations=list(expectations.values()))
        validated = batch.validate(suite, result_format=RESULT_FORMAT)
        results = {result.expectation_config.meta["clause"]: result for result in validated.results}
    except Exception:  # noqa: BLE001 - each expectation runs alone below
        results = {}
    for name, expectation in expectations.items():
        if name not in results or engine.unexplained(results[name]):
            try:
                results[name] = batch.validate(expectation, result_format=RESULT_FORMAT)
            except Exception as error:  # noqa: BLE001 - becomes the clause's outcome
                results[name] = error
    return results


@cache
def _context() -> Any:
    """Return the process's ephemeral context: nothing on disk, no progress bars, no analytics.

    It would otherwise write its configuration as YAML into memory four times for each relation, which nothing reads.
    """
    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        progress_bars=ProgressBarsConfig(globally=False, metric_calculations=False),
        analytics_enabled=False,
    )
    context: Any = gx.get_context(mode="ephemeral", project_config=config)
    context.variables.save = lambda: None
    return context
