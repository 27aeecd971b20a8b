"""Lineage of queries, held against DuckDB: what is said not to depend on a column does not change with it.

For every column of every table, its values are changed and the query is run again. The columns of the result that
depend on it neither themselves nor through the rows must then give the very same rows as before.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import duckdb
import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from sql_lineage_queries import TABLES, queries

from bankmesh.lineage.model import ColumnRef, TransformationSubtype
from bankmesh.lineage.sql import lineage_of_query
from bankmesh.lineage.sql.relation_values import distinct_names

if TYPE_CHECKING:
    from bankmesh.lineage.model import StepLineage

ROWS = {
    "p": """(1, 1, 10, 'x', 'm', [1, 2]), (2, 1, 20, 'y', 'm', []), (3, 2, 30, 'x', 'n', [3]), (4, 3, 20, 'z', 'o', [1]),
            (5, null, 40, 'y', null, [4, 4]), (6, 2, null, null, 'n', null)""",
    "q": "(1, 1, 7, 'x'), (2, 2, 8, 'y'), (3, 2, 9, 'x'), (4, 4, 5, 'q'), (5, 5, null, null)",
    "r": "(1, 10, 'x'), (2, 20, 'z'), (2, 30, 'y'), (3, 40, 'm')",
}
CHANGES = {
    "INTEGER": ["{c} + 1", "case when {k} % 2 = 0 then null else {c} end", "100 - coalesce({c}, 50) * 3", "7"],
    "VARCHAR": ["{c} || 'x'", "case when {k} % 2 = 0 then null else {c} end", "'x'", "chr(100 - {k}::int)"],
    "INTEGER[]": ["list_append({c}, 9)", "case when {k} % 2 = 0 then [7, 8] else [] end"],
}


QUERIES = [
    # names
    "select p.a, q.a, main.p.b, memory.main.q.d from main.p, memory.main.q where p.id = q.id",
    "select A as x, X + 1 as y, y * 2 as z from P where Y > 1",
    "select -a as b, b as was from p where b > 10 order by b",
    "select max(b) as a, s from p group by s having a > 0",
    "select b as x, -b as b, count(*) as n from p group by p.b having b > 15",
    "select s, max(-b) as b from p group by s having sum(b) > 20 and b < -10",
    "select x.* from (select a, b as a, a from p) as x",
    "select z.one, b from (select a, b, s from p) as z(one)",
    "select p from p where id < 3",
    "select #2, #4 from p",
    "from p select distinct s order by u",
    "select count(*), max(a), lower(s) || u, a + 1, count(distinct b) filter (where a > 1) from p group by all",
    # stars
    "select * from p",
    "select * exclude (tags, u) replace (a + b as a) rename (s as letter) from p",
    "select q.* exclude (a), p.s from p join q using (id)",
    "select * exclude (q.a, tags) from p join q on p.id = q.id",
    "select columns('^[ab]$'), columns(c -> c in ('s', 'u')) from p",
    "select columns(['a', 'b']) + 1, columns(* exclude (tags, id)) from p",
    "select min(columns('a|b')), coalesce(*columns(['a', 'b'])) from p group by s, a, b",
    "select columns('(a|b)') as 'only_\\1' from (select a, b, s from p)",
    "select * like '%a%' from p",
    "select s from p where columns(['a', 'b']) > 1",
    # joins
    "select * from (select id, a, s from p) right join (select id, d from q) using (id)",
    "select id, one.id, two.id from p as one full join q as two using (id)",
    "select * from (select id, s from p) natural left join (select id, d from q)",
    "select a, s, d from (from p select a, s) positional join (from q select d)",
    "select one.id, two.d from p as one asof join q as two on one.id = two.id and one.b >= two.d",
    "select one.s, two.w from p as one asof left join (select id, a, w from q) as two using (a, id)",
    "select s from p semi join q using (a)",
    "select s from p anti join r on p.b = r.b and r.k > 1",
    "select one.s, two.w, three.w from p as one join (q as two join r as three on two.w = three.w) on one.a = two.a",
    "select one.s, n from p as one, lateral (select max(d) as n from q where q.a = one.a)",
    "select one.s, last.d from p as one left join lateral (from q where q.a = one.a order by d desc limit 1) as last on true",
    # rows of lists, tables in the query
    "select id, unnest(tags) as tag, tag + a as more from p",
    "select id, e.tag, a from p, unnest(tags) as e(tag)",
    "select id, n from p, generate_series(1, a) as g(n)",
    "select s, v.x from p, (values (a, 1), (b, 2)) as v(x, y) where y = 1",
    "select x, y from (values (1, 'x'), (2, 'y')) as v(x, y) join p on p.s = v.y",
    # subqueries
    "select id, (select max(d) from q where q.a = p.a) as highest, a in (select a from q where d > 7) as there from p",
    "select s from p where exists (from q where q.a = p.a and q.d > (select min(b) from r) - 3)",
    "select s from p where (a, s) in (select a, w from q)",
    "select s from p where b > all (select d from q where q.a = p.a) or b is null",
    "select id, array(select w from q where q.a = p.a order by d) as ws from p",
    "select s from p order by (select max(d) from q where q.a = p.a) nulls last, id limit 3",
    # common table expressions
    "with p as (select id, a from p where b > 10) select * from p",
    "with w as (select a from p), v as (with w as (select d as a from q) from w) select v.a, w.a from v, w",
    "with w(x, y) as (select a, s from p) select y, count(*) as n from w group by 1",
    # set operations
    "select a, s from p union all select d, w from q",
    "select a, s from p union select k, w from r order by 1 limit 3",
    "select a, s as w from p union all by name select w, d from q",
    "select a, s as w from p union by name select w, a from q",
    "select a from p intersect select a from q",
    "select a from p except all select a from q",
    "(select a from p order by b limit 2) union all (select d from q)",
    # groups
    "select s, u, grouping(s) as g, sum(b) as t from p group by rollup (s, u)",
    "select s, sum(b) as t from p group by grouping sets ((s), (u), ())",
    "select arg_max(s, b), list(s order by b desc, id), string_agg(u, '-' order by id), mode(a) from p group by a",
    "select quantile_cont(b, 0.5), percentile_disc(0.5) within group (order by b), bool_and(a > 0) from p",
    "select s, any_value(a) from p group by s order by count(*) desc, max(b), s limit 1",
    # windows
    "select id, sum(b) over w as t, first_value(s) over (w rows between 1 preceding and current row) as f from p window w as (partition by a order by id)",
    "select id, lag(s, 1, u) over (order by b, id) as l, ntile(2) over (order by u, id) as n from p",
    "select s from p qualify row_number() over (partition by a order by b desc, id) = 1",
    "select id, sum(a) filter (where b > 15) over (partition by s) as t from p",
    # conditions, lists, structs
    "select case a when 1 then s when b then u else 'z' end as c, if(b > 15, s, u) as i, nullif(s, u) as n from p",
    "select list_filter(tags, x -> x > a) as f, list_transform(tags, lambda x, i: x * i + b) as t, [y + a for y in tags if y > 1] as c from p",
    "select x.f, x.g.h, x['f'] as k from (select {'f': a, 'g': {'h': s}} as x from p)",
    "select s.upper() as x, b.sum() as y, list(a).list_sort() as z from p group by all",
    "select md5(s || u) as h, hash(a, b) % 7 as g from p",
    # pivots
    "pivot (select s, u, b from p) on s in ('x', 'y') using sum(b) group by u",
    "from (select a, b, s from p) pivot (sum(b) as t, count(*) as n for s in ('x' as ex, 'y') group by a)",
    "select * from (pivot (select a, b, s from p) on s in ('x', 'y'))",
    "unpivot (select id, a, b from p) on a, b into name n value v",
    "from (select id, a, b from p) unpivot include nulls (v for n in (a, b))",
    # which rows
    "select distinct on (s) s, b from p order by s, b desc, id",
    "select distinct on (a) id, -b as a from p order by id",
    "select s from (select s, b from p order by b desc nulls last limit 2)",
    "select s from p order by id offset 2",
]


# --- The oracle ----------------------------------------------------------------------------------------------


@cache
def database() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect(":memory:", config={"threads": 1})
    for table, columns in TABLES.items():
        listed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        made.execute(f"create table base_{table} ({listed}); insert into base_{table} values {ROWS[table]}")
        made.execute(f"create view {table} as from base_{table}")
    return made


def rows_of(sql: str) -> tuple[list[str], list[tuple]]:
    found = database().execute(sql)
    return [part[0] for part in found.description], found.fetchall()


def bag(rows: list[tuple], places: list[int]) -> Counter:
    return Counter(tuple(repr(row[place]) for place in places) for row in rows)


def derived(sql: str) -> StepLineage:
    """The lineage of a query that DuckDB and it name alike, with no column left out."""
    lineage = lineage_of_query(sql, TABLES)
    assert list(lineage.columns) == distinct_names(rows_of(sql)[0])
    assert not lineage.underivable
    return lineage


def changed_wrongly(sql: str, lineage: StepLineage) -> list[str]:
    """What changes with a column that it is said not to depend on."""
    names, before = rows_of(sql)
    wrong = []
    for table, columns in TABLES.items():
        for column, kind in columns.items():
            source = ColumnRef(table, column)
            free = [
                place
                for place, name in enumerate(lineage.columns)
                if source not in {d.source for d in lineage.dependencies(name)}
            ]
            if not free:
                continue
            wrong += [
                f"{[names[place] for place in free]} change with {source} := {change}"
                for change in CHANGES[kind]
                if bag(before, free) != bag(_rows_after(sql, table, column, change), free)
            ]
    return wrong


def _rows_after(sql: str, table: str, column: str, change: str) -> list[tuple]:
    key = next(iter(TABLES[table]))
    expression = change.format(c=column, k=f"(base_{table}.rowid + 1)" if column == key else f"base_{table}.{key}")
    try:
        database().execute(
            f"create or replace view {table} as select * replace ({expression} as {column}) from base_{table}"
        )
        return rows_of(sql)[1]
    finally:
        database().execute(f"create or replace view {table} as from base_{table}")


# --- The tests -----------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(queries())
def test_what_does_not_depend_on_a_column_does_not_change_with_it(sql):
    try:
        rows = rows_of(sql)[1]
    except duckdb.Error:
        assume(False)
    event(f"gives rows: {bool(rows)}")
    assert changed_wrongly(sql, derived(sql)) == []


@pytest.mark.parametrize("sql", QUERIES)
def test_the_same_of_queries_with_something_special_in_them(sql):
    assert rows_of(sql)[1]
    assert changed_wrongly(sql, derived(sql)) == []


@pytest.mark.parametrize(
    ("kept_back", "sql"),
    [
        (TransformationSubtype.IDENTITY, "select a from p"),
        (TransformationSubtype.TRANSFORMATION, "select b + 1 as c from p"),
        (TransformationSubtype.AGGREGATION, "select s, sum(b) as c from p group by s"),
        (TransformationSubtype.CONDITIONAL, "select case when b > 15 then s end as c from p"),
        (TransformationSubtype.WINDOW, "select id, lag(s) over (order by b desc) as c from p"),
        (TransformationSubtype.SORT, "select string_agg(s, '' order by b) as c from p"),
        (TransformationSubtype.JOIN, "select p.s from p join q on p.a = q.a"),
        (TransformationSubtype.FILTER, "select s from p where a > 1"),
        (TransformationSubtype.GROUP_BY, "select count(*) as c from p group by a"),
        (TransformationSubtype.SORT, "select id from p order by b desc limit 2"),
    ],
)
def test_a_dependency_that_is_kept_back_is_noticed(kept_back, sql):
    """So none of the above is an empty test."""
    lineage = derived(sql)

    def without(found):
        return frozenset(d for d in found if d.how is not kept_back)

    columns = {name: without(found) for name, found in lineage.columns.items()}
    assert changed_wrongly(sql, replace(lineage, columns=columns, rows=without(lineage.rows))) != []
