"""The gate as a whole: relations, isolation of errors, confidentiality, results, repeated calls."""

from __future__ import annotations

import gc
import json
import logging
import subprocess
import sys
import time

import duckdb
import pytest

from bankmesh.contracts.clause_rules import (
    DuplicateValues,
    Expectation,
    InvalidValues,
    MissingReferences,
    MissingValues,
    NullValues,
    RowCount,
    SchemaMatches,
    SqlMeasure,
)
from bankmesh.contracts.model import Classification, Comparison, Operator, Partitioning, Severity
from bankmesh.errors import UnknownName
from bankmesh.quality.gate import GateRelations, GateResult, Outcome, evaluate, summary
from bankmesh.quality.result_messages import error_class

MONTHLY = Partitioning("day", "month", "2024-01-01", None)
POISON = "Jan Novak 4711"


def by_name(result):
    return {found.clause.name: found for found in result.results}


# --- Whole table -----------------------------------------------------------------------------------------


def whole(shop, columns, rule, kept_rows, new_rows, *, kept=True, comparison=None, partitioning=None):
    shop.table("candidate", columns, new_rows)
    shop.table("kept", columns, kept_rows)
    contract = shop.contract(columns, [shop.clause(rule, comparison, whole_table=True)], partitioning=partitioning)
    relations = GateRelations(
        "candidate", "(from candidate union all by name from kept)", kept="kept" if kept else None
    )
    return evaluate(contract, relations, shop.connection).results[0]


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize(
    ("columns", "old", "new", "failing"),
    [
        (["id"], [(1,), (2,)], [(3,), (4,)], 0),
        (["id"], [(1,), (2,)], [(2,), (3,), (3,), (None,)], 2),
        (["id"], [(1,)], [(1,), (1,)], 2),
        (["name"], [("a",), (None,)], [("a",), ("b",), (None,)], 1),
        (["id", "name"], [(1, "a"), (1, None)], [(1, "a"), (1, "b"), (1, None)], 1),
        (["id"], [], [(1,), (1,)], 1),
        (["id"], [(1,)], [], 0),
    ],
)
def test_uniqueness_over_the_whole_table(shop, columns, old, new, failing, kept):
    result = whole(shop, columns, DuplicateValues(tuple(columns)), old, new, kept=kept)
    assert result.failing_rows == failing
    assert result.rows == len(old) + len(new)
    assert "(whole table)" in result.message


def test_percent_of_the_whole_table(shop):
    result = whole(
        shop,
        ["id"],
        DuplicateValues(("id",)),
        [(1,), (2,), (3,)],
        [(3,)],
        comparison=Comparison(Operator.LESS, 25, "percent"),
    )
    assert (result.observed, result.failing_rows, result.rows) == (25.0, 1, 4)


def test_a_key_with_the_partition_column_cannot_recur_in_kept_rows(shop):
    from datetime import date

    old, new = [(1, date(2024, 1, 1))], [(1, date(2024, 2, 1)), (1, date(2024, 2, 1))]
    result = whole(shop, ["id", "day"], DuplicateValues(("id", "day")), old, new, partitioning=MONTHLY)
    assert (result.failing_rows, result.rows) == (1, 2)


def test_other_rules_over_the_whole_table_see_candidate_and_kept_rows(shop):
    old, new = [(1, "a"), (2, None)], [(3, None)]
    assert whole(shop, ["id", "name"], RowCount(), old, new, comparison=Comparison(Operator.BE, 3)).observed == 3
    assert whole(shop, ["id", "name"], NullValues("name"), old, new).failing_rows == 2
    counted = SqlMeasure("select count(distinct id) from ${table}", None)
    assert whole(shop, ["id", "name"], counted, old, new).observed == 3


def test_whole_table_is_the_candidate_where_nothing_is_kept(shop):
    result = shop.judge(["id"], [(1,), (1,)], DuplicateValues(("id",)), whole_table=True)
    assert result.failing_rows == 1


# --- Errors ----------------------------------------------------------------------------------------------


