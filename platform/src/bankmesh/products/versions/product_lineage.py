"""OpenLineage facts of products and landings: pure functions from what the platform knows."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache
from importlib.metadata import version as installed
from typing import TYPE_CHECKING

from bankmesh.contracts.clause_rules import DuplicateValues, Expectation, SchemaMatches
from bankmesh.contracts.parsing.contract_reader import read_text
from bankmesh.lineage.landing_lineage import heading, landing_lineage
from bankmesh.lineage.lineage_graph import landing_id, legacy_id
from bankmesh.lineage.model import StepLineage
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
from bankmesh.ports import at_version, kept_contract, port_at
from bankmesh.products.code.repository_links import code_place
from bankmesh.products.inputs.partition_bounds import day_after
from bankmesh.products.product_definition import LegacyInput
from bankmesh.quality.gate import GateResult, Outcome
from bankmesh.settings import lineage_namespace
from bankmesh.sources import COMPLETE_THROUGH, current_landing

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import dagster as dg

    from bankmesh.contracts.model import Clause, Column, Contract, Partitioning
    from bankmesh.ports import CandidateFiles, Publication
    from bankmesh.products.inputs.input_snapshot import PinnedInput
    from bankmesh.products.product_definition import Input, ProductDefinition
    from bankmesh.sources import Landing, LandingComparison, LegacyObject, SourceColumn

_COMPLETE = FieldFacts(COMPLETE_THROUGH, "date", "The last day that the export holds in full.", "internal")
_ENGINES = {"dbt": ("DuckDB", "duckdb"), "polars": ("Polars", "polars"), "landing": ("PyArrow", "pyarrow")}


def run_facts(
    context: dg.AssetExecutionContext, key: dg.AssetKey, engine: str, nominal: tuple[datetime, datetime] | None = None
) -> RunFacts:
    """Return the facts of this attempt of a step that builds the asset `key` with an engine: dbt, polars, landing."""
    run, (name, package) = context.run, _ENGINES[engine]
    job = f"{key.path[0]}.{run.job_name}"
    backfill = run.tags.get("dagster/backfill")
    return RunFacts(
        dagster_run=run.run_id,
        dagster_job=job,
        step=step_of_asset(key.to_user_string()),
        attempt=context.retry_number,
        asset=key.to_user_string(),
        root=(backfill, "backfill") if backfill else (run.root_run_id or run.run_id, job),
        engine=(name, installed(package)),
        nominal=nominal,
    )


def nominal_time(partitioning: Partitioning, partitions: Iterable[str]) -> tuple[datetime, datetime]:
    """Return the first moment of the first partition and the first moment after the last, in UTC."""
    first, last = min(partitions), max(partitions)
    return _midnight(first), _midnight(day_after(partitioning.granularity, last))


def _midnight(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)


# --- products ---


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


def input_facts(pinned: PinnedInput, home: Path) -> InputFacts:
    """Return an input at its pinned version, with the columns that it was promised to have then."""
    source = pinned.source
    return InputFacts(
        ref=source.ref,
        logical=_logical(source),
        name=dataset_name(pinned.place) if pinned.place else DatasetName(lineage_namespace(), _logical(source)),
        version=str(pinned.version),
        rows=pinned.rows,
        bytes=pinned.bytes,
        fields=_fields(source, pinned.version, home),
    )


def _fields(source: Input, version: int | str, home: Path) -> tuple[FieldFacts, ...]:
    """Return the columns of an input, from its landing or from the contract that the version was published under."""
    if isinstance(source, LegacyInput):
        landing = current_landing(home, source.domain, source.system, source.object)
        columns = landing.columns if landing is not None and landing.fingerprint == version else ()
        found = tuple(FieldFacts(c.name, c.type, c.description, c.classification) for c in columns)
        return (*found, _COMPLETE) if found else ()
    port = port_at(home, f"{source.domain}.{source.name}", source.major)
    digest = at_version(port, int(version)).provenance.contract_digest
    kept = kept_contract(port, digest) if digest else None
    return contract_fields(kept) if kept else ()


@lru_cache(maxsize=64)
def contract_fields(kept: Path) -> tuple[FieldFacts, ...]:
    """Return the columns of a contract that is kept beside a port; none if this release can no longer read it."""
    contract, _ = read_text(kept.name, kept.read_text(encoding="utf-8"))
    return product_fields(contract) if contract else ()


def _field(column: Column | SourceColumn) -> FieldFacts:
    return FieldFacts(column.name, str(column.type), column.description, column.classification.label)


def product_fields(contract: Contract) -> tuple[FieldFacts, ...]:
    """Return the columns that a contract promises."""
    return tuple(map(_field, contract.columns))


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


# --- landings ---


def landing_job(item: LegacyObject, domain: str) -> JobFacts:
    """Return the job that lands a legacy object; its code is the declaration."""
    return JobFacts(
        landing_id(domain, item.system, item.name), item.owner, item.description, "LANDING", _declaration(item)
    )


def _declaration(item: LegacyObject) -> CodeFacts:
    from pathlib import Path

    file = Path(item.place.file)
    place = code_place(file)
    return CodeFacts("yaml", file.read_text(encoding="utf-8"), None, place.url, place.path, place.commit)


def legacy_input(item: LegacyObject, exports: Path) -> InputFacts:
    """Return the legacy object as its system delivers it: the files under the declaration's first name."""
    return InputFacts(
        ref=f"{item.system}.{item.name}",
        logical=legacy_id(item.system, item.name),
        name=dataset_name(str((exports / item.folder / item.files[0]).absolute())),
        version=None,
        fields=tuple(FieldFacts(heading(c), str(c.type), c.description, c.classification.label) for c in item.in_file),
        owner=item.owner,
        description=item.description,
    )


def landing_output(item: LegacyObject, domain: str, place: Path) -> OutputFacts:
    """Return the landing as an output: typed Parquet, internal to its domain."""
    return OutputFacts(
        logical=landing_id(domain, item.system, item.name),
        name=dataset_name(str(place)),
        fields=(
            *map(_field, item.columns),
            _COMPLETE,
        ),
        owner=item.owner,
        description=item.description,
        tags=(("domain", domain), ("stage", "landing"), ("classification", item.classification.label)),
    )


def landing_checks(landing: Landing, comparison: LandingComparison) -> tuple[AssertionFacts, ...]:
    """Return the promises of a landing, with their results."""
    promises = (
        ("every_row_accounted_for", landing.balanced, "Rows in = rows landed + rejects, counted separately.", None),
        ("rejects_tolerated", landing.within_tolerance, f"At most {landing.rejects_tolerated}.", landing.rejects),
        ("history_kept", comparison.is_kept, "No fewer rows, and no older, than the last accepted landing.", None),
    )
    return tuple(
        AssertionFacts(name, "row_count", None, "error", holds, "passed" if holds else "failed", text, count)
        for name, holds, text, count in promises
    )


def landed(landing: Landing, comparison: LandingComparison, item: LegacyObject) -> AttemptEnd:
    """Return the ending of a landing, whether it is acceptable or not."""
    current = landing.acceptable and comparison.is_kept
    size = sum(file.size for file in landing.files)
    return AttemptEnd(
        version=landing.fingerprint if current else None,
        rows=landing.rows if current else None,
        bytes=landing.rows_bytes,
        built_rows=landing.rows,
        lineage=landing_lineage(item),
        assertions=landing_checks(landing, comparison),
        read={f"{item.system}.{item.name}": (landing.fingerprint, landing.rows_in, size)},
    )
