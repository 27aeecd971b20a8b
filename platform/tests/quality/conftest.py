"""Contracts built from plain values, and one call that judges a table by one rule."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from bankmesh.contracts.model import (
    Classification,
    Clause,
    Column,
    ColumnType,
    Comparison,
    Contract,
    Partitioning,
    Severity,
    Status,
)
from bankmesh.errors import Place
from bankmesh.quality.gate import GateRelations, evaluate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bankmesh.contracts.clause_rules import Rule
    from bankmesh.quality.gate import ClauseResult

HERE = Place("product.odcs.yaml", 1)
TYPES = {
    "id": ColumnType("long"),
    "small": ColumnType("integer"),
    "name": ColumnType("string"),
    "amount": ColumnType("decimal", 12, 2),
    "wide": ColumnType("decimal", 38, 4),
    "ratio": ColumnType("double"),
    "day": ColumnType("date"),
    "at": ColumnType("timestamp"),
    "flag": ColumnType("boolean"),
    "tags": ColumnType("array", item=ColumnType("string")),
    "scores": ColumnType("array", item=ColumnType("double")),
}


@dataclass
class Workshop:
    """What tests build contracts and tables with; columns get their types from `TYPES` by name."""

    connection: duckdb.DuckDBPyConnection

    def clause(
        self,
        rule: Rule,
        comparison: Comparison | None = None,
        *,
        name: str = "clause",
        severity: Severity = Severity.ERROR,
        whole_table: bool = False,
        columns: tuple[str, ...] = (),
    ) -> Clause:
        named = columns or getattr(rule, "columns", ()) or tuple(filter(None, [getattr(rule, "column", None)]))
        return Clause(name, rule, comparison, severity, "", None, named, whole_table, HERE)

    def contract(
        self,
        columns: Sequence[str],
        clauses: Sequence[Clause],
        *,
        level: Classification = Classification.INTERNAL,
        partitioning: Partitioning | None = None,
    ) -> Contract:
        return Contract(
            domain="retail",
            name="party",
            version="1.0.0",
            status=Status.ACTIVE,
            product_type="source-aligned",
            owner="retail",
            purpose="",
            usage=None,
            limitations=None,
            granularity=None,
            table_description="",
            tags=(),
            columns=tuple(
                Column(
                    name=name,
                    type=TYPES[name],
                    description="",
                    classification=level,
                    required=False,
                    primary_key_position=None,
                    partition_position=1 if partitioning and partitioning.column == name else None,
                    tags=(),
                    examples=(),
                    place=HERE,
                )
                for name in columns
            ),
            clauses=tuple(clauses),
            service_levels=(),
            support=(),
            roles=(),
            partitioning=partitioning,
            custom={},
            file="product.odcs.yaml",
            text="",
        )

    def table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]] = ()) -> str:
        from bankmesh.contracts.column_types import duckdb_type

        typed = ", ".join(f'"{column}" {duckdb_type(TYPES[column])}' for column in columns)
        self.connection.execute(f"create or replace table {name} ({typed})")
        if rows:
            marks = ", ".join("?" for _ in columns)
            self.connection.executemany(f"insert into {name} values ({marks})", [list(row) for row in rows])
        return name

    def judge(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[Any]],
        rule: Rule,
        comparison: Comparison | None = None,
        **options: Any,
    ) -> ClauseResult:
        """The result of one rule on one table."""
        level = options.pop("level", Classification.INTERNAL)
        relations = options.pop("relations", {})
        contract = self.contract(columns, [self.clause(rule, comparison, **options)], level=level)
        candidate = self.table("candidate", columns, rows)
        return evaluate(contract, GateRelations(candidate, **relations), self.connection).results[0]


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    opened = duckdb.connect()
    yield opened
    opened.close()


@pytest.fixture
def shop(connection: duckdb.DuckDBPyConnection) -> Workshop:
    return Workshop(connection)


@pytest.fixture(autouse=True)
def no_noise(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing the gate does is worth a log line of level info or above."""
    caplog.set_level(logging.INFO)
    yield
    assert [record.getMessage() for record in caplog.records] == []
