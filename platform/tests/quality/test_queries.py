"""What a SQL measure can be, decided from its text alone."""

import duckdb
import pytest

from bankmesh.quality.sql_measures import is_never_null, returns_count


@pytest.mark.parametrize(
    ("query", "counts"),
    [
        ("select count(*) from ${table}", True),
        ("select count(distinct name) filter (where id > 1) from ${table} where id > 3", True),
        ("select sum(case when id > 1 then 1 else 0 end) from ${table}", True),
        ("select coalesce(count(*) - count(distinct id), 0) from ${table}", True),
        ("select sum(case when id > 1 then id else 0 end) from ${table}", False),
        ("select sum(id) from ${table}", False),
        ("select max(id) from ${table}", False),
        ("select id from ${table} limit 1", False),
        ("select (select max(id) from ${table})", False),
        ("select count(*) + max(id) from ${table}", False),
        ("select", False),
    ],
)
def test_which_queries_can_only_return_a_count(query, counts):
    assert returns_count(query) is counts


@pytest.mark.parametrize(
    ("query", "never"),
    [
        ("select count(*) from ${table}", True),
        ("select (count(distinct name) filter (where id > 1)) as n from ${table} where id > 3", True),
        ("with t as (select * from ${table}) select count(id) from t", True),
        ("select count_if(id > 1) from ${table}", False),
        ("select sum(case when id > 1 then 1 else 0 end) from ${table}", False),
        ("select 100.0 * count(*) filter (name is null) / nullif(count(*), 0) from ${table}", False),
        ("select count(*) from ${table} group by id", False),
        ("select count(*) from ${table} having count(*) > 0", False),
        ("select count(*) over () from ${table}", False),
        ("select max(id) from ${table}", False),
        ("select", False),
    ],
)
def test_which_queries_are_never_null(query, never):
    assert is_never_null(query) is never
    if never:
        with duckdb.connect() as connection:
            connection.execute("create table thing (id bigint, name varchar)")
            assert connection.sql(query.replace("${table}", "thing")).fetchall() == [(0,)]
