"""A relation in memory for statements: masked rows in batches, and a record of each read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

from bankmesh.access.model import AccessDecision, ColumnDecision, ColumnOutcome, Principal, Reason, RowFilter
from bankmesh.access.queries import run_query
from bankmesh.errors import BankmeshError

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    import duckdb

CANARY = "canary7716"
"""A text in rows and withheld columns that no message may hold."""

SCHEMA = pl.Schema(
    {
        "party_id": pl.Int64(),
        "branch": pl.Int32(),
        "name": pl.String(),
        "segment": pl.String(),
        "joined_on": pl.Date(),
        "seen_at": pl.Datetime("us", "UTC"),
        "balance": pl.Decimal(18, 2),
        "score": pl.Float64(),
        "active": pl.Boolean(),
        "tags": pl.List(pl.String()),
    }
)


def party_rows(count: int) -> pl.DataFrame:
    """Rows of every type of contracts, with nulls, NaN, infinities, equal values and texts beyond ASCII."""
    segments = ["retail", "private", None, "Größe", "", "retail"]
    scores = [0.5, float("nan"), None, float("inf"), -1.25, 0.0, float("-inf")]
    return pl.DataFrame(
        {
            "party_id": range(count),
            "branch": [None if i % 11 == 0 else i % 7 for i in range(count)],
            "name": [f"{CANARY}-{i % 97}" if i % 5 else None for i in range(count)],
            "segment": [segments[i % 6] for i in range(count)],
            "joined_on": [None if i % 13 == 0 else date(2020, 1, 1) + timedelta(days=i % 900) for i in range(count)],
            "seen_at": [datetime(2024, 2, 28, tzinfo=UTC) + timedelta(minutes=i * 37) for i in range(count)],
            "balance": [None if i % 17 == 0 else Decimal(i * 31 % 10_007) / 100 for i in range(count)],
            "score": [scores[i % 7] for i in range(count)],
            "active": [None if i % 19 == 0 else i % 3 == 0 for i in range(count)],
            "tags": [None if i % 23 == 0 else [f"t{n}" for n in range(i % 4)] for i in range(count)],
        },
        schema=SCHEMA,
    )


@dataclass(frozen=True)
class Read:
    """One read of a relation: what was requested, and the rows that were taken."""

    columns: tuple[str, ...]
    predicate: str
    way: str
    statement: str | None
    rows: list[int] = field(default_factory=list)


@dataclass
class PartyRelation:
    """`retail.party@2` for a reader who may not see `national_id`; `batch` rows at a time."""

    frame: pl.DataFrame
    batch: int = 700
    reads: list[Read] = field(default_factory=list)
    fails: Exception | None = None

    @property
    def schema(self) -> Mapping[str, pl.DataType]:
        """The readable columns."""
        return dict(self.frame.schema)

    @property
    def decision(self) -> AccessDecision:
        """Every column is shown but one."""
        withheld = Reason("national_id is restricted")
        columns = {name: ColumnDecision(name, ColumnOutcome.SHOW) for name in self.frame.columns}
        columns["national_id"] = ColumnDecision("national_id", ColumnOutcome.WITHHOLD, None, (withheld,))
        alice = Principal("alice@bank.example", frozenset({"retail_analyst"}))
        return AccessDecision(alice, "retail.party@2", "marketing", columns, RowFilter(), frozenset(), (), "", "")

    def read_batches(
        self,
        columns: Sequence[str] | None,
        predicate: pl.Expr | None = None,
        rows: int | None = None,
        *,
        way: str = "scan",
        statement: str | None = None,
    ) -> Generator[pl.DataFrame]:
        """Yield the rows of a read and record it."""
        read = Read(tuple(columns or self.schema), str(predicate), way, statement)
        self.reads.append(read)
        found = self.frame if predicate is None else self.frame.filter(predicate)
        found = found if rows is None else found.head(rows)
        for part in found.select(read.columns).iter_slices(self.batch):
            if self.fails is not None and read.rows:
                raise self.fails
            read.rows.append(part.height)
            yield part


def failure_of(relation: PartyRelation, statement: str) -> BankmeshError:
    """Return the error that a statement ends with."""
    with pytest.raises(BankmeshError) as caught:
        run_query(relation, statement)
    return caught.value


def plain_database(frame: pl.DataFrame) -> duckdb.DuckDBPyConnection:
    """Return a plain DuckDB with a table `product` that has the rows."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    connection.register("frame", frame.to_arrow())
    connection.execute("create table product as select * from frame")
    return connection


def plain_duckdb(frame: pl.DataFrame, statement: str) -> pl.DataFrame:
    """Return the result of a statement over a table of a plain DuckDB that has the rows."""
    with plain_database(frame) as connection:
        return connection.execute(statement).pl()
