"""Which columns of two versions are compared, as what types, and by which key; decided from names and types alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.contracts.column_types import WIDEST_DECIMAL, duckdb_type
from bankmesh.contracts.model import Classification, ColumnType
from bankmesh.products.version_diffs.version_diff import RetypedColumn, SchemaDifference

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bankmesh.contracts.model import Contract

_PLAIN = ("string", "boolean", "integer", "long", "double", "date", "timestamp")
_NAMES = {duckdb_type(ColumnType(name)): name for name in _PLAIN}
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")
_DIGITS = {"INTEGER": (10, 0), "BIGINT": (19, 0)}


@dataclass(frozen=True)
class ComparedColumns:
    """The columns that are compared.

    Attributes:
        types: by name, the DuckDB type in which values are compared; key columns first.
        key: the columns that pair rows; empty if whole rows are compared.
        why_no_key: the reason for that, else None.
        partition: the partition column, if both sides have it.
        shown: the columns whose values may be shown.
        schema: what differs between the two sides.
        withheld: the columns of a side that its reader may not compare.
    """

    types: Mapping[str, str]
    key: tuple[str, ...]
    why_no_key: str | None
    partition: str | None
    shown: frozenset[str]
    schema: SchemaDifference
    withheld: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All compared columns, those of the key first."""
        return tuple(self.types)

    @property
    def values(self) -> tuple[str, ...]:
        """The compared columns that are not part of the key."""
        return self.names[len(self.key) :]

    @property
    def shows_key(self) -> bool:
        """Whether the key of a row may be shown: no part of it is above internal."""
        return bool(self.key) and self.shown.issuperset(self.key)


def plan_columns(
    contract: Contract,
    before: Mapping[str, str],
    after: Mapping[str, str],
    shown: frozenset[str],
    readable: tuple[Mapping[str, str], Mapping[str, str]] | None = None,
    why_no_pair: str | None = None,
) -> ComparedColumns:
    """Return what is compared of two sides, whose columns and DuckDB types are given.

    `readable` are the columns of each side that the reader may compare, with the types that they get; by default all
    as stored. `why_no_pair` says why the key as the reader gets it pairs no rows; None if it does.
    """
    own, other = readable or (before, after)
    common = {name: common_type(own[name], other[name]) for name in after if name in own and name in other}
    types = {name: kind for name, kind in common.items() if kind is not None}
    retyped = tuple(
        RetypedColumn(name, type_name(before[name]), type_name(after[name]), name in types)
        for name in after
        if name in before and before[name] != after[name]
    )
    schema = SchemaDifference(
        added=tuple((name, type_name(kind)) for name, kind in after.items() if name not in before),
        removed=tuple((name, type_name(kind)) for name, kind in before.items() if name not in after),
        retyped=retyped,
    )
    key, why = ((), why_no_pair) if why_no_pair else _key(contract, types)
    ordered = {name: types[name] for name in (*key, *(name for name in types if name not in key))}
    column = contract.partitioning.column if contract.partitioning else None
    withheld = tuple(
        name
        for name in {**after, **before}
        if (name in after and name not in other) or (name in before and name not in own)
    )
    return ComparedColumns(ordered, key, why, column if column in types else None, shown, schema, withheld)


def _key(contract: Contract, types: Mapping[str, str]) -> tuple[tuple[str, ...], str | None]:
    if not contract.primary_key:
        return (), "the contract has no primary key"
    lacking = [name for name in contract.primary_key if name not in types]
    if lacking:
        return (), f"{', '.join(lacking)} of the primary key is not in both, or not of comparable types"
    return contract.primary_key, None


def shown_columns(contract: Contract, others: Iterable[Mapping[str, Classification] | None]) -> frozenset[str]:
    """Return the columns whose values may be shown: `internal` or `public` in every contract that has them.

    `others` are the classifications that the two sides were built under; if one is None, which is not known, no column
    is shown. Nor is a column that no contract has.
    """
    highest = {column.name: column.classification for column in contract.columns}
    for classifications in others:
        if classifications is None:
            return frozenset()
        for name, found in classifications.items():
            highest[name] = max(found, highest.get(name, found))
    return frozenset(name for name, found in highest.items() if found <= Classification.INTERNAL)


def common_type(before: str, after: str) -> str | None:
    """Return the DuckDB type that holds every value of both types exactly; None if there is none."""
    if before == after:
        return after
    digits = [_digits(kind) for kind in (before, after)]
    if any(found is None for found in digits):
        return None
    if {before, after} <= _DIGITS.keys():
        return "BIGINT"
    whole = max(precision - scale for precision, scale in filter(None, digits))
    scale = max(scale for _, scale in filter(None, digits))
    return f"DECIMAL({whole + scale},{scale})" if whole + scale <= WIDEST_DECIMAL else None


def _digits(kind: str) -> tuple[int, int] | None:
    """Return precision and scale of a DuckDB type of exact numbers; None for other types."""
    found = _DECIMAL.fullmatch(kind)
    return (int(found[1]), int(found[2])) if found else _DIGITS.get(kind)


def type_name(kind: str) -> str:
    """Return a DuckDB type as contracts name it; a type that contracts lack in small letters."""
    if kind.endswith("[]"):
        return f"array<{type_name(kind[:-2])}>"
    if found := _DECIMAL.fullmatch(kind):
        return f"decimal({found[1]},{found[2]})"
    return _NAMES.get(kind, kind.lower())
