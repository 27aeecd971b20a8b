"""Which name means what: scopes inside scopes, aliases that hide columns and columns that hide aliases."""

from __future__ import annotations

from lineage.corpus.notation import case
from lineage.corpus.sql_tables import ACCOUNT, BOOKING, CARD, PROFILE, T1, T2, T3

CASES = (
    case(
        "an order goes by the alias, a filter by the column",
        "select memo as direction, account_id from booking where direction = 'A' order by direction limit 3",
        BOOKING,
        {"direction": "identity booking.memo", "account_id": "identity booking.account_id"},
        "filter booking.direction, sort booking.memo",
    ),
    case(
        "an expression in an order goes by the column that the alias hides",
        "select memo as direction, account_id from booking order by upper(direction), account_id limit 3",
        BOOKING,
        {"direction": "identity booking.memo", "account_id": "identity booking.account_id"},
        "sort booking.direction, sort booking.account_id",
    ),
    case(
        "a group goes by the column that an alias hides",
        "select b as a, sum(c) as total from t1 group by a, b",
        T1,
        {"a": "identity t1.b", "total": "aggregation t1.c"},
        "group_by t1.a, group_by t1.b",
    ),
    case(
        "an alias of an aggregate in having",
        "select direction, sum(amount) as total from booking group by direction having total > 3 order by total",
        BOOKING,
        {"direction": "identity booking.direction", "total": "aggregation booking.amount"},
        "group_by booking.direction, filter booking.amount, sort booking.amount",
    ),
    case(
        "an expression with names for its columns",
        "with x(k, v) as (select a, b + c from t1) select v, k as c from x",
        T1,
        {"v": "transformation t1.b, transformation t1.c", "c": "identity t1.a"},
    ),
    case(
        "a table and a subquery with names for their columns",
        "select x.p, s.q, s.r from t1 as x(p, q, r) join (select a, d from t2) as s(q, r) on x.q = s.q",
        T1 | T2,
        {"p": "identity t1.a", "q": "identity t2.a", "r": "identity t2.d"},
        "join t1.b, join t2.a",
    ),
    case(
        "a column without a table's name is found in the one that has it",
        "select c, d, e from t1 join t2 on t1.a = t2.a join (select a as k, e from t3) on k = d",
        T1 | T2 | T3,
        {"c": "identity t1.c", "d": "identity t2.d", "e": "identity t3.e"},
        "join t1.a, join t2.a, join t3.a, join t2.d",
    ),
    case(
        "a chain of using over three tables",
        "select a, t1.b, d, e from t1 left join t2 using (a) left join t3 using (a)",
        T1 | T2 | T3,
        {"a": "identity t1.a", "b": "identity t1.b", "d": "identity t2.d", "e": "identity t3.e"},
        "join t1.a, join t2.a, join t3.a",
    ),
    case(
        "a join in brackets",
        "select t1.c, t2.d, t3.e from t1 left join (t2 join t3 on t2.a = t3.a) on t1.a = t2.b",
        T1 | T2 | T3,
        {"c": "identity t1.c", "d": "identity t2.d", "e": "identity t3.e"},
        "join t2.a, join t3.a, join t1.a, join t2.b",
    ),
    case(
        "correlated with the query around the query around it",
        """
        select c from t1
        where exists (select 1 from t2 where t2.a = t1.a and exists (select 1 from t3 where t3.e = t1.b and t3.c = t2.d))
        """,
        T1 | T2 | T3,
        {"c": "identity t1.c"},
        "filter|join t1.a, filter|join t2.a, filter|join t1.b, filter|join t3.e, filter|join t3.c, filter|join t2.d",
    ),
    case(
        "lateral subqueries that read one another",
        "select y, a from t1, lateral (select a + b as x) as first, lateral (select x * c as y) as second",
        T1,
        {"y": "transformation t1.a, transformation t1.b, transformation t1.c", "a": "identity t1.a"},
    ),
    case(
        "one expression read under two names, each filtered its own way",
        """
        with latest as (select account_id, booked_on, amount from booking)
        select credit.amount as credit, debit.booked_on as debit_on
        from latest as credit join latest as debit on credit.account_id = debit.account_id
        where credit.amount > 2
        """,
        BOOKING,
        {"credit": "identity booking.amount", "debit_on": "identity booking.booked_on"},
        "join booking.account_id, filter booking.amount",
    ),
    case(
        "a branch of a union with an expression of its own",
        """
        select a from t1
        union all
        (with t1 as (select d as a from t2 where b > 0) select a from t1)
        """,
        T1 | T2,
        {"a": "identity t1.a, identity t2.d"},
        "filter t2.b",
    ),
    case(
        "a star over a subquery over a star",
        "select * exclude (b), b as last from (select *, a + 1 as more from (select * from t1) as inmost) as outside",
        T1,
        {
            "a": "identity t1.a",
            "c": "identity t1.c",
            "more": "transformation t1.a",
            "last": "identity t1.b",
        },
    ),
    case(
        "a star with other names",
        "select * rename (b as second) from t1",
        T1,
        {"a": "identity t1.a", "second": "identity t1.b", "c": "identity t1.c"},
        underivable=("a", "second", "c", "*"),
    ),
    case(
        "every field of a struct",
        "select party_id, address.* from profile",
        PROFILE,
        {
            "party_id": "identity profile.party_id",
            "street": "transformation profile.address",
            "city": "transformation profile.address",
        },
        underivable=("street", "city", "party_id", "*"),
    ),
    case(
        "tuples compared with a subquery",
        "select c from t1 where (a, b) in (select a, d from t2)",
        T1 | T2,
        {"c": "identity t1.c"},
        "filter|join t1.a, filter|join t1.b, filter|join t2.a, filter|join t2.d",
    ),
    case(
        "conditions from a subquery inside an aggregate",
        """
        select branch, sum(case when account_id in (select account_id from card where kind = 'GOLD')
            then credit_limit end) as gold_limits
        from account group by branch
        """,
        ACCOUNT | CARD,
        {
            "branch": "identity account.branch",
            "gold_limits": "aggregation account.credit_limit, conditional account.account_id",
        },
        "group_by account.branch",
        either={"gold_limits": "filter|join|conditional card.account_id, filter|join|conditional card.kind"},
    ),
    case(
        "a filter and an order inside one aggregate",
        "select first(memo order by booked_on) filter (where direction = 'A') as first_credit from booking",
        BOOKING,
        {
            "first_credit": "aggregation booking.memo, sort booking.booked_on, conditional booking.direction",
        },
    ),
    case(
        "counts of what a condition chose",
        """
        select count(distinct case when direction = 'A' then memo end) as memos, nullif(sum(amount), 0) as total
        from booking
        """,
        BOOKING,
        {
            "memos": "masked aggregation booking.memo, conditional booking.direction",
            "total": "aggregation booking.amount, conditional booking.amount",
        },
    ),
    case(
        "a row number over nothing",
        "select row_number() over () as n, a from t1",
        T1,
        {"n": "", "a": "identity t1.a"},
    ),
    case(
        "qualify over a grouped query",
        """
        select account_id, sum(amount) as total from booking group by account_id
        qualify rank() over (order by max(booked_on)) <= 2
        """,
        BOOKING,
        {"account_id": "identity booking.account_id", "total": "aggregation booking.amount"},
        "group_by booking.account_id, filter booking.booked_on",
    ),
    case(
        "a join on a case",
        "select t1.c, t2.d from t1 join t2 on case when t1.a > 0 then t1.b else t1.a end = t2.b",
        T1 | T2,
        {"c": "identity t1.c", "d": "identity t2.d"},
        "join t1.a, join t1.b, join t2.b",
    ),
    case(
        "a list of columns taken apart into rows",
        "select unnest([a, b]) as value from t1",
        T1,
        {"value": "transformation t1.a, transformation t1.b"},
        "maybe join|filter t1.a, maybe join|filter t1.b",
    ),
    case(
        "slices, extremes and joined texts",
        """
        select memo[1:2] as start, greatest(account_id, booking_id) as higher, concat_ws('-', memo, direction) as text,
            booked_on + interval 1 month as due
        from booking
        """,
        BOOKING,
        {
            "start": "transformation booking.memo",
            "higher": "transformation booking.account_id, transformation booking.booking_id",
            "text": "transformation booking.memo, transformation booking.direction",
            "due": "transformation booking.booked_on",
        },
    ),
    case(
        "the difference of two filtered sets",
        "select a from t1 where b > 0 except all select a from t2 where d > 1",
        T1 | T2,
        {"a": "identity t1.a"},
        "filter t1.b, group_by|filter|join t1.a, group_by|filter|join t2.a, filter t2.d",
    ),
)
