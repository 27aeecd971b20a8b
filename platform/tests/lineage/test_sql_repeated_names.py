"""Names that a query has twice: refused where the rows depend on which column DuckDB takes, and nowhere else.

Each query is run by DuckDB beside another one in which no name comes twice. Of a refused query that one means the other
column, and gives other rows: DuckDB chose. Of an accepted query it says the same, and gives the same rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankmesh.lineage.sql import CompiledModel, RepeatedName, find_repeated_names
from bankmesh.lineage.sql.relation_values import distinct_names

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMAS = {"t": {"x": "VARCHAR", "y": "INTEGER"}, "u": {"x": "VARCHAR", "z": "INTEGER"}}
DATA = """
create table t as select * from (values ('a', 1), ('b', 2), ('c', 3)) v(x, y);
create table u as select * from (values ('b', 20), ('d', 40)) v(x, z);
"""
TWICE = "with a as (select *, upper(x) as x from t) "
ONCE = "with a as (select upper(x) as x, y from t) "
Q = "with a as (select y as q, -y as q, x from t) "


@dataclass(frozen=True)
class Case:
    """A query, and another one in which no name comes twice."""

    query: str
    other: str


REFUSED = {
    "a name read": Case(TWICE + "select x from a", ONCE + "select x from a"),
    "in another case": Case(TWICE + "select X from a", ONCE + "select x from a"),
    "quoted": Case('with a as (select 1 as "X", 2 as x) select "x" from a', "select 2 as x"),
    "qualified": Case(TWICE + "select a.x from a", ONCE + "select a.x from a"),
    "in brackets": Case("with a as (select y as x, (x) from t) select x from a", "select x from t"),
    "by place in the list": Case("with a as (select y as x, #1 from t) select x from a", "select x from t"),
    "by columns()": Case("with a as (select y as x, columns('x') from t) select x from a", "select x from t"),
    "by columns() of two tables": Case(
        "with a as (select columns(['x']) from t, u) select x from a", "select u.x from t, u"
    ),
    "an alias of columns()": Case("select k from (select columns(*) as k from t)", "select y as k from t"),
    "renamed to it": Case("select y from (select * rename (x as y) from t)", "select y from t"),
    "the number that DuckDB gives": Case(TWICE + "select x_1 from a", "select x as x_1 from t"),
    "a name that looks like such a number": Case(
        "with a as (select 1 as x, 2 as x, 3 as x_1) select x_1 from a", "select 3 as x_1"
    ),
    "a star": Case(TWICE + "select * from a", ONCE + "select x, y, x as x_1 from a"),
    "a star of a table": Case(TWICE + "select a.* from a", ONCE + "select x, y, x as x_1 from a"),
    "a star without one of them": Case(TWICE + "select * exclude (x) from a", "select y, x as x_1 from t"),
    "a star that replaces one": Case(TWICE + "select * replace (1 as x) from a", "select 1 as x, y, x as x_1 from t"),
    "a star through two queries": Case(
        TWICE + ", b as (select * from a) select x from b", ONCE + ", b as (select * from a) select x from b"
    ),
    "columns by pattern": Case(TWICE + "select columns('^x') from a", "select upper(x) as x, x as x_1 from t"),
    "a whole row": Case(TWICE + "select a::varchar as r from a", "select {'x': upper(x)}::varchar as r from t"),
    "a subquery": Case("select x from (select *, upper(x) as x from t)", "select upper(x) as x from t"),
    "a subquery of a subquery": Case(
        "select max(x) as m from (select x from (select *, upper(x) as x from t))", "select max(upper(x)) as m from t"
    ),
    "an aliased join": Case("select x from (t join u on true) s", "select u.x from t join u on true"),
    "a join below a star": Case(
        "with j as (select * from t join u on true) select x from j", "select u.x from t join u on true"
    ),
    "both sides of USING": Case(
        "with j as (select t.*, u.* from t left join u using (x)) select x from j",
        "select u.x from t left join u using (x)",
    ),
    "a name of USING and of a third table": Case(
        "select x from t join u using (x) join (select 'z' as x) w on true", "select 'z' as x"
    ),
    "a column list": Case("with a(k, k) as (select x, y from t) select k from a", "select y as k from t"),
    "a column list that meets a name": Case("select y from t s(y)", "select y from t"),
    "values": Case("select k from (values (1, 2)) s(k, k)", "select 2 as k"),
    "a set operation": Case(
        "select x from (select *, upper(x) as x from t union all select 'q', 1, 'R') s",
        "select upper(x) as x from t union all select 'R'",
    ),
    "one side of a set operation": Case(
        TWICE + "select 'q' as x union all select x from a", ONCE + "select 'q' as x union all select x from a"
    ),
    "distinct": Case(
        "with a as (select 1 as k, y as k from t) select count(*) as n from (select distinct k from a)",
        "select count(distinct y) as n from t",
    ),
    "a filter": Case(TWICE + "select y from a where x = 'A'", ONCE + "select y from a where x = 'A'"),
    "a group": Case(
        "with a as (select 1 as k, y as k from t) select count(*) as n from a group by k",
        "select count(*) as n from t group by y",
    ),
    "a semi join": Case(
        "select x from t semi join (select 1 as y, 2 as y) s using (y)",
        "select x from t semi join (select 2 as y) s using (y)",
    ),
    "a natural join": Case(TWICE + "select y from a natural join u", ONCE + "select y from a natural join u"),
    "a join": Case(TWICE + "select z from a join u on a.x = u.x", ONCE + "select z from a join u on a.x = u.x"),
    "a scalar subquery": Case(
        TWICE + "select (select max(x) from a) as m", ONCE + "select (select max(x) from a) as m"
    ),
    "in": Case(
        TWICE + "select z from u where x in (select x from a)", ONCE + "select z from u where x in (select x from a)"
    ),
    "a limit": Case(
        "select y from (select y from (select y, y as k, -y as k from t) order by k limit 1)",
        "select y from t order by -y limit 1",
    ),
    "a window": Case(
        Q + "select x, row_number() over (order by q) as n from a order by x",
        "select x, row_number() over (order by -y) as n from t order by x",
    ),
    "an aggregate": Case(Q + "select sum(q) as s from a", "select sum(-y) as s from t"),
    "a filter of an aggregate": Case(
        Q + "select count(*) filter (where q > 1) as n from a", "select count(*) filter (where -y > 1) as n from t"
    ),
    "an alias in the SELECT list": Case(
        "select r from (select y as q, -y as q, q + 0 as r from t)", "select y as r from t"
    ),
    "an alias in WHERE": Case(
        "select x from (select x, y as q, -y as q from t where q > 1)", "select x from t where y > 1"
    ),
    "an alias in GROUP BY": Case(
        "select n from (select y as q, 1 as q, count(*) as n from t group by q, y)",
        "select count(*) as n from t group by 'k'",
    ),
    "an alias in HAVING": Case(
        "select n from (select max(y) as q, min(y) as q, count(*) as n from t having q = 3)",
        "select count(*) as n from t having max(y) = 3",
    ),
    "an alias in QUALIFY": Case(
        "select x from (select x, y as q, -y as q from t qualify row_number() over (order by q) = 1)",
        "select x from t qualify row_number() over (order by y) = 1",
    ),
    "an alias in ORDER BY with LIMIT": Case(
        "select x from (select y as q, -y as q, x from t order by q limit 1)", "select x from t order by y limit 1"
    ),
    "an alias in DISTINCT ON": Case(
        "select count(*) as n from (select distinct on (q) 1 as q, y as q from t)",
        "select count(*) as n from (select distinct 1 as q from t)",
    ),
    "an order of a set operation": Case(
        "select n from (select y as q, -y as q, x as n from t union all select 9, 9, 'z' order by q limit 1)",
        "select x as n from t order by -y limit 1",
    ),
    "an order that an aggregate sees": Case(
        "select list(x) as l from (select x, y as q, -y as q from t order by q)",
        "select list(x) as l from (select x, y from t order by y)",
    ),
    "a pivot of it": Case(
        "pivot (select y, x as k, upper(x) as k from t) on y in (1) using max(k)",
        "pivot (select y, x as k_1, upper(x) as k from t) on y in (1) using max(k)",
    ),
    "cells of a pivot": Case(
        'select "1_m" from (pivot t on y in (1) using min(x) as m, count(*) as m)',
        'select count(*) filter (where y = 1) as "1_m" from t group by x',
    ),
    "a pivot's value and its group": Case(
        'select "1" from (pivot (select 5 as "1", x, y from t) on y in (1) using max(x))', "select 'a' as \"1\""
    ),
    "names of an unpivot": Case(
        "select name from (unpivot (select y, 'n' as name from t) on y)", "select 'y' as name from t"
    ),
    "values of an unpivot": Case(
        "select value from (unpivot (select y, 7 as value from t) on y)", "select y as value from t"
    ),
    "names from a star that UNPIVOT makes": Case(
        "select n from (unpivot (from (select 1 as k, 2 as k)) on columns(*) into name n value v)", "select 'k' as n"
    ),
    "a lateral join": Case("select c from t, lateral (select y as c, -y as c) s", "select -y as c from t"),
    "a recursive query": Case("with recursive a(k, k) as (select 1, 2) select k from a", "select 2 as k"),
    "a query in FROM-first form": Case(TWICE + "from a select x", ONCE + "from a select x"),
    "a common table expression that reads it": Case(
        TWICE + ", b as (select x as k from a) select k from b", ONCE + ", b as (select x as k from a) select k from b"
    ),
}
ACCEPTED = {
    "nobody reads them": Case(TWICE + "select y from a", "select y from t"),
    "only the rows are counted": Case(TWICE + "select count(*) as n from a", "select count(*) as n from t"),
    "nobody reads the expression": Case(TWICE + "select y from t", "select y from t"),
    "a star passes them on to nobody": Case(TWICE + ", b as (select * from a) select y from b", "select y from t"),
    "a name passes one on to nobody": Case(
        TWICE + ", b as (select x as k, y from a) select y from b", "select y from t"
    ),
    "exists": Case(TWICE + "select 1 as k where exists (select x from a)", "select 1 as k"),
    "both left out": Case(TWICE + "select * exclude (x, x_1) from a", "select y from t"),
    "both renamed": Case("select k from (select 1 as x, 2 as x) s(k, l)", "select 1 as k"),
    "one renamed": Case("select x from (select 1 as x, 2 as x) s(k)", "select 2 as x"),
    "renamed by a list": Case("with a(k, l) as (select 1 as x, 2 as x) select l from a", "select 2 as l"),
    "by place in a set operation": Case(
        "select a from (select 1 as a, 2 as b union all select 3 as k, 4 as k)", "select 1 as a union all select 3"
    ),
    "the column of USING": Case("select x from t join u using (x)", "select t.x from t join u on t.x = u.x"),
    "of a full join": Case(
        "select x from t full join u using (x) order by x",
        "select coalesce(t.x, u.x) as x from t full join u on t.x = u.x order by 1",
    ),
    "of several joins": Case(
        "select x from t join u using (x) join t as w using (x)",
        "select t.x from t join u on t.x = u.x join t as w on w.x = t.x",
    ),
    "of an aliased join": Case("select x from (t join u using (x)) s", "select t.x from t join u on t.x = u.x"),
    "a star over USING": Case(
        "with j as (select * from t join u using (x)) select x, z from j", "select t.x, z from t join u on t.x = u.x"
    ),
    "a natural join": Case("select x from t natural join u", "select t.x from t join u on t.x = u.x"),
    "two tables, qualified": Case("select u.x from t, u", "select x from u, t as s(k, l)"),
    "two tables, one left out": Case(
        "with j as (select t.*, u.* exclude (x) from t left join u using (x)) select x from j", "select x from t"
    ),
    "REPLACE": Case("select x from (select * replace (upper(x) as x) from t)", "select upper(x) as x from t"),
    "REPLACE over two tables": Case("select * replace (1 as x) from t, u", "select 1 as x, y, z from t, u"),
    "an alias that hides a column": Case(
        "select upper(x) as x from t where x = 'a'", "select upper(t.x) as x from t where t.x = 'a'"
    ),
    "the next query hides it again": Case(
        "with a as (select upper(x) as x from t) select x || '!' as x from a", "select upper(t.x) || '!' as x from t"
    ),
    "an inner query of the same names": Case(
        "select (select max(x) from u) as x, y from t", "select (select max(u.x) from u) as k, y from t"
    ),
    "one expression twice, unread": Case(
        "select y from (select y, count(*), count(*) from t group by y)", "select y from t group by y"
    ),
    "by place": Case("select #2 from (select 1 as x, 2 as y)", "select 2 as y"),
    "an order that reads none of them": Case(
        "select x from (select x, y as q, -y as q from t order by y) order by x", "select x from t order by x"
    ),
}
RAISED = (
    "select x from t, u",
    "select x from (t join u on true)",
    "select p.x from t p, u p",
    "select * from (t join u on true) join (select 'a' as x) w using (x)",
    "with a as (select 1 as k), a as (select 2 as k) select k from a",
    "select {'k': 1, 'K': 2} as s",
    "select 1 as k, 2 as k union by name select 3 as k",
    "with recursive a as (select 1 as k, 2 as k union all select k + 1, 5 from a where k < 3) select k from a",
    "select x from (pivot t on y in (1, 1) using max(x))",
)


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(DATA)
        yield connection


def repeated(*queries: str) -> dict[str, tuple[RepeatedName, ...]]:
    """What is found in models `m1`, `m2`, ..., which can read those before them."""
    models = [CompiledModel(f"m{at}", f"main.m{at}", query) for at, query in enumerate(queries, start=1)]
    return find_repeated_names(models, SCHEMAS)


def rows(database: duckdb.DuckDBPyConnection, query: str) -> list[tuple]:
    return sorted(database.execute(query).fetchall(), key=repr)


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_a_name_of_which_duckdb_takes_one_column_is_found(database: duckdb.DuckDBPyConnection, case: Case) -> None:
    assert rows(database, case.query) != rows(database, case.other), "DuckDB does not choose here"
    assert repeated(case.query)
    assert not repeated(case.other)


@pytest.mark.parametrize("case", ACCEPTED.values(), ids=ACCEPTED)
def test_a_query_that_depends_on_no_such_name_is_accepted(database: duckdb.DuckDBPyConnection, case: Case) -> None:
    assert rows(database, case.query) == rows(database, case.other)
    assert not repeated(case.query)
    assert not repeated(case.other)


@pytest.mark.parametrize("query", RAISED)
def test_where_duckdb_itself_refuses(database: duckdb.DuckDBPyConnection, query: str) -> None:
    with pytest.raises(duckdb.Error):
        database.execute(query)


def test_it_is_said_which_columns_they_are_and_which_line_reads_them() -> None:
    query = "with a as (\n  select\n    x, y,\n    upper(x) as x\n  from t\n)\nselect\n  y,\n  X\nfrom a"
    (found,) = repeated(query)["m1"]
    assert found == RepeatedName("x", "a", ((1, 3), (3, 4)), read=9)


def test_a_name_that_is_read_often_is_reported_once() -> None:
    (found,) = repeated(TWICE + "select x,\nupper(x) as k from a\nwhere x > ''")["m1"]
    assert found.read == 1


def test_each_model_is_reported_for_itself() -> None:
    found = repeated(TWICE + "select x as k from a", "select k from m1", "select 1 as k, 2 as K", "select k from m3")
    assert set(found) == {"m1", "m3"}
    assert found["m3"] == (RepeatedName("k", "the result", ((1, 1), (2, 1))),)


@pytest.mark.parametrize("broken", ["def model(dbt, session):\n    return 1", "select k from no_such_table", "selec 1"])
def test_a_model_that_is_not_understood_hides_no_fault_of_another_one(broken: str) -> None:
    assert set(repeated(broken, "select k from m1", TWICE + "select x from a", TWICE + "select x from a, m1")) >= {"m3"}
    assert "m1" not in repeated(broken)
    assert "m2" not in repeated(broken, "select k from m1")


NAMES = st.lists(st.sampled_from(["k", "K", "k_1", "k_2", "k_1_1", "l"]), min_size=1, max_size=6)


@given(NAMES)
def test_names_get_the_numbers_that_duckdb_gives(names: list[str]) -> None:
    listed = ", ".join(f"{at} as {name}" for at, name in enumerate(names))
    with duckdb.connect() as connection:
        assert distinct_names(names) == [
            row[0] for row in connection.execute(f"describe select * from (select {listed})").fetchall()
        ]


@given(NAMES, st.data())
def test_a_name_is_found_exactly_if_an_earlier_or_later_column_could_have_been_meant(
    names: list[str], data: st.DataObject
) -> None:
    """Read each name of a random list: only one that nothing else has, nor would get as a number, is accepted."""
    read = data.draw(st.sampled_from(names))
    listed = ", ".join(f"{at} as {name}" for at, name in enumerate(names))
    written = [at for at, name in enumerate(names) if name.lower() == read.lower()]
    with duckdb.connect() as connection:
        (taken,) = connection.execute(f"select {read} from (select {listed})").fetchone()
    found = repeated(f"select {read} as r from (select {listed})")
    if not found:
        assert written == [taken]
    else:
        ((repeated_name,),) = found.values()
        assert taken + 1 in {at for at, _ in repeated_name.places}
