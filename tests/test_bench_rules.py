"""The hand-written rules that the platform is measured against leave no clause of a contract out."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from bench.contested import contested_contracts

from bankmesh.contracts.clause_rules import ClassificationKept, LosslessCasts, MissingReferences, SchemaMatches, Volume
from bankmesh.contracts.column_types import duckdb_type

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = {c.name: c for c in contested_contracts()}
# What needs no row of the candidate: the bare contender's casts fail by themselves, and it has no version before.
NOT_ABOUT_ROWS = (ClassificationKept, LosslessCasts, SchemaMatches, Volume)


@pytest.fixture(params=sorted(CONTRACTS))
def contract(request):
    return CONTRACTS[request.param]


def empty_tables(connection, contract):
    references = {c.rule.product.split(".")[1] for c in contract.clauses if isinstance(c.rule, MissingReferences)}
    for view, promised in (("candidate", contract), *((name, CONTRACTS[name]) for name in references)):
        columns = ", ".join(f"{c.name} {duckdb_type(c.type)}" for c in promised.columns)
        connection.execute(f"create table {view} ({columns})")


def test_each_clause_about_rows_has_a_column_of_its_name(contract):
    connection = duckdb.connect()
    empty_tables(connection, contract)
    answer = connection.execute((ROOT / "bench/rules" / f"{contract.name}.sql").read_text(encoding="utf-8"))
    measured = [column[0] for column in answer.description]
    promised = [c.name for c in contract.clauses if not isinstance(c.rule, NOT_ABOUT_ROWS)]
    assert sorted(measured) == sorted(promised)


def test_a_table_without_rows_breaks_what_asks_for_rows_only(contract):
    connection = duckdb.connect()
    empty_tables(connection, contract)
    answer = connection.execute((ROOT / "bench/rules" / f"{contract.name}.sql").read_text(encoding="utf-8"))
    counts = dict(zip([c[0] for c in answer.description], answer.fetchone(), strict=True))
    assert {name for name, count in counts.items() if count} <= {"has_rows", "one_moment"}
    assert counts["has_rows"] == 1


def test_a_row_of_nulls_breaks_every_required_clause(contract):
    connection = duckdb.connect()
    empty_tables(connection, contract)
    connection.execute(f"insert into candidate select {', '.join(['null'] * len(contract.columns))}")
    answer = connection.execute((ROOT / "bench/rules" / f"{contract.name}.sql").read_text(encoding="utf-8"))
    counts = dict(zip([c[0] for c in answer.description], answer.fetchone(), strict=True))
    required = {c.name for c in contract.clauses if c.name.endswith("__required")}
    assert all(counts[name] == 1 for name in required)
