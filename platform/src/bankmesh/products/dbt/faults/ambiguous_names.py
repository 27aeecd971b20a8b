"""Faults of dbt models in which several columns share a name: DuckDB takes one of them silently."""

from __future__ import annotations

from contextlib import suppress
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from bankmesh.contracts.column_types import duckdb_type
from bankmesh.errors import Fault, TransformError, UnknownName
from bankmesh.lineage.sql import RESULT, find_repeated_names
from bankmesh.products.dbt.dbt_lineage import compile_domain
from bankmesh.products.dbt.dbt_models import key_of
from bankmesh.products.workspace_lineage import columns_of_input
from bankmesh.workspace.dbt_project_files import file_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from bankmesh.contracts.model import Contract
    from bankmesh.lineage.sql import CompiledModel, RepeatedName
    from bankmesh.products.product_definition import Input
    from bankmesh.sources import LegacySystem
    from bankmesh.workspace.dbt_project_files import DbtProjectPlace

REPEATED_NAME = "dbt-repeated-name"
_HINT = "DuckDB takes one of them silently: name each column once, or select only the one that is meant"

Schemas = dict[str, dict[str, str]]


def find_repeated_name_faults(
    place: DbtProjectPlace, manifest: Mapping[str, Any], products: Iterable[str], schemas: Schemas
) -> tuple[Fault, ...]:
    """Return a fault for each repeated name that a product's model, or one that it reads, depends on.

    `products` are the models of products, `schemas` their inputs as the models name them. A model that does not compile
    has no fault here: its build reports it.
    """
    models = compile_domain(place, sorted(products))
    nodes = {key_of(manifest, node): node for node in manifest["nodes"].values() if node["resource_type"] == "model"}
    compiled = {model.name: model for model in models}
    return tuple(
        fault
        for name, repeated in _repeated(models, lambda: schemas).items()
        for fault in _faults(place, name, nodes[name], compiled[name].sql, repeated)
    )


def require_distinct_names(models: Sequence[CompiledModel], contract: Contract, schemas: Callable[[], Schemas]) -> None:
    """Raise TransformError if a model of a build depends on a repeated name; lines are those of compiled SQL."""
    for name, repeated in _repeated(models, schemas).items():
        problem = "; ".join(_problem(found, _compiled_line) for found in repeated)
        raise TransformError(contract.port, f"model {name}: {problem}", f"{_HINT}.")


def input_schemas(
    inputs: Mapping[str, Input], contracts: Iterable[Contract], domain: str, systems: Iterable[LegacySystem]
) -> Schemas:
    """Return the columns of inputs with their types in DuckDB; an input without contract or declaration is left out."""
    by_port, declared = {contract.port: contract for contract in contracts}, {domain: list(systems)}
    found: Schemas = {}
    for name, source in inputs.items():
        with suppress(UnknownName):
            columns = columns_of_input(source, by_port, declared)
            found[name] = {column: duckdb_type(kind) for column, kind in columns.items()}
    return found


def _repeated(
    models: Sequence[CompiledModel], schemas: Callable[[], Schemas]
) -> Mapping[str, tuple[RepeatedName, ...]]:
    try:
        return find_repeated_names(models, schemas())
    except Exception:  # noqa: BLE001 - as for lineage: a query that is not understood is no fault of a product
        return {}


# --- Messages about a repeated name ----------------------------------------------------------------------------------


def _faults(
    place: DbtProjectPlace, name: str, node: Mapping[str, Any], compiled: str, repeated: Iterable[RepeatedName]
) -> Iterator[Fault]:
    file = file_of(place.project, node)
    lines = line_numbers(compiled, file.read_text(encoding="utf-8"))

    def shown(line: int) -> str:
        return f"line {lines[line]}" if line in lines else _compiled_line(line)

    # The result of an ephemeral model is a subquery of those that read it, and only a name that they read is a fault.
    is_inlined = node["config"]["materialized"] == "ephemeral"
    for found in repeated:
        if is_inlined and found.relation == RESULT:
            continue
        known = [line for line in (found.read, *(line for _, line in found.places)) if line in lines]
        at = lines[known[0]] if known else 1
        yield Fault(str(file), at, REPEATED_NAME, f"{name}: {_problem(found, shown)}; {_HINT}")


def _compiled_line(line: int) -> str:
    return f"line {line} of the compiled model"


def _problem(found: RepeatedName, shown: Callable[[int], str]) -> str:
    columns = [f"column {at} ({shown(line)})" if line else f"column {at}" for at, line in found.places]
    read = "" if found.relation == RESULT else ", and is read"
    return f"{found.name} names {len(columns)} columns of {found.relation}: {' and '.join(columns)}{read}"


def line_numbers(compiled: str, source: str) -> dict[int, int]:
    """Return the line of a model's file for each line of its compiled SQL that can be matched; both count from 1."""
    before, after = ([line.rstrip() for line in text.splitlines()] for text in (compiled, source))
    found: dict[int, int] = {}
    for kind, start, end, other, other_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal" or (kind == "replace" and end - start == other_end - other):
            found |= {start + at + 1: other + at + 1 for at in range(end - start)}
    return found
