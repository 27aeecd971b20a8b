"""Fingerprints of what each partition of a product is built from, one for each input that is read by partition.

A version keeps these fingerprints in its commit. A partition whose fingerprints are the same now would be rebuilt
unchanged. A fingerprint covers the rows of the partition, the columns with their types and classes, the day up to which
a landing is complete as far as the partition depends on it, and the rows that lie in no partition at all.

Rows of a landing are compared by their number and by two sums of hashes, which no order of the rows changes; those of a
product by the names of the files that the partition has.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from bankmesh.ports import connect
from bankmesh.products.inputs.partition_bounds import day_after, partition_keys
from bankmesh.products.product_definition import InputCompleteness
from bankmesh.sources import COMPLETE_THROUGH
from bankmesh.sql_text import sql_literal, sql_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bankmesh.contracts.model import Partitioning
    from bankmesh.ports import OpenVersion
    from bankmesh.products.inputs.pinned_inputs import PinnedInput
    from bankmesh.products.product_definition import PartitionInput, ProductDefinition

Fingerprints = dict[str, dict[str, str]]
"""Fingerprints by input, as the snapshot vector names it, and by partition."""

_LENGTH = 24  # hexadecimal digits: 96 bits


@dataclass(frozen=True)
class PartitionedRows:
    """A summary of the rows of an input at one version.

    Attributes:
        columns: name, type and class of each column, in order.
        content: by first day of a month or day, the text that its rows are compared by; "" holds those without a date.
        complete_through: the day up to which a landing is complete; None where that is not known.
    """

    columns: tuple[tuple[str, ...], ...]
    content: Mapping[str, str]
    complete_through: date | None = None


def fingerprint_partitions(
    rows: PartitionedRows, declared: PartitionInput, partitioning: Partitioning, partitions: Iterable[str]
) -> dict[str, str]:
    """Return the fingerprint of each partition; `partitions` are all that the product has now."""
    keys = list(partitions)
    elsewhere = sorted((key, found) for key, found in rows.content.items() if key not in set(keys))
    common = [declared.column, declared.complete_through, partitioning.granularity, rows.columns, elsewhere]
    return {
        key: _digest([*common, _complete(rows, declared, partitioning, key), rows.content.get(key, "")]) for key in keys
    }


def _complete(rows: PartitionedRows, declared: PartitionInput, partitioning: Partitioning, partition: str) -> str:
    """Return how far the landing is complete, as far as the partition depends on it."""
    through = rows.complete_through
    if through is None:
        return "unknown"
    if declared.complete_through is InputCompleteness.BY_DAY:
        if through < date.fromisoformat(partition):
            return "before"
        if through >= date.fromisoformat(day_after(partitioning.granularity, partition)) - timedelta(days=1):
            return "whole"
    return through.isoformat()


def _digest(parts: list[object]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:_LENGTH]


def fingerprints_of(product: ProductDefinition, pinned: Iterable[PinnedInput]) -> Fingerprints:
    """Return the fingerprints of all partitions of a product, for the inputs that it declares to read by partition.

    `pinned` are inputs of the product. The rows of a landing are read once in each process.
    """
    partitioning = product.contract.partitioning
    if partitioning is None:
        return {}
    keys = partition_keys(partitioning)
    return {
        item.source.ref: fingerprint_partitions(_rows_of(item, declared, partitioning), declared, partitioning, keys)
        for item in pinned
        if (declared := product.partition_inputs.get(item.source.ref)) is not None
    }


def _rows_of(item: PinnedInput, declared: PartitionInput, partitioning: Partitioning) -> PartitionedRows:
    classes = item.classes or {}
    columns, content = (
        _files_of(item.opened)
        if item.opened is not None
        else summarize_rows(item.relation, declared.column, partitioning.granularity)
    )
    described = tuple((name, kind, classes[name].label if name in classes else "") for name, kind in columns)
    return PartitionedRows(described, content, item.complete_through)


@lru_cache(maxsize=32)
def summarize_rows(
    relation: str, column: str, granularity: str
) -> tuple[tuple[tuple[str, str], ...], Mapping[str, str]]:
    """Return columns with types of a landing, and number and sums of hashes of its rows by month or day of `column`.

    `relation` is SQL text that names the landing by its fingerprint, so that it always names the same rows.
    """
    with connect() as connection:
        described = connection.execute(f"describe from {relation}").fetchall()
        columns = tuple((str(name), str(kind)) for name, kind, *_ in described if name != COMPLETE_THROUGH)
        values = ", ".join(sql_name(name) for name, _ in columns)
        day = f"date_trunc({sql_literal(granularity)}, {sql_name(column)})"
        found = connection.execute(
            f"""
            with hashed as (
                select coalesce(strftime({day}, '%Y-%m-%d'), '') as partition, hash({values}) as value
                from {relation}
            )

            select partition, count(*), sum(value), sum(hash(value))
            from hashed
            group by partition
            """
        ).fetchall()
    return columns, {partition: f"{rows} {first} {second}" for partition, rows, first, second in found}


def _files_of(opened: OpenVersion) -> tuple[tuple[tuple[str, str], ...], Mapping[str, str]]:
    """Return columns with types of a product's version, and the files of each partition."""
    columns = tuple((field.name, str(field.type)) for field in opened.schema)
    return columns, {key: " ".join(files) for key, files in opened.partition_files().items()}
