"""OpenLineage events of an attempt at a product, from its contract, pinned inputs, gate and publication."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache
from importlib.metadata import version as installed
from typing import TYPE_CHECKING

from bankmesh.contracts.clause_rules import DuplicateValues, Expectation, SchemaMatches
from bankmesh.contracts.parsing.contract_reader import read_text
from bankmesh.lineage.lineage_graph import landing_id
from bankmesh.lineage.model import StepLineage
from bankmesh.lineage.openlineage.attempt_events import attempt
from bankmesh.lineage.openlineage.attempt_facts import (
    AssertionFacts,
    AttemptEnd,
    CodeFacts,
    FieldFacts,
    InputFacts,
    JobFacts,
    OutputFacts,
    RunFacts,
)
from bankmesh.lineage.openlineage.openlineage_names import DatasetName, dataset_name
from bankmesh.names import step_of_asset
from bankmesh.ports import kept_contract
from bankmesh.products.inputs.partition_bounds import day_after
from bankmesh.products.product_definition import LegacyInput
from bankmesh.quality.gate import GateResult, Outcome
from bankmesh.settings import lineage_namespace
from bankmesh.sources import COMPLETE_THROUGH

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from bankmesh.contracts.model import Clause, Column, Contract, Partitioning
    from bankmesh.lineage.openlineage.attempt_events import Attempt
    from bankmesh.ports import CandidateFiles, Port, Publication
    from bankmesh.products.build_run import StepRun
    from bankmesh.products.inputs.pinned_inputs import PinnedInput
    from bankmesh.products.product_definition import Input, ProductDefinition
    from bankmesh.sources import SourceColumn

COMPLETE_FIELD = FieldFacts(COMPLETE_THROUGH, "date", "The last day that the export holds in full.", "internal")
_ENGINES = {"dbt": ("DuckDB", "duckdb"), "polars": ("Polars", "polars"), "landing": ("PyArrow", "pyarrow")}


def record_attempt(
    step: StepRun,
    product: ProductDefinition,
    port: Port,
    partitions: tuple[str, ...] | None,
    read: Iterable[PinnedInput],
) -> AbstractContextManager[Attempt]:
    """Return the context of an attempt at a product whose inputs are pinned; `read` is everything that it reads."""
    return _record(step, product, port, partitions, list(map(input_facts, read)))


def record_unpinned(
    step: StepRun, product: ProductDefinition, port: Port, partitions: tuple[str, ...] | None
) -> AbstractContextManager[Attempt]:
    """Return the context of an attempt that fails because an input has no version to read."""
    sources = sorted(set(product.inputs.values()), key=lambda source: source.ref)
    return _record(step, product, port, partitions, list(map(unpinned_facts, sources)))


def _record(
    step: StepRun,
    product: ProductDefinition,
    port: Port,
    partitions: tuple[str, ...] | None,
    inputs: list[InputFacts],
) -> AbstractContextManager[Attempt]:
    contract = product.contract
    nominal = nominal_time(contract.partitioning, partitions) if contract.partitioning and partitions else None
    run = run_facts(step, product.asset, product.engine, nominal)
    return attempt(step.keep_event, run, product_job(product), inputs, product_output(contract, port.path))


def run_facts(step: StepRun, asset: str, engine: str, nominal: tuple[datetime, datetime] | None = None) -> RunFacts:
    """Return the facts of an attempt at an asset (`retail/party`), built with an engine: dbt, polars or landing."""
    name, package = _ENGINES[engine]
    job = f"{asset.partition('/')[0]}.{step.job}"
    root_id, root_job = step.root or (step.run_id, None)
    return RunFacts(
        dagster_run=step.run_id,
        dagster_job=job,
        step=step_of_asset(asset),
        attempt=step.retry,
        asset=asset,
        root=(root_id, root_job or job),
        engine=(name, installed(package)),
        nominal=nominal,
    )


def nominal_time(partitioning: Partitioning, partitions: Iterable[str]) -> tuple[datetime, datetime]:
    """Return the first moment of the first partition and the first moment after the last, in UTC."""
    first, last = min(partitions), max(partitions)
    return _midnight(first), _midnight(day_after(partitioning.granularity, last))


def _midnight(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)


def product_job(product: ProductDefinition) -> JobFacts:
    """Return the job that builds a product; the build reports which code it ran."""
    contract = product.contract
    kind = "MODEL" if product.engine == "dbt" else "TRANSFORM"
    return JobFacts(contract.port, contract.owner, contract.purpose.strip(), kind)


def product_output(contract: Contract, place: Path) -> OutputFacts:
    """Return the product's port as an output, described by its contract."""
    return OutputFacts(
        logical=contract.port,
        name=dataset_name(str(place)),
        fields=product_fields(contract),
        owner=contract.owner,
        description=contract.purpose.strip(),
        tags=(
            ("domain", contract.domain),
            ("product_type", contract.product_type),
            ("contract_version", contract.version),
            ("contract_status", contract.status.value),
            ("classification", contract.classification.label),
            *(("tag", tag) for tag in contract.tags),
        ),
    )


