"""The rules that a contract's clauses consist of, as plain values: what the gate measures or decides."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bankmesh.contracts.data_test_rules import DbtTest

if TYPE_CHECKING:
    from decimal import Decimal


@dataclass(frozen=True)
class SchemaMatches:
    """The candidate has exactly the promised columns, in order, with the promised types."""


@dataclass(frozen=True)
class LosslessCasts:
    """No value is lost by the cast from the delivered to the promised type, as the build counts losses."""


@dataclass(frozen=True)
class NotFinite:
    """Measure: rows in which `column`, or an item of it, is NaN or infinite."""

    column: str


@dataclass(frozen=True)
class RowCount:
    """Measure: number of rows."""


@dataclass(frozen=True)
class NullValues:
    """Measure: rows in which `column` is null."""

    column: str


@dataclass(frozen=True)
class MissingValues:
    """Measure: rows in which `column` is null (if None is a marker) or one of `markers`."""

    column: str
    markers: tuple[Any, ...]


@dataclass(frozen=True)
class InvalidValues:
    """Measure: rows in which `column` is not null and breaks at least one of the given bounds.

    For an array column each bound is about its elements. `pattern` is a regular expression that the
    whole value must match.
    """

    column: str
    valid_values: tuple[Any, ...] | None = None
    pattern: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    minimum: Any = None
    maximum: Any = None
    exclusive_minimum: Any = None
    exclusive_maximum: Any = None


@dataclass(frozen=True)
class DuplicateValues:
    """Measure: rows beyond the first for each value of `columns` (nulls are not compared)."""

    columns: tuple[str, ...]


@dataclass(frozen=True)
class MissingReferences:
    """Measure: rows whose `columns` are all not null and match no row of the published `product`."""

    columns: tuple[str, ...]
    product: str
    target_columns: tuple[str, ...]


@dataclass(frozen=True)
class SqlMeasure:
    """Measure: the single number that `query` returns; `${table}`, `${column}` are relation and column."""

    query: str
    column: str | None


@dataclass(frozen=True)
class Expectation:
    """An expectation of Great Expectations, by its snake-case type, with its keyword arguments."""

    type: str
    arguments: dict[str, Any] = field(hash=False)


@dataclass(frozen=True)
class Volume:
    """Rows and partitions, and distinct values of some columns, fall by at most `tolerance` percent."""

    tolerance: Decimal
    distinct: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProfileShift:
    """In each column at most a share of the rows has other values than before; `limits` are columns and percentages."""

    limits: tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True)
class ClassificationKept:
    """No column is less confidential than its inputs, unless a rule of the contract declassifies it."""


Rule = (
    ClassificationKept | SchemaMatches | LosslessCasts | NotFinite | RowCount | NullValues | MissingValues
    | InvalidValues
    | DuplicateValues | MissingReferences | SqlMeasure | Expectation | Volume | ProfileShift | DbtTest
)  # fmt: skip
