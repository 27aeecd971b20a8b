"""The subjects that a read looks up, as keyed hashes: they answer who read customer 42, and hold no value.

A subject is hashed with its subject domain, so that customer 42 has one hash in all products whose contracts say that a
column names a `party`. Every literal that a predicate combines with such a column counts, whatever the comparison: a
range from 42 to 42 looks up 42, too. A statement that hides the value in arithmetic counts as a read of the product.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import polars as pl

MOST_LOOKUPS = 1_000
"""Of one column in one read: a predicate with more values reads the product, rather than subjects."""
_DIGITS = 32


def subject_hash(secret: bytes, domain: str, value: object) -> str:
    """Return the keyed hash of a subject, by its domain and its value as text."""
    return hmac.new(secret, f"{domain}\0{value}".encode(), hashlib.sha256).hexdigest()[:_DIGITS]


def hash_lookups(
    secret: bytes, subjects: Mapping[str, str], lookups: Mapping[str, Collection[object]]
) -> dict[str, list[str]]:
    """Return the hashes of the looked-up subjects by subject domain; of columns that name none, nothing is returned.

    A column with more values than `MOST_LOOKUPS` counts as one that looks up nobody in particular.
    """
    found: dict[str, set[str]] = {}
    for column, values in lookups.items():
        if column in subjects and 0 < len(values) <= MOST_LOOKUPS:
            domain = subjects[column]
            found.setdefault(domain, set()).update(subject_hash(secret, domain, value) for value in values)
    return {domain: sorted(hashes) for domain, hashes in sorted(found.items())}


def statement_lookups(statement: str, columns: Collection[str]) -> dict[str, set[str]]:
    """Return the literals that a statement compares these columns with, wherever it does; empty if it is no SQL."""
    import sqlglot
    import sqlglot.expressions as sg
    from sqlglot.errors import SqlglotError

    try:
        trees = sqlglot.parse(statement, read="duckdb")
    except SqlglotError:
        return {}
    known = {name.lower(): name for name in columns}
    found: dict[str, set[str]] = {}
    for tree in trees:
        for node in tree.find_all(sg.Predicate) if tree else ():
            names = {known[part.name.lower()] for part in node.find_all(sg.Column) if part.name.lower() in known}
            for name in names:
                found.setdefault(name, set()).update(str(literal.this) for literal in node.find_all(sg.Literal))
    return {name: values for name, values in found.items() if values}


def unconfined_domains(
    subjects: Mapping[str, str], lookups: Mapping[str, Collection[object]], confined: Collection[str]
) -> list[str]:
    """Return the subject domains of which a read may give others than those that it looks up.

    `confined` are the columns that have a looked-up value in every row that is read.
    """
    bound = {subjects[name] for name in confined if name in subjects and 0 < len(lookups[name]) <= MOST_LOOKUPS}
    return sorted(set(subjects.values()) - bound)


def predicate_lookups(predicate: pl.Expr, columns: Collection[str]) -> dict[str, set[str]]:
    """Return the literals that a Polars predicate combines these columns with, at most one more than is recorded."""
    found: dict[str, set[str]] = {}
    if not columns:
        return found
    waiting = [predicate]
    while waiting:
        parts = waiting.pop().meta.pop()
        names = {name for part in parts for name in part.meta.root_names() if name in columns}
        values = {value for part in parts if names and part.meta.is_literal() for value in _texts(part)}
        for name in names if values else ():
            found.setdefault(name, set()).update(values)
        waiting += [part for part in parts if part.meta.root_names()]
    return found


def _texts(literal: pl.Expr) -> list[str]:
    """Return the values of a literal, or of a literal list, as texts."""
    import polars as pl

    values = pl.select(literal).to_series()
    while isinstance(values.dtype, pl.List | pl.Array):
        values = values.explode()
    return [str(value) for value in values.head(MOST_LOOKUPS + 1) if value is not None]
