"""Build a candidate with dbt, in this process, on an in-memory DuckDB."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import orjson

from bankmesh.errors import TransformError
from bankmesh.lineage.openlineage.attempt_facts import CodeFacts
from bankmesh.products.build_types import BuildResult, or_underivable
from bankmesh.products.cancellation import stoppable
from bankmesh.products.candidates.candidate_files import repeated_columns
from bankmesh.products.candidates.duckdb_candidate import describe_query, write_candidate
from bankmesh.products.candidates.duckdb_columns import duckdb_columns
from bankmesh.products.code.repository_links import code_place
from bankmesh.products.dbt.dbt_lineage import compiled_models, lineage_of_compiled, promised
from bankmesh.products.dbt.dbt_models import (
    DBT_LOCK,
    common_arguments,
    current_manifest,
    dbt_environment,
    key_of_node,
    select_models,
)
from bankmesh.products.dbt.faults.ambiguous_names import require_distinct_names
from bankmesh.products.inputs.partition_bounds import day_after, partition_runs
from bankmesh.products.retry_policy import machine_fault

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bankmesh.contracts.model import Contract, Partitioning
    from bankmesh.lineage.sql import CompiledModel
    from bankmesh.products.build_types import BuildRequest
    from bankmesh.products.candidates.candidate_files import WrittenCandidate
    from bankmesh.workspace.dbt_project_files import DbtProjectPlace


def build_with_dbt(place: DbtProjectPlace, model: str, contract: Contract, request: BuildRequest) -> BuildResult:
    """Run the models that the model reads, then write its own rows, all in one in-memory database.

    Raises TransformError with dbt's own message, CastsRefused for types that cannot become the promised ones,
    or OSError where disk or network failed.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    with DBT_LOCK, dbt_environment(place.domain):
        # The in-memory database outlives an invocation; close it, or its memory and its views stay.
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
        try:
            manifest = current_manifest(place)
            selected = select_models(place, manifest, [model])
            runner = dbtRunner(manifest=manifest)
            variables = orjson.dumps({"bankmesh": run_variables(contract, request)}).decode()
            with stoppable(_cancel_queries):
                outcome = runner.invoke(
                    ["run", *selected, "--vars", variables, "--no-write-json", *common_arguments(place)]
                )
                if isinstance(outcome.exception, KeyboardInterrupt):
                    raise outcome.exception
            own = _own_node(place, outcome, model, contract, request)
            models = compiled_models(place, outcome.result)
            results: Any = outcome.result
            in_python = {key_of_node(place, item.node) for item in results if item.node.language == "python"}
            queries = {read.name: read.sql for read in models if read.name not in in_python}
            cursor = DuckDBConnectionManager.env().handle().cursor()  # type: ignore[no-untyped-call]
            columns = cache(lambda: {name: duckdb_columns(pinned.scan()) for name, pinned in request.inputs.items()})
            require_distinct_names(models, contract, columns)
            with stoppable(cursor.interrupt):
                written = _write(cursor, queries, model, contract, request)
        finally:
            DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    return BuildResult(
        or_underivable(lambda: promised(lineage_of_compiled(models, model, columns()), contract).lineage, contract),
        _code(models, place.project / own.original_file_path),
        written.rows,
        written.losses,
    )


def _own_node(
    place: DbtProjectPlace,
    outcome: Any,  # noqa: ANN401 - dbt's own result
    model: str,
    contract: Contract,
    request: BuildRequest,
) -> Any:  # noqa: ANN401 - dbt's own node
    """Return the product's model as dbt ran it. Raises TransformError if dbt failed, or ran another materialization."""
    if not outcome.success:
        if fault := machine_fault(_result_message(outcome)):
            raise fault
        if request.shows_errors:
            problem = f"dbt could not build {model}: {_result_message(outcome)}"
            raise TransformError(contract.port, problem, "") from outcome.exception
        raise TransformError(contract.port, f"dbt could not build {model}: {_problem(outcome)}", _HINT)
    own = next((result.node for result in outcome.result if key_of_node(place, result.node) == model), None)
    if own is None:
        raise TransformError(contract.port, f"dbt ran no model {model}, so it is empty or disabled", "Write a select.")
    if own.config.materialized != MATERIALIZATION:
        problem = f"model {model} is materialized as {own.config.materialized}, so its rows would not be written"
        hint = f"Remove the setting: the platform materializes a product's model as {MATERIALIZATION}."
        raise TransformError(contract.port, problem, hint)
    return own