def test_an_error_in_one_clause_leaves_the_others_alone(shop):
    clauses = [
        shop.clause(NullValues("name"), name="fine"),
        shop.clause(InvalidValues("nope", minimum=0), name="no_column"),
        shop.clause(InvalidValues("name", pattern="("), name="no_pattern"),
        shop.clause(SqlMeasure("select sum(name::integer) from ${table}", None), name="conversion"),
        shop.clause(SqlMeasure("select count(*) from ${table} where name::integer > 1", None), name="in_the_scan"),
        shop.clause(SqlMeasure("select", None), name="no_query"),
        shop.clause(Expectation("expect_column_max_to_be_between", {"column": "x", "max_value": 1}), name="stock"),
        shop.clause(Expectation("expect_column_values_to_be_null", {"column": "tags"}), name="stock_fine"),
        shop.clause(InvalidValues("at", minimum="noon"), name="no_moment"),
        shop.clause(RowCount(), Comparison(Operator.BE, 1), name="rows"),
        shop.clause(DuplicateValues(("name",)), name="unique"),
        shop.clause(SchemaMatches(), name="schema"),
    ]
    contract = shop.contract(["name", "tags", "at"], clauses)
    shop.table("candidate", ["name", "tags", "at"], [("a", None, None)])
    result = evaluate(contract, GateRelations("candidate"), shop.connection)
    found = {name: entry.outcome for name, entry in by_name(result).items()}
    good = {"fine", "stock_fine", "rows", "unique", "schema"}
    assert {name for name, outcome in found.items() if outcome is Outcome.PASSED} == good
    assert {name for name, outcome in found.items() if outcome is Outcome.ERRORED} == set(found) - good
    assert result.counts == {"passed": 5, "warned": 0, "failed": 0, "errored": 7, "not evaluated": 0}
    assert by_name(result)["no_column"].message == "could not be evaluated: the data has no column nope."
    assert error_class(by_name(result)["no_column"].message) is None
    assert error_class(by_name(result)["conversion"].message) == "ConversionException"
    assert not result.publishable


def test_an_errored_clause_blocks_whatever_its_severity(shop):
    result = shop.judge(["id"], [(1,)], SqlMeasure("select", None), severity=Severity.WARNING)
    assert result.outcome is Outcome.ERRORED
    assert not GateResult((result,), 1, 0.0).publishable


def test_a_candidate_that_cannot_be_read_errors_every_clause(shop, tmp_path):
    contract = shop.contract(["id"], [shop.clause(NullValues("id"), name="a"), shop.clause(SchemaMatches(), name="b")])
    result = evaluate(contract, GateRelations(f"read_parquet('{tmp_path}/none.parquet')"), shop.connection)
    assert result.counts["errored"] == 2
    assert result.rows == 0
    assert {error_class(entry.message) for entry in result.results} == {"IOException"}


def test_a_clause_unknown_to_the_contract_is_refused(shop):
    contract = shop.contract(["id"], [shop.clause(NullValues("id"), name="id_required")])
    with pytest.raises(UnknownName, match="id_required"):
        evaluate(contract, GateRelations("candidate"), shop.connection, only=["id_requird"])


def test_only_some_clauses(shop):
    clauses = [shop.clause(NullValues("id"), name="a"), shop.clause(RowCount(), Comparison(Operator.BE, 0), name="b")]
    contract = shop.contract(["id"], clauses)
    shop.table("candidate", ["id"], [(1,)])
    assert list(by_name(evaluate(contract, GateRelations("candidate"), shop.connection, only=["b"]))) == ["b"]
    empty = evaluate(contract, GateRelations("candidate"), shop.connection, only=[])
    assert (empty.results, empty.rows, empty.publishable) == ((), 1, True)


# --- Confidentiality -------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [Classification.CONFIDENTIAL, Classification.RESTRICTED])
def test_no_value_of_a_confidential_column_gets_out(shop, caplog, capfd, level):
    caplog.set_level(logging.DEBUG)
    for name in ("sqlalchemy", "great_expectations.validator", "duckdb"):
        caplog.set_level(logging.INFO, logger=name)
    stock = [
        ("expect_column_values_to_be_in_set", {"column": "name", "value_set": ["a"]}),
        ("expect_column_values_to_match_regex", {"column": "name", "regex": "^a"}),
        ("expect_column_values_to_be_unique", {"column": "name"}),
        ("expect_column_most_common_value_to_be_in_set", {"column": "name", "value_set": ["a"]}),
        ("expect_column_distinct_values_to_be_in_set", {"column": "name", "value_set": ["a"]}),
        ("expect_column_max_to_be_between", {"column": "name", "max_value": 1}),
        ("expect_column_max_to_be_between", {"column": "id", "max_value": 1}),
        ("expect_column_values_to_be_dateutil_parseable", {"column": "name"}),
        ("unexpected_rows_expectation", {"unexpected_rows_query": "select * from {batch} where name::int = 1"}),
    ]
    rules = [
        MissingValues("name", ("",)),
        InvalidValues("name", valid_values=("a",)),
        InvalidValues("name", minimum=3),
        DuplicateValues(("name",)),
        MissingReferences(("name",), "retail.account", ("id",)),
        SqlMeasure("select sum(name::integer) from ${table}", None),
        SqlMeasure("select max(id) from ${table}", None),
        SqlMeasure("select error(name) from ${table}", None),
        SqlMeasure("select count(*) from ${table} where cast(name as date) > current_date", None),
        *(Expectation(kind, arguments) for kind, arguments in stock),
    ]
    clauses = [shop.clause(rule, name=f"clause_{n}") for n, rule in enumerate(rules)]
    contract = shop.contract(["id", "name"], clauses, level=level)
    account = shop.table("account", ["id"], [(1,)])
    shop.table("candidate", ["id", "name"], [(47114711, POISON), (47114711, POISON)])
    result = evaluate(contract, GateRelations("candidate", references={"retail.account": account}), shop.connection)
    told = json.dumps([result.to_json(), summary(result)]) + repr(result) + caplog.text + "".join(capfd.readouterr())
    assert "Novak" not in told
    assert "47114711" not in told
    assert result.counts["errored"] >= 5, [(found.clause.rule, found.message) for found in result.results]
    caplog.clear()


