"""Unions, lists, structs, pivots, rows made from nothing, and queries that call themselves."""

from __future__ import annotations

from lineage.corpus.notation import case
from lineage.corpus.sql_tables import PROFILE, QUARTER, T1, T2, T3

CASES = (
    case(
        "union all goes by position",
        "select a as k, b from t1 union all select d, a from t2",
        T1 | T2,
        {"k": "identity t1.a, identity t2.d", "b": "identity t1.b, identity t2.a"},
    ),
    case(
        "union removes doubles, so every column decides",
        "select a, b from t1 union select a, d from t2",
        T1 | T2,
        {"a": "identity t1.a, identity t2.a", "b": "identity t1.b, identity t2.d"},
        "group_by t1.a, group_by t1.b, group_by t2.a, group_by t2.d",
    ),
    case(
        "union all by name",
        "select a, b from t1 union all by name select b, a + 1 as a, d from t2",
        T1 | T2,
        {
            "a": "identity t1.a, transformation t2.a",
            "b": "identity t1.b, identity t2.b",
            "d": "identity t2.d",
        },
    ),
    case(
        "union by name of stars",
        "select * from t1 union all by name select * from t3",
        T1 | T3,
        {
            "a": "identity t1.a, identity t3.a",
            "b": "identity t1.b",
            "c": "identity t1.c, identity t3.c",
            "e": "identity t3.e",
        },
    ),
    case(
        # Values are the left side's; the right side decides which of them stay.
        "except",
        "select a from t1 except select d from t2",
        T1 | T2,
        {"a": "identity t1.a"},
        "group_by|filter|join t1.a, group_by|filter|join t2.d",
    ),
    case(
        "intersect",
        "select a, b from t1 intersect select a, b from t2",
        T1 | T2,
        {"a": "identity t1.a, maybe identity t2.a", "b": "identity t1.b, maybe identity t2.b"},
        "group_by|filter|join t1.a, group_by|filter|join t1.b, group_by|filter|join t2.a, group_by|filter|join t2.b",
    ),
    case(
        "branches of a union with a filter, a constant and a cast",
        """
        with everything as (
            select a, 'first' as origin, b from t1 where c > 0
            union all
            select a, d::varchar, null from t2
            union all
            select e, 'third', c from t3
        )
        select a, origin, b + 1 as more from everything
        """,
        T1 | T2 | T3,
        {
            "a": "identity t1.a, identity t2.a, identity t3.e",
            "origin": "transformation t2.d",
            "more": "transformation t1.b, transformation t3.c",
        },
        "filter t1.c",
    ),
    case(
        "a union that is ordered, of branches that are limited",
        "(select a from t1 order by b limit 2) union all (select d from t2) order by 1",
        T1 | T2,
        {"a": "identity t1.a, identity t2.d"},
        "sort t1.b, sort t1.a, sort t2.d",
    ),
    # How long a list is decides how often its row is there: true of all rows, though no word of the specification is
    # for it, and the published answers leave it out. It may be said.
    case(
        "unnest in the select",
        "select party_id, unnest(tags) as tag, upper(unnest(tags)) as loud from profile",
        PROFILE,
        {
            "party_id": "identity profile.party_id",
            "tag": "transformation profile.tags",
            "loud": "transformation profile.tags",
        },
        "maybe join|filter profile.tags",
    ),
    case(
        "unnest beside the table",
        "select p.party_id, u.tag from profile as p, unnest(p.tags) as u(tag) where u.tag <> 'x'",
        PROFILE,
        {"party_id": "identity profile.party_id", "tag": "transformation profile.tags"},
        "filter profile.tags, maybe join profile.tags",
    ),
    case(
        "cross join unnest",
        """
        select party_id, s.score * 2 as twice
        from profile cross join unnest(list_transform(scores, lambda x: x + 1)) as s(score)
        """,
        PROFILE,
        {"party_id": "identity profile.party_id", "twice": "transformation profile.scores"},
        "maybe join|filter profile.scores",
    ),
    case(
        "fields of a struct",
        """
        select
            address as whole,
            address.city as city,
            p.address['street'] as street,
            struct_extract(address, 'city') || memo as text
        from profile as p
        """,
        PROFILE,
        {
            "whole": "identity profile.address",
            "city": "transformation profile.address",
            "street": "transformation profile.address",
            "text": "transformation profile.address, transformation profile.memo",
        },
    ),
    case(
        "structs that are packed",
        "select struct_pack(id := party_id, memo := memo) as packed, {'tags': tags, 'one': 1} as made from profile",
        PROFILE,
        {
            "packed": "transformation profile.party_id, transformation profile.memo",
            "made": "transformation profile.tags",
        },
    ),
    case(
        # The value is of one field; a derivation that keeps to columns may name the whole struct's sources.
        "a field of a struct that was packed before",
        "with packed as (select {'x': a, 'y': b} as s from t1) select s.x as x from packed",
        T1,
        {"x": "transformation|identity t1.a, maybe transformation t1.b"},
    ),
    case(
        "a struct taken apart into columns",
        "select party_id, unnest(address) from profile",
        PROFILE,
        {
            "party_id": "identity profile.party_id",
            "street": "transformation profile.address",
            "city": "transformation profile.address",
        },
        underivable=("street", "city", "party_id", "*"),
    ),
    case(
        "elements, literals and comprehensions of lists",
        """
        select
            tags[1] as first_tag,
            list_contains(tags, memo) as has_memo,
            [party_id, scores[1]] as made,
            [x + party_id for x in scores] as moved
        from profile
        """,
        PROFILE,
        {
            "first_tag": "transformation profile.tags",
            "has_memo": "transformation profile.tags, transformation profile.memo",
            "made": "transformation profile.party_id, transformation profile.scores",
            "moved": "transformation profile.scores, transformation profile.party_id",
        },
    ),
    case(
        "fields of JSON",
        "select payload ->> '$.name' as name, json_extract(payload, '$.a') as a from profile",
        PROFILE,
        {"name": "transformation profile.payload", "a": "transformation profile.payload"},
    ),
    case(
        # What the rows are spread by decides which value counts; the word for it is free.
        "pivot",
        """
        select * from (select branch, quarter, amount from sales)
        pivot (sum(amount) for quarter in ('Q1', 'Q2'))
        """,
        QUARTER,
        {
            "branch": "identity sales.branch",
            "Q1": "aggregation sales.amount",
            "Q2": "aggregation sales.amount",
        },
        "group_by sales.branch",
        either={
            "Q1": "conditional|filter|group_by sales.quarter",
            "Q2": "conditional|filter|group_by sales.quarter",
        },
    ),
    case(
        "pivot with two aggregates and a group",
        """
        from sales pivot (sum(amount) as total, max(product) as top for quarter in ('Q1', 'Q2') group by branch)
        select branch, "Q1_total", "Q2_top"
        """,
        QUARTER,
        {
            "branch": "identity sales.branch",
            "Q1_total": "aggregation sales.amount",
            "Q2_top": "aggregation sales.product",
        },
        "group_by sales.branch",
        either={
            "Q1_total": "conditional|filter|group_by sales.quarter",
            "Q2_top": "conditional|filter|group_by sales.quarter",
        },
    ),
    case(
        # The names of the columns are constants; only the values come from them.
        "unpivot",
        "select branch, month, value from sales unpivot include nulls (value for month in (jan, feb))",
        QUARTER,
        {
            "branch": "identity sales.branch",
            "month": "",
            "value": "identity|transformation sales.jan, identity|transformation sales.feb",
        },
        source="sqlglot, test_lineage: unpivot (the value column)",
    ),
    case(
        "a list of values joined as a lookup",
        "select t1.b, v.label from t1 join (values (1, 'one'), (2, 'two')) as v(code, label) on t1.a = v.code",
        T1,
        {"b": "identity t1.b", "label": ""},
        "join t1.a",
    ),
    case(
        "rows from a series",
        "select a, g.n, g.n + b as moved from t1, generate_series(1, 3) as g(n)",
        T1,
        {"a": "identity t1.a", "n": "", "moved": "transformation t1.b"},
    ),
    case(
        "rows from a series that a column bounds",
        "select a, unnest(range(b)) as i from t1",
        T1,
        {"a": "identity t1.a", "i": "transformation t1.b"},
        "maybe join|filter t1.b",
        held=False,
    ),
    case(
        "a query that calls itself",
        """
        with recursive chain as (
            select a, b, 1 as depth from t1 where c = 0
            union all
            select t1.a, t1.b, chain.depth + 1 from t1 join chain on t1.b = chain.a where chain.depth < 3
        )
        select a, b + 1 as next, depth from chain
        """,
        T1,
        {"a": "identity t1.a", "next": "transformation t1.b", "depth": ""},
        "filter t1.c, join t1.b, join t1.a",
        underivable=("a", "next", "depth"),
    ),
    case(
        "beside a query that calls itself, the rest is known",
        """
        with recursive steps as (select 1 as n union all select n + 1 from steps where n < 4)
        select t1.a, steps.n from t1 cross join steps
        """,
        T1,
        {"a": "identity t1.a", "n": ""},
        underivable=("n",),
    ),
)
