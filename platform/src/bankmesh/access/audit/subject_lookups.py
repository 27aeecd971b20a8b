"""The subjects that a read looks up, as keyed hashes: they answer who read customer 42, and hold no value.

A subject is hashed with its subject domain, so that customer 42 has one hash in all products whose contracts say that a
column names a `party`. Every literal that a predicate combines with such a column counts, whatever the comparison: a
range from 42 to 42 looks up 42, too. A statement that hides the value in arithmetic counts as a read of the product.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import dataclass, field
from io import StringIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import polars as pl

MOST_LOOKUPS = 1_000
"""Of one column in one read: a predicate with more values reads the product, rather than subjects."""
_DIGITS = 32
_ID_DIGITS = 16
_DECIMAL = re.compile(r"-?\d+\.\d+", re.ASCII)
_LONGEST = 1 << 20
_STRING = r'"(?:[^"\\]|\\.)*"'
_PARTS = re.compile(
    rf'\{{"Column":(?P<column>{_STRING})\}}|(?P<literal>\{{"Literal":(?=\{{"(?:Dyn|Scalar|Series)"))'
    rf"|(?P<opening>[{{\[])|(?P<closing>[}}\]])|{_STRING}"
)
"""Parts of Polars' JSON of an expression: columns, literals, the brackets of all else, and strings, which may hold any.

A type is written as a literal, too: `{"Literal":"String"}`.
"""
_PLAIN = re.compile(
    rf'\{{"Literal":\{{"(?:Dyn|Scalar)":\{{"(?:Int(?:32|64)?|String)":(?P<value>-?\d+|{_STRING})\}}\}}\}}'
)
"""The literals that most predicates have, whose values are read without Polars."""


def subject_hash(secret: bytes, domain: str, value: object) -> str:
    """Return the keyed hash of a subject, by its domain and its value as text; 42.00 is 42."""
    text = str(value)
    if _DECIMAL.fullmatch(text):
        text = text.rstrip("0").removesuffix(".")
    return hmac.new(secret, f"{domain}\0{text}".encode(), hashlib.sha256).hexdigest()[:_DIGITS]


def subject_key_id(secret: bytes) -> str:
    """Return the id of the key of subjects, which records name; the key cannot be computed from it."""
    return hmac.new(secret, b"id of the key of subjects", hashlib.sha256).hexdigest()[:_ID_DIGITS]


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
    """Return the literals that a statement compares these columns with, wherever it does.

    Empty if it is no SQL, or nests deeper than SQLGlot reads.
    """
    import sqlglot
    import sqlglot.expressions as sg
    from sqlglot.errors import SqlglotError

    try:
        trees = sqlglot.parse(statement, read="duckdb")
    except (SqlglotError, RecursionError):
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

    `confined` are the columns that have a looked-up value in every row that is read. A row may name two subjects of one
    domain, such as sender and receiver, so all columns of a domain must be among them.
    """
    bound = {name for name in confined if 0 < len(lookups[name]) <= MOST_LOOKUPS}
    return sorted({domain for column, domain in subjects.items() if column not in bound})


def predicate_lookups(predicate: pl.Expr, columns: Collection[str]) -> dict[str, set[str]]:
    """Return the literals that a Polars predicate combines these columns with, at most one more than is recorded.

    Polars' JSON of the predicate is read once, in time linear to its length. A predicate that has none, or one beyond
    `_LONGEST`, is not searched; then no column counts as confined either, see `safe_predicates`.
    """
    found: dict[str, set[str]] = {}
    text = _predicate_text(predicate) if columns else ""
    levels = [_PredicateLevel(0)]
    for token in _PARTS.finditer(text):
        if token["column"]:
            levels[-1].columns.update({json.loads(token["column"])}.intersection(columns))
        elif token["literal"] or token["opening"]:
            levels.append(_PredicateLevel(token.start(), is_literal=bool(token["literal"])))
        elif token["closing"]:
            level = levels.pop()
            if level.is_literal:
                levels[-1].literals.append(text[level.start : token.end()])
                continue
            levels[-1].columns |= level.columns
            wanting = [found.setdefault(name, set()) for name in level.columns if level.literals]
            for literal in level.literals:
                if all(len(values) > MOST_LOOKUPS for values in wanting):
                    break
                values = _texts(literal)
                for each in wanting:
                    each.update(values)
    return {name: values for name, values in found.items() if values}


@dataclass
class _PredicateLevel:
    """An object or array of a predicate's JSON: its direct literals, and the columns anywhere in it."""

    start: int
    is_literal: bool = False
    columns: set[str] = field(default_factory=set)
    literals: list[str] = field(default_factory=list)


def _predicate_text(predicate: pl.Expr) -> str:
    import polars as pl

    try:
        text = predicate.meta.serialize(format="json")
    except pl.exceptions.PolarsError:  # it holds a function that cannot be pickled
        return ""
    return text if len(text) <= _LONGEST else ""


def _texts(literal: str) -> list[str]:
    """Return the values of a literal, or of a literal list, as texts."""
    import polars as pl

    if plain := _PLAIN.fullmatch(literal):
        return [str(json.loads(plain["value"]))]
    values = pl.select(pl.Expr.deserialize(StringIO(literal), format="json")).to_series()
    while isinstance(values.dtype, pl.List | pl.Array):
        values = values.explode()
    return [str(value) for value in values.head(MOST_LOOKUPS + 1) if value is not None]