def test_errors_of_an_internal_product_say_what_the_database_said(shop):
    query = SqlMeasure("select sum(name::integer) from ${table}", None)
    assert "Could not convert string 'a'" in shop.judge(["name"], [("a",)], query).message


def test_a_confidential_product_still_says_which_name_is_wrong(shop):
    query = SqlMeasure("select sum(amuont) from ${table}", None)
    message = shop.judge(["id"], [(1,)], query, level=Classification.RESTRICTED).message
    assert 'Referenced column "amuont" not found' in message


def test_counts_of_a_confidential_product_are_told_and_values_withheld(shop):
    rows = [(5,), (7,)]
    counted = SqlMeasure("select round(100.0 * count_if(id > 5) / count(*), 1) from ${table}", None)
    largest = SqlMeasure("select max(id) from ${table}", None)
    assert shop.judge(["id"], rows, counted, level=Classification.RESTRICTED).observed == 50.0
    withheld = shop.judge(["id"], rows, largest, level=Classification.RESTRICTED)
    assert withheld.observed is None
    assert "withheld" in withheld.message
    assert shop.judge(["id"], rows, largest).observed == 7


# --- Results ---------------------------------------------------------------------------------------------


def test_results_survive_json(shop):
    clauses = [
        shop.clause(NullValues("name"), Comparison(Operator.LESS, 10, "percent"), name="a"),
        shop.clause(RowCount(), Comparison(Operator.BE, 2), name="b"),
        shop.clause(NullValues("name"), name="c", severity=Severity.WARNING),
        shop.clause(SqlMeasure("select", None), name="d"),
    ]
    contract = shop.contract(["name"], clauses)
    shop.table("candidate", ["name"], [("a",), (None,)])
    result = evaluate(contract, GateRelations("candidate"), shop.connection)
    document = json.loads(json.dumps(result.to_json()))
    back = GateResult.from_json(document, contract)
    assert back.to_json() == document
    assert back.counts == result.counts == {"passed": 1, "warned": 1, "failed": 1, "errored": 1, "not evaluated": 0}
    assert [entry.clause for entry in back.results] == list(contract.clauses)
    assert summary(back)["names"] == {"warned": ["c"], "failed": ["a"], "errored": ["d"]}
    fewer = GateResult.from_json(document, shop.contract(["name"], clauses[:2]))
    assert [entry.clause.name for entry in fewer.results] == ["a", "b"]
    assert fewer.counts == {"passed": 1, "warned": 0, "failed": 1, "errored": 0, "not evaluated": 0}


# --- The process it runs in ------------------------------------------------------------------------------


def test_importing_the_gate_is_cheap():
    code = "import sys, bankmesh.quality.gate; print(*{m.split('.')[0] for m in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"great_expectations", "duckdb", "duckdb_engine", "polars", "pandas", "sqlalchemy", "sqlglot"} & set(
        loaded
    )


def test_the_first_evaluation_changes_nothing_in_the_process(tmp_path):
    code = """
import logging, os, sys, warnings
logging.basicConfig(level=logging.DEBUG)
sys.path.insert(0, sys.argv[1])
import duckdb
from conftest import Workshop
from bankmesh.contracts.clause_rules import NullValues
before = warnings.showwarning
shop = Workshop(duckdb.connect())
assert shop.judge(["id"], [(None,)], NullValues("id")).failing_rows == 1
assert warnings.showwarning is before
assert not os.listdir("."), os.listdir(".")
"""
    import os
    from pathlib import Path

    home, temporary, here = (tmp_path / name for name in ("home", "tmp", "here"))
    for folder in (home, temporary, here):
        folder.mkdir()
    environment = os.environ | {"HOME": str(home), "TMPDIR": str(temporary)}
    arguments = [sys.executable, "-c", code, str(Path(__file__).parent)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, env=environment, cwd=here)
    assert done.returncode == 0, done.stderr
    assert "great_expectations" not in done.stderr
    assert not any(home.iterdir())
    assert not any(temporary.iterdir())


