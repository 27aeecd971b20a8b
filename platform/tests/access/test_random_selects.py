"""Random SELECTs over masked rows give what a plain DuckDB gives over a table that has these rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from queried_relations import CANARY, PartyRelation, party_rows, plain_database

from bankmesh.access.queries import run_query

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

ROWS = party_rows(300)
LITERALS = {
    "party_id": ["7", "150", "-1", "9000000000"],
    "branch": ["0", "3", "100", "2.5"],
    "name": [f"'{CANARY}-1'", "'a'", "''", "'Größe'"],
    "segment": ["'retail'", "'Größe'", "''", "'zzz'"],
    "joined_on": ["date '2020-06-01'", "'2021-01-01'", "'infinity'", "'0001-01-01 (BC)'"],
    "seen_at": ["timestamptz '2024-03-01 00:00:00+01'", "'2024-03-05'", "'infinity'"],
    "balance": ["0", "12.4", "31.005", "1e3"],
    "score": ["0.5", "'nan'::double", "'infinity'::double", "-1.25", "0"],
    "active": ["true", "false"],
}
OPERATORS = ["=", "<>", "<", "<=", ">", ">=", "is distinct from", "is not distinct from"]
AGGREGATES = ["count({0})", "count(distinct {0})", "min({0})", "max({0})", "count(*) filter (where {0} is not null)"]

columns = st.sampled_from(sorted(LITERALS))


@st.composite
def comparisons(draw: st.DrawFn) -> str:
    """A condition on one column."""
    column = draw(columns)
    literal = st.sampled_from(LITERALS[column])
    form = draw(st.sampled_from(["compare", "between", "in", "null", "mirrored", "expression"]))
    if form == "between":
        return f"{column} between {draw(literal)} and {draw(literal)}"
    if form == "in":
        listed = ", ".join(draw(st.lists(literal, min_size=1, max_size=3)))
        return f"{column} {draw(st.sampled_from(['in', 'not in']))} ({listed})"
    if form == "null":
        return f"{column} {draw(st.sampled_from(['is null', 'is not null']))}"
    left, right = column, draw(literal)
    if form == "mirrored":
        left, right = right, left
    if form == "expression":
        left = f"coalesce({column}, {draw(literal)})"
    return f"{left} {draw(st.sampled_from(OPERATORS))} {right}"


conditions = st.recursive(
    comparisons(),
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("not ({})".format, inner),
    ),
    max_leaves=4,
)


@st.composite
def selects(draw: st.DrawFn) -> str:
    """A statement whose rows have one meaning in any order."""
    where = draw(conditions)
    chosen = draw(st.lists(columns, min_size=1, max_size=3, unique=True))
    listed, first = ", ".join(chosen), chosen[0]
    aggregate = draw(st.sampled_from(AGGREGATES)).format(draw(columns))
    return draw(
        st.sampled_from(
            [
                f"select {listed} from product where {where}",
                f"select *, {where} as fact from product",
                f"select {first}, {aggregate} as a from product where {where} group by {first}",
                f"select {first}, count(*) as n from product group by {first} having {aggregate} is not null",
                f"select party_id, {first} from product where {where} order by {first}, party_id limit 7",
                f"select p.party_id, q.{first} from product p join product q on p.party_id = q.branch where p.{first} is null",
                f"select q.party_id from product p join product q on p.{first} = q.{first} where p.party_id < 9",
                f"with c as (select {listed}, party_id as k from product where {where}) select * from c where k % 2 = 0",
                f"select party_id from product where {first} in (select {first} from product where {where})",
                f"select party_id, row_number() over (partition by {first} order by party_id) as n from product where {where}",
                f"select {first} from product where {where} union select {first} from product where party_id = 3",
                f"select party_id, case when {where} then {first} end as found from product",
            ]
        )
    )


@pytest.fixture(scope="module")
def reference() -> Iterator[duckdb.DuckDBPyConnection]:
    with plain_database(ROWS) as database:
        yield database


@settings(max_examples=40)
@given(statement=selects())
def test_a_random_select_gives_what_plain_duckdb_gives(reference: duckdb.DuckDBPyConnection, statement: str) -> None:
    relation = PartyRelation(ROWS, batch=64)
    found, expected = run_query(relation, statement), reference.execute(statement).pl()
    assert found.schema == expected.schema
    plain = [name for name, dtype in expected.schema.items() if not dtype.is_nested()]
    assert_frame_equal(found.select(plain), expected.select(plain), check_row_order=False, check_exact=True)