def _write(
    cursor: Any,  # noqa: ANN401 - dbt's own wrapper of a DuckDB cursor
    queries: Mapping[str, str],
    model: str,
    contract: Contract,
    request: BuildRequest,
) -> WrittenCandidate:
    import duckdb

    try:
        for name, query in queries.items():
            _require_one_query(cursor, name, query, contract)
        return write_candidate(cursor, queries[model], contract, request.target)
    except duckdb.Error as error:
        if fault := machine_fault(f"io error {error}" if isinstance(error, duckdb.IOException) else str(error)):
            raise fault from None
        if request.shows_errors:
            raise TransformError(contract.port, f"dbt could not build {model}: {error}", "") from error
        failure = TransformError(contract.port, f"dbt could not build {model}: {_shown(str(error))}", _HINT)
    # Outside the handler: an error in the chain would take its text, values and all, into the event log.
    raise failure


def _require_one_query(cursor: Any, name: str, query: str, contract: Contract) -> None:  # noqa: ANN401 - as above
    """Check that a model is one query and names each column once: DuckDB would rename the second in a view."""
    statements = cursor.extract_statements(query)
    if len(statements) != 1:
        problem = f"model {name} holds {len(statements)} statements" if statements else f"model {name} is empty"
        raise TransformError(contract.port, problem, "Write one select in it.")
    if repeated := repeated_columns([column for column, _ in describe_query(cursor, query)]):
        hint = "Name each column once: DuckDB would take the first and rename the others."
        raise TransformError(contract.port, f"model {name}: {repeated}", hint)


def _cancel_queries() -> None:
    """Cancel the queries of dbt's own threads on DuckDB; dbt treats them as failed."""
    from dbt.adapters.factory import FACTORY

    for adapter in tuple(FACTORY.adapters.values()):
        adapter.connections.cancel_open()


def _code(models: list[CompiledModel], file: Path) -> CodeFacts:
    place = code_place(file)
    text = "\n\n".join(f"-- {model.name}\n{model.sql.strip()}" for model in models)
    return CodeFacts("sql", text, "duckdb", place.url, place.path, place.commit)


_HINT = "Fix the model or the contract; nothing was published and readers keep the last good version."
MATERIALIZATION = "product"
"""The materialization of a product's model, see `dbt_files/macros/product.sql`."""


def run_variables(contract: Contract, request: BuildRequest) -> dict[str, Any]:
    """Return what the macros of the dbt project read: pinned inputs and the partitions to build."""
    from bankmesh.ports import delta_extension_path

    partitioned = contract.partitioning
    return {
        "delta_extension": str(delta_extension_path()),
        "inputs": [
            {"schema": name.split(".")[0], "name": name.split(".")[1], "relation": pinned.relation}
            for name, pinned in request.inputs.items()
        ],
        "partition_ranges": partition_ranges(partitioned, request.partitions)
        if partitioned and request.partitions
        else None,
    }


def partition_ranges(partitioning: Partitioning, partitions: tuple[str, ...]) -> list[dict[str, str | None]]:
    """Return the first day of each run of partitions without a gap, and the day after its last one.

    None on a side where the product's partitions end, so that rows beyond are not lost.
    """
    ends = [
        (first, day_after(partitioning.granularity, last))
        for first, last in partition_runs(partitioning.granularity, partitions)
    ]
    return [
        {
            "start": None if first == partitioning.start else first,
            "end": None if end == partitioning.end or (partitioning.end is None and end > _today()) else end,
        }
        for first, end in ends
    ]


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


# Errors about the text of a query. Other errors (conversions, casts) may quote values.
_SAFE_ERRORS = ("Compilation Error", "Parser Error", "Binder Error", "Catalog Error")


def _problem(outcome: Any) -> str:  # noqa: ANN401 - dbt's own result
    return "; ".join(_shown(message) for message in _messages(outcome)) or "dbt gave no message"


def _result_message(outcome: Any) -> str:  # noqa: ANN401 - dbt's own result
    """Return all messages of dbt; they may quote values, so they are shown only for synthetic rows."""
    return "\n".join(_messages(outcome)) or "dbt gave no message"


def _messages(outcome: Any) -> list[str]:  # noqa: ANN401 - dbt's own result
    failed = [r for r in outcome.result or [] if getattr(r, "message", None) and str(r.status) in {"error", "fail"}]
    return [str(outcome.exception)] if outcome.exception is not None else [str(r.message) for r in failed]


def _shown(message: str) -> str:
    """Return a message if its errors are of kinds that never quote values; else name the kind of error alone."""
    text = " ".join(message.split())
    named = [(text.index(kind), kind) for kind in _ERROR_KIND.findall(text)]
    kinds = {kind for _, kind in named}
    if kinds and kinds <= {*_SAFE_ERRORS, *_WRAPPERS}:
        return text
    inner = next((kind for _, kind in sorted(named) if kind not in _WRAPPERS), "an error")
    return f"{inner}; its message may quote values and is not shown"


_ERROR_KIND = re.compile(r"\b[A-Z][a-z]+ Error\b")
_WRAPPERS = {"Runtime Error", "Database Error"}
