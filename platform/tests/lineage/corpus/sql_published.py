"""Answers that others have published, asked again with queries over the tables here.

The answers are facts taken from the test suites that each case names: OpenLineage's Spark integration
(`ColumnLineageWithTransformationTypesTest`) and SQL parser, its specification of the facet, sqllineage, sqlglot. Where a
suite gives no kind of dependency, the kind is ours.
"""

from __future__ import annotations

from lineage.corpus.notation import case
from lineage.corpus.sql_tables import ACCOUNT, BOOKING, PARTY, PROFILE, QUARTER, T1, T2, T3

SPARK = "OpenLineage, Spark integration, ColumnLineageWithTransformationTypesTest"
PARSER = "OpenLineage, SQL parser, tests of column lineage"

CASES = (
    case(
        "published: filter, group and order of one query",
        "select party_id, city from party where segment > 'B' group by party_id, city order by city",
        PARTY,
        {"party_id": "identity party.party_id", "city": "identity party.city"},
        "filter party.segment, group_by party.party_id, group_by party.city, sort party.city",
        source=f"{SPARK}.simpleQueryMultipleIndirect",
    ),
    case(
        "published: an aggregation stays one inside an expression",
        """
        select a as same, a + 1 as moved, sum(b) as total, 2 * sum(b) as twice, 2 * sum(b + 3) as more
        from t1 group by a
        """,
        T1,
        {
            "same": "identity t1.a",
            "moved": "transformation t1.a",
            "total": "aggregation t1.b",
            "twice": "aggregation t1.b",
            "more": "aggregation t1.b",
        },
        "group_by t1.a",
        source=f"{SPARK}.simpleQueryPriorityDirect",
    ),
    case(
        "published: hashes of a value and of an aggregate",
        "select sha1((a + 1)::varchar) as token, sha1(sum(b)::varchar) as total_token from t1 group by a",
        T1,
        {"token": "masked transformation t1.a", "total_token": "masked aggregation t1.b"},
        "group_by t1.a",
        source=f"{SPARK}.simpleQueryMasking",
    ),
    case(
        "published: a column that is condition and value",
        "select case when b > 1 then a else a + b end as picked, if(b > 1, a, a + b) as chosen from t1",
        T1,
        {
            "picked": "transformation t1.a, transformation t1.b, conditional t1.b",
            "chosen": "transformation t1.a, transformation t1.b, conditional t1.b",
        },
        source=f"{SPARK}.simpleQueryWithCaseWhenConditional, .simpleQueryWithIfConditional",
    ),
    case(
        "published: nullif compares with its second argument",
        "select nullif(a, b) as kept from t1",
        T1,
        {"kept": "transformation t1.a, conditional t1.a, conditional t1.b"},
        source=f"{SPARK}.simpleQueryWithNullIfConditional",
    ),
    case(
        "published: coalesce",
        "select coalesce(a, b, 0) as picked from t1",
        T1,
        {"picked": "transformation t1.a, transformation t1.b, maybe conditional t1.a, maybe conditional t1.b"},
        source=f"{SPARK}.simpleQueryWithCoalesceConditional (CONDITIONAL there as well)",
    ),
    case(
        "published: one value or another by whether a third is there",
        "select case when a is not null then b else c end as picked from t1",
        T1,
        {"picked": "transformation t1.b, transformation t1.c, conditional t1.a"},
        source=f"{SPARK}.simpleQueryWithNvl2Conditional",
    ),
    case(
        "published: rank, a windowed sum and a lag",
        """
        select
            a,
            rank() over (partition by b order by c) as place,
            sum(a) over (partition by b order by c) as running,
            lag(a, 3, 0) over (partition by b order by c) as before
        from t1
        """,
        T1,
        {
            "a": "identity t1.a",
            "place": "window t1.b, window t1.c",
            "running": "aggregation t1.a, window t1.b, window t1.c",
            "before": "transformation t1.a, window t1.b, window t1.c",
        },
        source=f"{SPARK}.simpleQueryRank, .simpleQueryWindowedAggregate, .simpleQueryWindowedTransformation",
    ),
    case(
        "published: a union with a constant in each branch",
        "select a, b, 'one' as origin from t1 union all select a, d, 'two' as origin from t2",
        T1 | T2,
        {"a": "identity t1.a, identity t2.a", "b": "identity t1.b, identity t2.d", "origin": ""},
        source=f"{SPARK}.union",
    ),
    case(
        "published: one table joined twice",
        """
        select b.booking_id, first.branch as opened_at, second.branch as limited_at
        from booking as b
        left join account as first on b.account_id = first.account_id
        left join account as second on b.booking_id = second.account_id
        where b.account_id is not null and b.booking_id is not null
        """,
        ACCOUNT | BOOKING,
        {
            "booking_id": "identity booking.booking_id",
            "opened_at": "identity account.branch",
            "limited_at": "identity account.branch",
        },
        "join booking.account_id, join booking.booking_id, join account.account_id, "
        "filter booking.account_id, filter booking.booking_id",
        source=f"{SPARK}.simpleQueryMultipleJoinsToSameTable",
    ),
    case(
        "published: distinct groups by what it shows",
        "select distinct city as town from party",
        PARTY,
        {"town": "identity party.city"},
        "group_by party.city",
        source=f"{SPARK}.simpleDistinctQuery",
    ),
    case(
        "published: words of a text as rows",
        "select word from (select unnest(string_split(memo, ' ')) as word from profile)",
        PROFILE,
        {"word": "transformation profile.memo"},
        "maybe join|filter profile.memo",
        source=f"{SPARK}.simpleQueryExplode",
    ),
    case(
        "published: functions inside functions",
        """
        select full_name as first, concat(email, city) as second, upper(concat(segment, city)) as third,
            substring(upper(concat(email, segment)), 1, 5) as fourth
        from party
        """,
        PARTY,
        {
            "first": "identity party.full_name",
            "second": "transformation party.email, transformation party.city",
            "third": "transformation party.segment, transformation party.city",
            "fourth": "transformation party.email, transformation party.segment",
        },
        source=f"{SPARK}.queryWithProgressivelyComplexTransformations",
    ),
    case(
        "published: ordered by what was computed, then limited",
        """
        select account_id, opened_on, date_diff('day', opened_on, date '2026-01-01') + party_id as age
        from account order by age desc limit 1
        """,
        ACCOUNT,
        {
            "account_id": "identity account.account_id",
            "opened_on": "identity account.opened_on",
            "age": "transformation account.opened_on, transformation account.party_id",
        },
        "sort account.opened_on, sort account.party_id",
        source="OpenLineage, documentation of the facet columnLineage: the example of delivery times",
    ),
    case(
        "published: derived tables side by side",
        """
        select x.a, y.b, z.c
        from (select a, t.b from t1 as t) as x, (select t.b, t.d from t2 as t) as y, (select c, t.a from t3 as t) as z
        """,
        T1 | T2 | T3,
        {"a": "identity t1.a", "b": "identity t2.b", "c": "identity t3.c"},
        source=f"{PARSER}: multiple derived tables",
    ),
    case(
        "published: an alias for every level",
        "select d as e from (select c as d from (select b as c from (select a as b from t1 as t)))",
        T1,
        {"e": "identity t1.a"},
        source=f"{PARSER}: deeply nested alias chain",
    ),
    case(
        "published: an expression of the name of the table that it reads",
        "with t1 as (select a, b from t1 as t1 where c > 0) select b, a from t1",
        T1,
        {"b": "identity t1.b", "a": "identity t1.a"},
        "filter t1.c",
        source=f"{PARSER}: long circular alias (there a known fault of the parser)",
    ),
    case(
        "published: one column by three joins of its own table",
        """
        select t.a, coalesce(x.b, y.b, z.b) as b
        from t1 as t
        left join (select a, b from t1 where c = 1) as x on t.a = x.a
        left join (select a, b from t1 where c = 2) as y on t.a = y.a
        left join (select a, b from t1 where c = 3) as z on t.a = z.a
        """,
        T1,
        {"a": "identity t1.a", "b": "transformation t1.b, maybe conditional t1.b"},
        "filter t1.c, join t1.a",
        source="sqllineage, test_column_select_from_join: multiple paths for the same column",
    ),
    case(
        "published: an expression in other letters",
        "with Inner1 as (select a from t1) select INNER1.a, a * 2 as twice from INNER1",
        T1,
        {"a": "identity t1.a", "twice": "transformation t1.a"},
        source="sqllineage, test_column_select_from_cte: case-insensitive names",
    ),
    case(
        "published: aggregated and joined to what it was aggregated from",
        """
        with one as (select a, b from t1), two as (select a, max(b) as high, count(b) as n from one group by a)
        select one.a, two.high, two.n from one join two on one.a = two.a
        """,
        T1,
        {"a": "identity t1.a", "high": "aggregation t1.b", "n": "masked aggregation t1.b"},
        "group_by t1.a, join t1.a",
        source="sqllineage, test_column_select_from_cte: references to a previously defined expression",
    ),
    case(
        "published: aggregates of two tables added",
        "select max(t1.b) + min(t2.d) as price from t2 inner join t1 on t1.a = t2.a",
        T1 | T2,
        {"price": "aggregation t1.b, aggregation t2.d"},
        "join t1.a, join t2.a",
        source="sqllineage, test_column_select_from_join: insert from self with join",
    ),
    case(
        "published: an alias used again, from a nested star",
        """
        select full_name || city || party_id as key, key || segment as more
        from (select * from (select * from party) as inmost) as outside
        """,
        PARTY,
        {
            "key": "transformation party.full_name, transformation party.city, transformation party.party_id",
            "more": "transformation party.full_name, transformation party.city, transformation party.party_id, "
            "transformation party.segment",
        },
        source="sqllineage, test_column_select_lateral_alias_ref: nested subquery",
    ),
    case(
        "published: a union of three read twice",
        """
        with three as (select a from t1 union all select d from t2 union all select e from t3),
        attached as (select coalesce(x.a, y.a) as a from three as x left join three as y on x.a = y.a)
        select a from attached
        """,
        T1 | T2 | T3,
        {
            "a": "transformation t1.a, transformation t2.d, transformation t3.e, "
            "maybe conditional t1.a, maybe conditional t2.d, maybe conditional t3.e",
        },
        "join t1.a, join t2.d, join t3.e",
        source="sqlglot, test_lineage: no self loops with a multi-aliased union",
    ),
    case(
        "published: scalar subqueries inside a sum",
        "select sum((select max(d) from t2) + (select min(e) from t3) + c) as y from t1",
        T1 | T2 | T3,
        {"y": "aggregation t2.d, aggregation t3.e, aggregation t1.c"},
        source="sqlglot, test_lineage: subquery",
    ),
    case(
        "published: a pivoted column under another name",
        """
        with spread as (
            select "Q1_s" as other from sales
            pivot (sum(amount) as s, max(jan) as m for quarter in ('Q1', 'Q2') group by branch)
        )
        select other from spread
        """,
        QUARTER,
        {"other": "aggregation sales.amount"},
        "group_by sales.branch",
        either={"other": "conditional|filter|group_by sales.quarter"},
        source="sqlglot, test_lineage: pivot with alias, pivot with an expression",
    ),
    case(
        "published: the column that a pivot leaves alone",
        """
        select branch from (select branch, quarter, amount from sales)
        pivot (sum(amount) for quarter in ('Q1', 'Q2')) order by branch
        """,
        QUARTER,
        {"branch": "identity sales.branch"},
        "group_by sales.branch, sort sales.branch",
        source="sqlglot, test_lineage: pivot with an implicit column of its source",
    ),
)
