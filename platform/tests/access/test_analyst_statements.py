"""Statements of analysts give what a plain DuckDB gives over the same masked rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from queried_relations import PartyRelation, party_rows, plain_database

from bankmesh.access.queries import run_query

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

STATEMENTS = r"""
select * from product order by party_id
from product
table product
FROM Product SELECT Party_ID, "name" WHERE PARTY_ID < 30
select count(*) as n from product
select count(*) from product where segment = 'retail'
select count(*), count(name), count(distinct segment) from product
select sum(balance) as total, avg(score), min(joined_on), max(seen_at) from product
select segment, sum(balance) as amount from product group by segment
select segment, branch, count(*) from product group by all order by all
select date_trunc('month', joined_on) as month, count(*) from product group by 1 order by 1
select segment, count(*) filter (where active) from product group by segment having count(*) > 3
select party_id, balance from product order by balance desc nulls last, party_id limit 10 offset 5
select party_id from product order by party_id limit 3%
select distinct segment from product
select distinct on (segment) segment, party_id from product order by segment, party_id
select * from product where joined_on >= '2021-01-01' and joined_on < date '2021-06-01'
select party_id from product where seen_at > timestamptz '2024-03-01 00:00:00+00'
select party_id from product where balance between 10 and 12.5
select party_id from product where branch in (1, 3) or segment is null
select party_id from product where segment in ('retail', 'private') and not active
select party_id from product where name like 'canary7716-1%' and name not ilike '%9'
select party_id from product where score > 0.25
select party_id from product where score = 'nan'::double or isinf(score)
select party_id from product where score is distinct from 0.5
select party_id from product where segment <> 'retail' and branch >= 2
select party_id from product where active = true and branch <> 3
select party_id from product where segment > 'Gr'
select party_id from product where balance = 3.1
select party_id from product where party_id > 9000000000 or party_id = 5
select party_id from product where joined_on < 'infinity'
select party_id, case when balance > 50 then 'high' when balance is null then null else 'low' end as band from product
select party_id, coalesce(segment, 'none'), nullif(branch, 3), ifnull(score, 0) from product
select party_id, cast(balance as varchar), balance::double, try_cast(name as int) from product
select party_id, upper(name), substring(name, 1, 4), name || '!', length(segment), left(name, 2) from product
select party_id, regexp_extract(name, '(\d+)$', 1), split_part(name, '-', 2), concat_ws('/', segment, branch) from product
select party_id, year(joined_on), extract(month from seen_at), joined_on + interval 3 months, extract(year from age(joined_on)) is null from product where branch = 2
select party_id, seen_at at time zone 'Europe/Zurich', strftime(joined_on, '%d.%m.%Y') from product
select party_id, date_diff('day', joined_on, date '2024-01-01'), last_day(joined_on), dayname(joined_on) from product
select party_id, round(balance, 1), abs(score), floor(score), greatest(branch, 3), balance % 7 from product
select party_id, row_number() over (partition by segment order by party_id) as n from product
select party_id, sum(balance) over (partition by branch order by party_id rows between 2 preceding and current row) from product
select party_id, lag(balance) over w, lead(balance, 2) over w, first_value(name) over w from product window w as (order by party_id)
select party_id, rank() over (order by branch, party_id), ntile(4) over (order by party_id) from product
select * from product qualify row_number() over (partition by segment order by balance desc, party_id) = 1
select party_id, balance, balance / sum(balance) over () from product where branch = 2
with big as (select * from product where balance > 20) select segment, count(*) from big group by 1
with a as (select segment, count(*) as n from product group by 1), b as (select max(n) as n from a) select a.* from a join b using (n)
with m as materialized (select branch, avg(score) as s from product where isfinite(score) group by 1) select * from m x join m y on x.branch = y.branch + 1
select p.party_id, q.party_id from product p join product q on p.party_id = q.party_id + 1 where p.branch = 1
select p.party_id from product p left join product q on p.branch = q.party_id where q.party_id is null
select party_id from product p where exists (select 1 from product q where q.party_id = p.party_id * 2 and q.active)
select party_id from product where balance > (select avg(balance) from product)
select party_id, (select max(q.balance) from product q where q.branch = p.branch) from product p
select party_id from product where branch = any (select max(branch) from product)
select branch from product union select -1 union all select 7 order by 1
select branch from product except select 3
select party_id from product where branch = 1 intersect select party_id from product where active
select segment, branch, sum(balance) from product group by rollup (segment, branch)
select segment, active, count(*), grouping(segment) from product group by grouping sets ((segment), (active), ())
select * exclude (tags, score) replace (upper(segment) as segment) rename (branch as office) from product
select columns('.*_(id|on)') from product
select min(columns(* exclude (tags))) from product
select party_id, unnest(tags) as tag from product
select tag, count(*) from (select unnest(tags) as tag from product) group by tag
select party_id, len(tags), tags[1], list_contains(tags, 't1'), tags[1:2] from product
select party_id, list_transform(tags, lambda t: upper(t)), [t for t in tags if t <> 't0'] from product
select party_id, list_sum([branch, 1]), list_sort([3, branch, 2]) from product
select string_agg(distinct segment, ',' order by segment), list(branch order by party_id) from product where party_id < 20
select quantile_cont(balance, 0.5), median(score), mode(segment), stddev_pop(branch), corr(branch, party_id) from product
select arg_max(name, party_id), any_value(active), bool_or(active), approx_count_distinct(party_id) > 0 from product
select percentile_cont(0.9) within group (order by balance) from product
select {'id': party_id, 'b': branch} as pair, struct_pack(x := 1).x, map {'a': branch} from product
select to_json({'id': party_id}), json_extract('{"a": 1}', '$.a') from product
select md5(name), hash(name) is null, bit_count(branch) from product
pivot product on segment in ('retail', 'private') using sum(balance) as total group by branch order by branch
select * from product pivot (count(*) for active in (true, false) group by branch)
unpivot (select party_id, branch, length(name) as size from product) on branch, size into name fact value amount
select * from (values (1, 'one'), (2, 'two')) as t(branch, word) join product using (branch)
select unnest(generate_series(1, 5)) as n, unnest(range(5))
select m.month, count(p.party_id) from (select unnest(range(date '2020-01-01', date '2020-06-01', interval 1 month))::date as month) m left join product p on date_trunc('month', p.joined_on) = m.month group by 1
select product.party_id, product from product where party_id = 3
select x.party_id as "Party", 1 + 1 as two, 'it''s', $$quoted$$, 1e3, -branch from product as x
select party_id /* a comment */ from product -- and another
select party_id as user from product order by user
select a: branch, b: count(*) from product group by branch
select party_id, branch from product where (branch, active) in ((1, true), (2, false))
select party_id from product natural join (select 1 as branch)
select p.party_id from product p semi join (select unnest([1, 2, 3]) as party_id) using (party_id)
select p.party_id from product p anti join product q on p.party_id = q.branch
select p.party_id, l.double from product p, lateral (select p.branch * 2 as double) l
select p.party_id, q.joined_on from product p asof join product q on p.party_id = q.party_id and p.joined_on >= q.joined_on where p.joined_on is not null
select segment collate nocase = 'RETAIL' as same, count(*) from product group by 1
select 1;
(select max(party_id) from product)
select count(*) from (select * from product limit 30)
select name is null as missing, count(*) from product group by missing
""".strip().split("\n")

_ROWS = party_rows(2_200)


@pytest.fixture(scope="module")
def plain() -> Iterator[duckdb.DuckDBPyConnection]:
    with plain_database(_ROWS) as database:
        yield database


def test_the_table_of_analysts_statements_is_long() -> None:
    assert len(STATEMENTS) == len(set(STATEMENTS)) >= 60


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_statement_gives_what_plain_duckdb_gives(plain: duckdb.DuckDBPyConnection, statement: str) -> None:
    relation = PartyRelation(_ROWS)
    found, expected = run_query(relation, statement), plain.execute(statement).pl()
    assert_frame_equal(_comparable(found), _comparable(expected), check_row_order=False)
    assert all((read.way, read.statement) == ("sql", statement) for read in relation.reads)


def _comparable(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame whose rows can be sorted: nested columns as texts."""
    nested = [name for name, dtype in frame.schema.items() if dtype.is_nested() or dtype == pl.Object]
    return frame.with_columns(pl.col(name).map_elements(repr, pl.String, skip_nulls=False) for name in nested)
