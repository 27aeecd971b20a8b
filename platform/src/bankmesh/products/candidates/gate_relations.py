"""SQL relations that the gate reads: the candidate, the rows it joins, and the products it refers to."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bankmesh.contracts.clause_rules import Volume
from bankmesh.contracts.column_types import duckdb_type
from bankmesh.contracts.parsing.relationships import products_read
from bankmesh.ports import rest_relation_sql, volume_after, volume_baseline
from bankmesh.products.product_definition import product_input
from bankmesh.products.profiles.candidate_sample import candidate_sample
from bankmesh.products.profiles.shift_measures import measure_shifts
from bankmesh.quality.gate import GateRelations, VolumeChange
from bankmesh.sql_text import sql_literal, sql_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from bankmesh.contracts.build_casts import CastLoss
    from bankmesh.contracts.model import Clause, Contract
    from bankmesh.contracts.shrink_tolerance import AcceptedShrink
    from bankmesh.ports import CandidateFiles, Port, Publication
    from bankmesh.products.product_definition import Input, ProductDefinition, ProductInput
    from bankmesh.products.profiles.candidate_sample import CandidateSample
    from bankmesh.quality.gate import ClassificationFlow


def referenced_inputs(clauses: Iterable[Clause]) -> dict[str, ProductInput]:
    """Return products that foreign keys or data tests among the clauses look values up in, by their id."""
    products = {product for clause in clauses for product in products_read(clause.rule)}
    return {product: product_input(product) for product in sorted(products)}


def sources_of(product: ProductDefinition) -> set[Input]:
    """Return what a build reads: inputs of the transform, and what the gate looks foreign keys up in."""
    return {*product.inputs.values(), *referenced_inputs(product.contract.clauses).values()}


def candidate_relation(contract: Contract, folder: Path) -> str:
    """Return a relation of the candidate's rows; an empty one of the promised shape if no file was written."""
    if not any(folder.rglob("*.parquet")):
        columns = ", ".join(f"null::{duckdb_type(c.type)} as {sql_name(c.name)}" for c in contract.columns)
        return f"(select {columns} where false)"
    pattern = sql_literal(f"{folder}/**/*.parquet")
    if contract.partitioning is None:
        return f"read_parquet({pattern}, can_have_nan = true, hive_partitioning = false)"
    column = sql_literal(contract.partitioning.column)
    # Hive folders put the partition column last, so the promised order is restored here.
    names = ", ".join(sql_name(c.name) for c in contract.columns)
    options = f"can_have_nan = true, hive_partitioning = true, hive_types = {{{column}: date}}"
    return f"(select {names} from read_parquet({pattern}, {options}))"


def kept_relation(
    contract: Contract, port: Port, partitions: tuple[str, ...] | None, version: int | None
) -> str | None:
    """Return the rows of a version that a candidate of these partitions leaves as they are; None if it leaves none."""
    if contract.partitioning is None or partitions is None or version is None:
        return None
    return rest_relation_sql(port, version, contract.partitioning.column, partitions)


def table_relation(candidate: str, kept: str | None) -> str:
    """Return what readers would see once the candidate is published."""
    return f"(from {candidate} union all by name from {kept})" if kept else candidate


def for_gate(
    contract: Contract,
    port: Port,
    folder: Path,
    partitions: tuple[str, ...] | None,
    published: Publication | None,
    references: Mapping[str, str],
    casts: tuple[CastLoss, ...],
    *,
    files: CandidateFiles,
    accepted: AcceptedShrink | None = None,
    classification: ClassificationFlow | None = None,
) -> tuple[GateRelations, CandidateSample]:
    """Return what the gate reads for one candidate, and the sample of rows that its profile is made of.

    `kept` are the published rows that a run over some partitions leaves as they are; `table` is what
    readers would see once the candidate, which consists of `files`, is published. `accepted` is a person's decision
    that it may have fewer rows than the version before. `classification` is the flow of confidentiality to its columns.
    """
    candidate = candidate_relation(contract, folder)
    version = published.version if published else None
    kept = kept_relation(contract, port, partitions, version)
    table = table_relation(candidate, kept) if kept else None
    volume = None
    if any(isinstance(clause.rule, Volume) for clause in contract.clauses):
        replaced = partitions if contract.partitioning else None
        after = volume_after(port, files, replaced)
        volume = VolumeChange(volume_baseline(port), after, table or candidate, accepted)
    sample = candidate_sample(contract, port, (candidate, table or candidate), files, partitions, published)
    shifts = partial(measure_shifts, contract, port, version, sample)
    return GateRelations(candidate, table, kept, dict(references), casts, volume, classification, shifts), sample