def input_facts(pinned: PinnedInput) -> InputFacts:
    """Return an input at its pinned version, with the columns that it was promised to have then."""
    source = pinned.source
    return InputFacts(
        ref=source.ref,
        logical=_logical(source),
        name=dataset_name(pinned.place) if pinned.place else DatasetName(lineage_namespace(), _logical(source)),
        version=str(pinned.version),
        rows=pinned.rows,
        bytes=pinned.bytes,
        fields=_fields(pinned),
    )


def _fields(pinned: PinnedInput) -> tuple[FieldFacts, ...]:
    """Return the columns of an input, from its landing or from the contract that the version was published under."""
    if pinned.landing is not None:
        columns = pinned.landing.columns
        found = tuple(FieldFacts(c.name, c.type, c.description, c.classification) for c in columns)
        return (*found, COMPLETE_FIELD) if found else ()
    if pinned.opened is None:
        return ()
    digest = pinned.opened.provenance.contract_digest
    kept = kept_contract(pinned.opened.port, digest) if digest else None
    return contract_fields(kept) if kept else ()


@lru_cache(maxsize=64)
def contract_fields(kept: Path) -> tuple[FieldFacts, ...]:
    """Return the columns of a contract that is kept beside a port; none if this release can no longer read it."""
    contract, _ = read_text(kept.name, kept.read_text(encoding="utf-8"))
    return product_fields(contract) if contract else ()


def column_field(column: Column | SourceColumn) -> FieldFacts:
    """Return a column as a contract or a source declaration describes it."""
    return FieldFacts(column.name, str(column.type), column.description, column.classification.label)


def product_fields(contract: Contract) -> tuple[FieldFacts, ...]:
    """Return the columns that a contract promises."""
    return tuple(map(column_field, contract.columns))


def _logical(source: Input) -> str:
    return landing_id(source.domain, source.system, source.object) if isinstance(source, LegacyInput) else source.ref


def unpinned_facts(source: Input) -> InputFacts:
    """Return an input of which no version could be pinned; it has its logical name, because it has no place yet."""
    return InputFacts(source.ref, _logical(source), DatasetName(lineage_namespace(), _logical(source)), None)


# A clause that could not be evaluated is an error, and a data test of severity error may only have warned.
_SEVERITY = {Outcome.ERRORED: "error", Outcome.WARNED: "warning"}


def assertions(gate: GateResult) -> tuple[AssertionFacts, ...]:
    """Return the gate's results, clause by clause: only counts of failing rows, and no values from the data."""
    return tuple(
        AssertionFacts(
            name=result.clause.name,
            rule=_rule(result.clause),
            column=result.clause.columns[0] if len(result.clause.columns) == 1 else None,
            severity=_SEVERITY.get(result.outcome, result.clause.severity.value),
            holds=result.outcome is Outcome.PASSED,
            outcome=result.outcome.value,
            description=result.clause.description,
            failing_rows=result.failing_rows,
        )
        for result in gate.results
    )


def _rule(clause: Clause) -> str:
    """Return the kind of test, in the words that OpenLineage gives as examples where they fit."""
    match clause.rule:
        case Expectation(type=kind):
            return kind
        case DuplicateValues():
            return "unique"
        case SchemaMatches():
            return "schema"
        case rule:
            return {
                "NullValues": "not_null",
                "MissingReferences": "relationships",
                "SqlMeasure": "custom_sql",
            }.get(type(rule).__name__, re.sub(r"(?<!^)(?=[A-Z])", "_", type(rule).__name__).lower())


def refused(gate: GateResult) -> AttemptEnd:
    """Return the ending of a candidate that could not be written, because a cast would have lost values."""
    return AttemptEnd(assertions=assertions(gate))


def gated(files: CandidateFiles, gate: GateResult, lineage: StepLineage, code: CodeFacts | None) -> AttemptEnd:
    """Return the ending of a candidate after its gate, whether it is published or not."""
    return AttemptEnd(built_rows=files.rows, nulls=files.nulls, lineage=lineage, code=code, assertions=assertions(gate))


def with_publication(known: AttemptEnd, publication: Publication) -> AttemptEnd:
    """Return the same ending with the version that the candidate became."""
    return replace(known, version=str(publication.version), rows=publication.rows, bytes=publication.bytes)


def published(publication: Publication, contract: Contract) -> AttemptEnd:
    """Return the ending of a version from the metadata of its own commit."""
    made = publication.provenance
    known = AttemptEnd(
        lineage=StepLineage.from_json(made.lineage) if made.lineage else None,
        assertions=assertions(GateResult.from_json(made.gate, contract)),
    )
    return with_publication(known, publication)
