"""Column lineage of a dbt product, from the compiled SQL of its models; it needs no data and no run."""

from __future__ import annotations

import json
from contextlib import nullcontext, suppress
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING, Any

from bankmesh.lineage.model import StepLineage
from bankmesh.lineage.sql import EVERY_OTHER, CompiledModel, ModelLineage, QueryNotUnderstood, lineage_of_models
from bankmesh.products.code.code_versions import fingerprint_texts
from bankmesh.products.dbt.dbt_models import (
    DBT_LOCK,
    DbtParseError,
    common_arguments,
    current_manifest,
    dbt_environment,
    key_of_node,
    project_fingerprint,
    select_models,
)
from bankmesh.storage.atomic_files import is_writable, lock_file, write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bankmesh.contracts.model import Contract
    from bankmesh.workspace.dbt_project_files import DbtProjectPlace


def derive_dbt(
    place: DbtProjectPlace, model: str, contract: Contract, schemas: Mapping[str, Mapping[str, str]]
) -> ModelLineage:
    """Return the lineage of each column that the contract promises.

    `schemas` are the inputs by the names that the model gives them (`core_banking.trans`, `retail.customer_360_v2`),
    each a mapping from column to DuckDB type; the lineage names datasets by these keys. A promised column that cannot
    be resolved is underivable.

    Raises DbtParseError if the models do not compile, TableNotDescribed if they read an input that is not described.
    """
    return promised(lineage_of_compiled(compile_models(place, model), model, schemas), contract)


def lineage_of_compiled(
    models: list[CompiledModel], model: str, schemas: Mapping[str, Mapping[str, str]]
) -> ModelLineage:
    """Return the lineage of compiled models; one that is not understood makes the whole product underivable."""
    try:
        return lineage_of_models(models, model, schemas)
    except QueryNotUnderstood as error:
        nothing = StepLineage({EVERY_OTHER: frozenset()}, underivable={EVERY_OTHER: str(error)})
        return ModelLineage(model, nothing, {model: nothing})


def promised(found: ModelLineage, contract: Contract) -> ModelLineage:
    """Return the lineage of the promised columns, in their order and by the contract's spelling.

    The cast of a product to the promised types changes no value, so an identity dependency stays one.
    """
    lineage = found.lineage
    by_name = {name.lower(): name for name in lineage.columns}
    unknown = lineage.underivable.get(EVERY_OTHER, "the models give no column of that name")
    columns, reasons = {}, {}
    for column in contract.columns:
        own = by_name.get(column.name.lower())
        columns[column.name] = lineage.columns[own] if own else frozenset()
        if own is None or own in lineage.underivable:
            reasons[column.name] = lineage.underivable[own] if own else unknown
    return replace(found, lineage=replace(lineage, columns=columns, underivable=reasons))


# Compiled models by place and product, so that a process compiles once and again only when a file changed.
_COMPILED: dict[tuple[DbtProjectPlace, str], tuple[str, list[CompiledModel]]] = {}


def compile_models(place: DbtProjectPlace, model: str) -> list[CompiledModel]:
    """Return a model and those that it depends on, compiled for a run of all partitions; each follows what it reads.

    Raises DbtParseError with dbt's own message.
    """
    wanted = project_fingerprint(place)
    with DBT_LOCK:
        known = _COMPILED.get((place, model))
        if known is None or known[0] != wanted:
            _COMPILED[place, model] = known = (wanted, _compile(place, [model]))
    return known[1]


def compile_domain(place: DbtProjectPlace, models: Sequence[str]) -> list[CompiledModel]:
    """Return the compiled SQL of all of these models and what they depend on, without those that do not compile.

    Cached in a file until a file of the project changes, so that a code location loads without importing dbt.
    """
    kept, form = place.target / "compiled_models.json", [part.name for part in fields(CompiledModel)]
    wanted = fingerprint_texts([project_fingerprint(place), *form, *models])
    with lock_file(place.target / "compiling.lock") if is_writable(place.target) else nullcontext():
        document = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
        if document.get("stamp") != wanted:
            found = _compile_all(place, models) if models else []
            document = {"stamp": wanted, "models": [asdict(model) for model in found]}
            if is_writable(place.target):
                write_atomically(kept, json.dumps(document))
    return [CompiledModel(**entry) for entry in document["models"]]


def _compile_all(place: DbtProjectPlace, models: Sequence[str]) -> list[CompiledModel]:
    with suppress(DbtParseError):
        return _compile(place, models)
    # A model that does not compile stops dbt, so they are compiled one by one.
    found: dict[str, CompiledModel] = {}
    for model in models:
        with suppress(DbtParseError):
            found |= {one.name: one for one in _compile(place, [model]) if one.name not in found}
    return list(found.values())


def _compile(place: DbtProjectPlace, models: Sequence[str]) -> list[CompiledModel]:
    from dbt.cli.main import dbtRunner

    with dbt_environment(place.domain):
        manifest = current_manifest(place)
        # No database is queried: only the selected models are compiled, not the hook that opens inputs before a run.
        # dbt compiles a model in Python only on a connection, although it sends no query.
        in_python = any(getattr(node, "language", "") == "python" for node in manifest.nodes.values())
        selected = select_models(place, manifest, models)
        outcome = dbtRunner(manifest=manifest).invoke(
            [
                *("compile", *selected, *([] if in_python else ["--no-introspect"])),
                *("--no-populate-cache", "--no-write-json", *common_arguments(place)),
            ]
        )
    if not outcome.success:
        problem = outcome.exception or f"dbt could not compile {', '.join(models)}"
        raise DbtParseError(place.domain, str(problem).strip())
    return compiled_models(place, outcome.result)


def compiled_models(place: DbtProjectPlace, results: Any) -> list[CompiledModel]:  # noqa: ANN401 - dbt's own results
    """Return the models among the results of `dbt compile` or `dbt run`, in the order in which dbt executed them."""
    nodes = [result.node for result in results]
    return [
        CompiledModel(key_of_node(place, node), node.relation_name or f"main.{node.name}", node.compiled_code)
        for node in nodes
        if node.resource_type == "model" and node.compiled_code
    ]
