"""The result of a comparison of two versions, as plain values; also as JSON."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class ComparedSide:
    """One side of a comparison.

    Attributes:
        version: the published version; None for a candidate.
        candidate: the folder of a refused candidate; None for a version.
        moment: when it was published or refused (ISO 8601, UTC).
        built_on: of a candidate, the newest version when its build began.
    """

    version: int | None
    candidate: str | None
    moment: str
    built_on: int | None = None

    def __str__(self) -> str:
        return f"version {self.version}" if self.candidate is None else "the refused candidate"


@dataclass(frozen=True)
class RowCounts:
    """Numbers of rows.

    `before` = removed + changed + unchanged and `after` = added + changed + unchanged. `changed` is None where rows
    have no key that would pair them: a row that differs is then one removed and one added row.
    """

    before: int
    after: int
    added: int
    removed: int
    changed: int | None
    unchanged: int

    @property
    def differ(self) -> bool:
        """Whether a row was added, removed or changed."""
        return bool(self.added or self.removed or self.changed)


@dataclass(frozen=True)
class RetypedColumn:
    """A column whose type differs; its values are compared only where both types are exact numbers."""

    name: str
    before: str
    after: str
    is_compared: bool


@dataclass(frozen=True)
class SchemaDifference:
    """Columns with their types that only one side has, and those whose types differ."""

    added: tuple[tuple[str, str], ...]
    removed: tuple[tuple[str, str], ...]
    retyped: tuple[RetypedColumn, ...]

    @property
    def differs(self) -> bool:
        """Whether there is any."""
        return bool(self.added or self.removed or self.retyped)


@dataclass(frozen=True)
class RepeatedKeys:
    """Keys that more than one row of a side has, and the number of these rows."""

    keys: int
    rows: int


@dataclass(frozen=True)
class PartitionCounts:
    """The counts of one partition. A row that moved counts as removed in one partition and as added in another."""

    partition: str
    rows: RowCounts


@dataclass(frozen=True)
class ChangedValue:
    """One changed value of a row; `before` and `after` are None, and say nothing, unless `is_shown`."""

    column: str
    is_shown: bool
    before: Any = None
    after: Any = None


@dataclass(frozen=True)
class ChangedRow:
    """A changed row as an example: its number, its key if no part of that is above internal, its changed values."""

    number: int
    key: dict[str, Any] | None
    values: tuple[ChangedValue, ...]


@dataclass(frozen=True)
class VersionDiff:
    """What changed from one version of a product to another, or to a refused candidate.

    Attributes:
        port: the product, `retail.party`.
        before: the earlier side.
        after: the later side.
        key: columns by which rows are paired; empty if whole rows are compared.
        why_no_key: the reason for that; None if there is a key.
        rows: the counts of all rows.
        schema: what differs in columns and types.
        columns: by compared column, in how many changed rows its value differs; without the key.
        repeated_before: keys of the earlier side that more than one row has, among the rows that were read.
        repeated_after: the same of the later side. Rows of such keys are compared as whole rows.
        partition_column: None for a product without partitions.
        partitions: those that differ, in order.
        examples: changed rows.
        withheld: the columns that were not compared, because they are withheld from the reader.
        is_filtered: whether only those rows were compared that the reader may see.
    """

    port: str
    before: ComparedSide
    after: ComparedSide
    key: tuple[str, ...]
    why_no_key: str | None
    rows: RowCounts
    schema: SchemaDifference
    columns: dict[str, int]
    repeated_before: RepeatedKeys
    repeated_after: RepeatedKeys
    partition_column: str | None
    partitions: tuple[PartitionCounts, ...]
    examples: tuple[ChangedRow, ...]
    withheld: tuple[str, ...] = ()
    is_filtered: bool = False

    @property
    def differs(self) -> bool:
        """Whether rows or columns differ."""
        return self.rows.differ or self.schema.differs

    def to_json(self) -> dict[str, Any]:
        """Return the same as JSON: NaN and infinities are the texts `NaN`, `inf` and `-inf`, decimals are texts."""
        return {
            "port": self.port,
            "from": asdict(self.before),
            "to": asdict(self.after),
            "key": list(self.key),
            "why_no_key": self.why_no_key,
            "rows": asdict(self.rows),
            "schema": {
                "added": [{"name": name, "type": kind} for name, kind in self.schema.added],
                "removed": [{"name": name, "type": kind} for name, kind in self.schema.removed],
                "retyped": [asdict(column) for column in self.schema.retyped],
            },
            "columns": [{"name": name, "changed": changed} for name, changed in self.columns.items()],
            "repeated_keys": {"before": asdict(self.repeated_before), "after": asdict(self.repeated_after)},
            "partition_column": self.partition_column,
            "partitions": [{"partition": found.partition, **asdict(found.rows)} for found in self.partitions],
            "examples": [_row_facts(row) for row in self.examples],
            "withheld": list(self.withheld),
            "is_filtered": self.is_filtered,
        }


def _row_facts(row: ChangedRow) -> dict[str, Any]:
    key = None if row.key is None else {name: plain_value(value) for name, value in row.key.items()}
    values = [asdict(value) for value in row.values]
    for value in values:
        value |= {side: plain_value(value[side]) for side in ("before", "after")}
    return {"row": row.number, "key": key, "changes": values}


def plain_value(value: Any) -> Any:  # noqa: ANN401 - a value of any column
    """Return a value that JSON has: a list as its items, a float that is no number as text, others as they are."""
    if isinstance(value, list):
        return [plain_value(item) for item in value]
    if isinstance(value, dict):
        return {name: plain_value(item) for name, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else str(value)
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
