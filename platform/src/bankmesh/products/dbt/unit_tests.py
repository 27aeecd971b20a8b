"""dbt's own unit tests of models, run by dbt on mocked rows: no data, no network, no database file.

dbt queries the database for the columns of what a unit test mocks. So every input exists there without rows, with the
columns that contracts and source declarations promise, and every step beneath the tested models is built from these.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from bankmesh.contracts.column_types import duckdb_type
from bankmesh.products.dbt.dbt_models import (
    DBT_LOCK,
    common_arguments,
    current_manifest,
    dbt_environment,
    find_models,
    key_of,
    select_nodes,
    source_name,
    with_ancestors,
)
from bankmesh.products.product_definition import ProductInput
from bankmesh.sources import COMPLETE_THROUGH
from bankmesh.sql_text import sql_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from bankmesh.contracts.model import Contract
    from bankmesh.products.dbt.dbt_domain import DbtDomain
    from bankmesh.sources import LegacySystem

_OUTCOMES = {"pass": "passed", "fail": "failed", "success": "passed"}


@dataclass(frozen=True)
class UnitTestResult:
    """The result of one unit test: its model, and its outcome, `passed`, `failed` or `errored`.

    `message` is dbt's: the difference between expected and actual rows, all of them mocked, or why it could not run.
    """

    model: str
    name: str
    outcome: str
    message: str


def models_with_unit_tests(manifest: Mapping[str, Any], product: str | None = None) -> list[str]:
    """Return the models with unit tests, sorted: those of a product and of its ancestors, or all of a domain."""
    models = {model for model, _ in _unit_tests(manifest).values()}
    if product is not None:
        models &= {key_of(manifest, node) for node in with_ancestors(manifest, find_models(manifest)[product])}
    return sorted(models)


def _unit_tests(manifest: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Return the unit tests by their ids: the model that each tests, and its name."""
    tests: Mapping[str, Mapping[str, Any]] = manifest.get("unit_tests") or {}
    own = manifest["metadata"]["project_name"]
    return {
        unique_id: (key_of(manifest, manifest["nodes"][test["depends_on"]["nodes"][0]]), _name_of_test(test))
        for unique_id, test in tests.items()
        if test["package_name"] == own
    }


def _name_of_test(test: Mapping[str, Any]) -> str:
    """Return the test's name in dbt's results, which ends with the version if the model has one."""
    version = test.get("version")
    return test["name"] if version is None else f"{test['name']}_v{version}"


def run_unit_tests(
    loaded: DbtDomain, models: Collection[str], systems: Iterable[LegacySystem], contracts: Iterable[Contract]
) -> list[UnitTestResult]:
    """Run the unit tests of these models; `contracts` are those of all domains. dbt is not imported if there are none.

    Never raises because of a test: a test that cannot run has the outcome `errored`.
    """
    if not models:
        return []
    inputs = [
        {"schema": name.split(".")[0], "name": name.split(".")[1], "relation": _empty(columns)}
        for name, columns in _input_columns(systems, contracts).items()
    ]
    steps = sorted(_steps(loaded.manifest, models))
    selected = [unique_id for unique_id, (model, _) in _unit_tests(loaded.manifest).items() if model in models]
    with DBT_LOCK, dbt_environment(loaded.place.domain):
        results = _run(loaded, inputs, steps, selected)
    return results + _missing(loaded.manifest, models, results)


def _missing(
    manifest: Mapping[str, Any], models: Collection[str], results: list[UnitTestResult]
) -> list[UnitTestResult]:
    """Return unit tests without a result from dbt, as `errored`: a test that did not run has not passed."""
    found = {(result.model, result.name) for result in results}
    wanted = [test for test in _unit_tests(manifest).values() if test[0] in models]
    return [UnitTestResult(*test, "errored", "dbt did not run it") for test in wanted if test not in found]


def _run(
    loaded: DbtDomain, inputs: list[dict[str, str]], steps: list[str], selected: list[str]
) -> list[UnitTestResult]:
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    from bankmesh.ports import delta_extension_path

    given: dict[str, Any] = {
        "delta_extension": str(delta_extension_path()),
        "inputs": inputs,
        "products": {},
        "partition_ranges": None,
    }
    arguments = [
        *("--vars", orjson.dumps({"bankmesh": given}).decode(), "--no-write-json"),
        *common_arguments(loaded.place),
    ]
    results: list[UnitTestResult] = []
    try:
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
        for command, chosen in ([("run", steps)] if steps else []) + [("test", selected)]:
            manifest = current_manifest(loaded.place)
            choose = select_nodes(manifest, chosen)
            outcome = dbtRunner(manifest=manifest).invoke([command, *choose, *arguments])
            answered: Any = outcome.result or []
            found = [_result(loaded.manifest, answer) for answer in answered]
            # A step or a hook is reported only if it failed, because then no test could run.
            results += [item for item, answer in zip(found, answered, strict=True) if _counts(item, answer)]
            if outcome.exception is not None:
                results.append(UnitTestResult("dbt", command, "errored", str(outcome.exception).strip()))
    finally:
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    return results


def _counts(result: UnitTestResult, answer: Any) -> bool:  # noqa: ANN401 - dbt's own result, not public
    return bool(answer.node.resource_type == "unit_test") or result.outcome != "passed"


def _result(manifest: Mapping[str, Any], answer: Any) -> UnitTestResult:  # noqa: ANN401 - dbt's own result, not public
    outcome = _OUTCOMES.get(str(answer.status), "errored")
    test = _unit_tests(manifest).get(answer.node.unique_id)
    # A step that failed is reported too.
    step = manifest["nodes"].get(answer.node.unique_id)
    model = test[0] if test else key_of(manifest, step) if step else "dbt"
    message = "\n".join((answer.message or "").strip("\n").splitlines())
    return UnitTestResult(model, test[1] if test else answer.node.name, outcome, message)


def _steps(manifest: Mapping[str, Any], models: Collection[str]) -> set[str]:
    """Return the ids of the tested models' steps: where one mocks another, dbt reads its columns from the database."""
    nodes = find_models(manifest)
    found = [node for model in models for node in with_ancestors(manifest, nodes[model])]
    return {node["unique_id"] for node in found if node["config"]["materialized"] not in {"product", "ephemeral"}}


def _input_columns(systems: Iterable[LegacySystem], contracts: Iterable[Contract]) -> dict[str, dict[str, str]]:
    """Return columns with DuckDB types of all that a model of the domain may read, by the names that dbt uses."""
    found = {
        source_name(ProductInput(c.domain, c.name, c.major)): {col.name: duckdb_type(col.type) for col in c.columns}
        for c in contracts
    }
    for system in systems:
        for item in system.objects:
            columns = {column.name: duckdb_type(column.type) for column in item.columns}
            found[f"{system.name}.{item.name}"] = columns | {COMPLETE_THROUGH: "DATE"}
    return found


def _empty(columns: Mapping[str, str]) -> str:
    listed = ", ".join(f"null::{type_} as {sql_name(name)}" for name, type_ in columns.items())
    return f"(select {listed} where false)"
