"""The bounds of statements: how long and deep they may be, and that an interrupt ends one."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import pytest
from queried_relations import PartyRelation, failure_of, party_rows, plain_duckdb

from bankmesh.access.queries import StatementFailed, StatementRefused, run_query
from bankmesh.access.queries.statement_check import MAX_DEPTH, MAX_LENGTH, MAX_SCOPES

if TYPE_CHECKING:
    from collections.abc import Callable

_ROWS = party_rows(2_000)


@pytest.fixture
def relation() -> PartyRelation:
    return PartyRelation(_ROWS)


_NESTED: list[Callable[[int], str]] = [
    lambda n: f"select {'(' * n}1{')' * n}",
    lambda n: f"select {'[' * n}1{']' * n}",
    lambda n: f"select {'- ' * n}1",
    lambda n: f"select {'not ' * n}true",
    lambda n: f"select 1{' + 1' * n}",
    lambda n: f"select 1{'::int' * n}",
    lambda n: f"select {'abs(' * n}1{')' * n}",
    lambda n: f"select {'(select ' * n}1{')' * n}",
    lambda n: f"select * from {'(select * from ' * n}product{')' * n}",
    lambda n: f"select {'case when true then ' * n}1{' end' * n}",
    lambda n: f"select list_transform([1], {'lambda x: ' * n}1)",
    lambda n: f"{'with a as (' * n}select 1{') select 1' * n}",
    lambda n: f"select * from product{' join product using (party_id)' * n}",
    lambda n: f"select 1::{'struct(a ' * n}int{')' * n}",
    lambda n: f"select {'{' * n}",
]


@pytest.mark.parametrize("nested", _NESTED)
def test_deep_statements_are_refused_and_the_process_goes_on(
    relation: PartyRelation, nested: Callable[[int], str]
) -> None:
    unit = len(nested(2)) - len(nested(1))
    error = failure_of(relation, nested((MAX_LENGTH - 100) // unit))
    assert isinstance(error, (StatementRefused, StatementFailed))
    assert relation.reads == []


def test_a_statement_of_the_allowed_depth_runs(relation: PartyRelation) -> None:
    sums = "+".join(["branch"] * (MAX_DEPTH - 20))
    assert run_query(relation, f"select {sums} from product").height == relation.frame.height
    assert "nests deeper" in str(failure_of(relation, f"select {'+'.join(['1'] * (MAX_DEPTH + 1))}"))


@pytest.mark.parametrize(("opening", "closing"), ["()", "[]", ("{'a': ", "}"), ("(/* ) */ ", ")"), ("(')',", ")")])
def test_brackets_that_the_tree_leaves_out_nest_no_deeper(relation: PartyRelation, opening: str, closing: str) -> None:
    def nested(levels: int) -> str:
        return f"select count(*) from product where {opening * levels}party_id = 1{closing * levels}"

    refused = failure_of(relation, nested(MAX_DEPTH + 1))
    assert isinstance(refused, StatementRefused)
    assert f"nests deeper than {MAX_DEPTH} levels" in str(refused)
    assert refused.position is not None
    assert relation.reads == []


def test_brackets_of_the_allowed_depth_and_those_of_texts_are_read(relation: PartyRelation) -> None:
    brackets = "(" * (MAX_DEPTH + 1)
    one = f"{'(' * MAX_DEPTH}party_id = 1{')' * MAX_DEPTH}"
    assert run_query(relation, f"select '{brackets}' as x from product where {one} -- {brackets}").height == 1


@pytest.mark.parametrize(
    ("most", "opening", "closing"), [(62, "[", "]"), (62, "{'a': ", "}"), (31, "map([1], [", "])")]
)
def test_results_nest_as_deep_as_arrow_allows(relation: PartyRelation, most: int, opening: str, closing: str) -> None:
    def nested(levels: int) -> str:
        return f"select {opening * levels}1{closing * levels} as x from product limit 1"

    assert run_query(relation, nested(most)).height == 1
    failed = failure_of(relation, nested(most + 1))
    assert isinstance(failed, StatementFailed)
    assert "nests deeper than Arrow allows" in str(failed)


@pytest.mark.parametrize("joined", ["party_id = {} or ", "party_id <> {} and "])
def test_a_filter_of_many_comparisons_is_left_to_duckdb(relation: PartyRelation, joined: str) -> None:
    def statement(terms: int) -> str:
        return f"select count(*) from product where {''.join(map(joined.format, range(terms)))}party_id = 1999"

    for terms, least, most in ((20, 1, 21), (1_500, 0, 100)):
        expected = plain_duckdb(relation.frame, statement(terms)).item()
        relation.reads.clear()
        assert run_query(relation, statement(terms)).item() == expected
        assert least <= relation.reads[-1].predicate.count("party_id") <= most


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("(select max(branch) + ", " from product)"),
        ("exists (select 1 from product where ", ")"),
        ("list_transform([1], lambda x: ", ")"),
        ("1 in (select ", ")"),
    ],
)
def test_subqueries_and_lambdas_nest_as_deep_as_duckdb_binds_them_at_once(
    relation: PartyRelation, start: str, end: str
) -> None:
    def nested(levels: int) -> str:
        return f"select {start * levels}1{end * levels} as x from product limit 1"

    assert run_query(relation, nested(MAX_SCOPES)).height == 1
    refused = failure_of(relation, nested(MAX_SCOPES + 1))
    assert isinstance(refused, StatementRefused)
    assert f"nest deeper than {MAX_SCOPES} levels" in str(refused)


@pytest.mark.parametrize("hint", ["not materialized", "NOT /* é */ Materialized"])
def test_ctes_that_duckdb_would_bind_anew_at_each_use_are_refused(relation: PartyRelation, hint: str) -> None:
    refused = failure_of(relation, f"with a as {hint} (select branch from product) select count(*) from a")
    assert isinstance(refused, StatementRefused)
    assert "NOT MATERIALIZED is refused (line 1, column 11)" in str(refused)


def test_other_uses_of_the_words_run(relation: PartyRelation) -> None:
    statement = """
        with a as materialized (select active as materialized, 'as not materialized' as "as not materialized" from product)
        select count(*) filter (where not materialized) from a -- as not materialized (
    """
    assert run_query(relation, statement).rows() == plain_duckdb(relation.frame, statement).rows()


def test_a_statement_has_a_longest_length(relation: PartyRelation) -> None:
    several = ",".join(map(str, range(8_000)))
    assert run_query(relation, f"select count(*) from product where party_id in ({several})").item() == 2_000
    assert "at most 50,000 bytes" in str(failure_of(relation, f"select '{'é' * MAX_LENGTH}'"))


@pytest.mark.parametrize("statement", ["select 'a\0b'", "select '\ud800'"])
def test_texts_that_are_no_unicode_are_refused(relation: PartyRelation, statement: str) -> None:
    assert isinstance(failure_of(relation, statement), StatementRefused)


def test_a_statement_has_bounded_memory(relation: PartyRelation) -> None:
    error = failure_of(relation, "select max(repeat(name, party_id * 100000)) from product where party_id > 1900")
    assert "more than 2GB of memory" in str(error)


def test_an_interrupt_ends_a_statement(relation: PartyRelation) -> None:
    many = "product a, product b, product c, product d"
    waiting = threading.Timer(0.5, signal.pthread_kill, [threading.main_thread().ident, signal.SIGINT])
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        waiting.start()
        with pytest.raises(KeyboardInterrupt):
            run_query(relation, f"select count(*) from {many} where a.name || b.name > c.name || d.name")
    finally:
        signal.signal(signal.SIGINT, before)
    assert run_query(relation, "select count(*) from product").item() == relation.frame.height