def test_repeated_calls_are_quick_leave_nothing_and_see_new_data(shop, connection):
    clauses = [shop.clause(NullValues("id"), Comparison(Operator.GREATER_OR_EQUAL, 0), name="nulls")]
    clauses += [shop.clause(DuplicateValues(("id",)), name="unique"), shop.clause(SchemaMatches(), name="schema")]
    contract = shop.contract(["id"], clauses)
    shop.table("candidate", ["id"])
    evaluate(contract, GateRelations("candidate"), connection)
    gc.collect()
    objects, started = len(gc.get_objects()), time.perf_counter()
    for nulls in range(1, 51):
        connection.execute("insert into candidate values (null)")
        result = evaluate(contract, GateRelations("candidate"), connection)
        assert by_name(result)["nulls"].observed == result.rows == nulls
    assert (time.perf_counter() - started) / 50 < 0.5  # about 0.05 s; the bound only catches what has gone wrong
    gc.collect()
    assert len(gc.get_objects()) - objects < 5_000
    assert connection.execute("select count(*) from duckdb_views() where view_name like 'bankmesh%'").fetchone() == (0,)


def test_the_connection_stays_open_and_its_temporary_tables_are_seen(shop, connection):
    connection.execute("create temp table mine as select 1::bigint as id")
    contract = shop.contract(["id"], [shop.clause(NullValues("id"))])
    assert evaluate(contract, GateRelations("mine"), connection).publishable
    assert connection.execute("select count(*) from mine").fetchone() == (1,)


def test_two_threads_with_a_connection_each(shop):
    from concurrent.futures import ThreadPoolExecutor

    contract = shop.contract(["id"], [shop.clause(RowCount(), Comparison(Operator.GREATER, 0))])

    def work(rows):
        relation = f"(select i::bigint as id from range({rows}) as r(i))"
        return evaluate(contract, GateRelations(relation), duckdb.connect()).results[0].observed

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(1, 17))) == list(range(1, 17))


def test_partitioned_parquet(shop, connection, tmp_path):
    connection.execute(
        f"copy (select i::bigint as id, date '2024-01-01' + (i % 2 * 31)::integer as day from range(10) as r(i))"
        f" to '{tmp_path}/candidate' (format parquet, partition_by (day))"
    )
    relation = f"read_parquet('{tmp_path}/**/*.parquet', hive_partitioning = true, hive_types = {{'day': date}})"
    clauses = [
        shop.clause(SchemaMatches(), name="schema"),
        shop.clause(DuplicateValues(("id",)), name="unique"),
        shop.clause(InvalidValues("day", minimum="2024-01-01"), name="days"),
    ]
    contract = shop.contract(["day", "id"], clauses, partitioning=MONTHLY)
    result = evaluate(contract, GateRelations(relation), connection)
    assert result.publishable, [found.message for found in result.results]
    assert result.rows == 10


def test_row_level_clauses_share_one_scan(shop, connection, monkeypatch):
    from bankmesh.quality.duckdb_execution_engine import BorrowedConnection

    statements = []
    original = BorrowedConnection.cursor

    def cursor(self):
        real = original(self)
        execute = real.execute
        real.execute = lambda statement, *rest: (statements.append(statement), execute(statement, *rest))[1]
        return real

    monkeypatch.setattr(BorrowedConnection, "cursor", cursor)
    clauses = [
        shop.clause(NullValues("name"), name="a"),
        shop.clause(InvalidValues("name", pattern="a"), name="b"),
        shop.clause(RowCount(), Comparison(Operator.BE, 1), name="c"),
        shop.clause(SqlMeasure("select count(*) from ${table} where name = 'b'", None), name="d"),
        shop.clause(Expectation("expect_column_values_to_match_regex", {"column": "name", "regex": "a"}), name="e"),
    ]
    shop.table("candidate", ["name"], [("a",)])
    assert evaluate(shop.contract(["name"], clauses), GateRelations("candidate"), connection).publishable
    assert sum("count_if" in statement for statement in statements) == 1
    # Stock expectations ask for names and types of columns first, so theirs is a scan of its own.
    assert sum(statement.startswith("SELECT") for statement in statements) == 2
