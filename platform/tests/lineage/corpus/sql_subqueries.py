"""Queries inside expressions. What decides a scalar subquery's value belongs to its column, not to the rows."""

from __future__ import annotations

from lineage.corpus.notation import case
from lineage.corpus.sql_tables import ACCOUNT, BOOKING, CARD, PARTY, T1, T2, T3

CASES = (
    case(
        "a scalar subquery",
        "select account_id, (select max(amount) from booking) as highest from account",
        ACCOUNT | BOOKING,
        {"account_id": "identity account.account_id", "highest": "aggregation booking.amount"},
    ),
    case(
        "a correlated scalar subquery",
        """
        select
            a.branch,
            (select sum(b.amount) from booking as b where b.account_id = a.account_id and b.direction = 'C') as credits
        from account as a
        """,
        ACCOUNT | BOOKING,
        {"branch": "identity account.branch", "credits": "aggregation booking.amount"},
        either={
            "credits": "filter|join booking.account_id, filter|join account.account_id, filter|join booking.direction"
        },
    ),
    case(
        "a correlated count of rows",
        "select a.branch, (select count(*) from card as c where c.account_id = a.account_id) as cards from account as a",
        ACCOUNT | CARD,
        {"branch": "identity account.branch", "cards": ""},
        either={"cards": "filter|join card.account_id, filter|join account.account_id"},
    ),
    case(
        "exists",
        """
        select account_id from account as a
        where exists (select 1 from card as c where c.account_id = a.account_id and c.kind = 'GOLD')
        """,
        ACCOUNT | CARD,
        {"account_id": "identity account.account_id"},
        "filter|join account.account_id, filter|join card.account_id, filter|join card.kind",
    ),
    case(
        "not exists, correlated by a column of its own name",
        "select full_name from party where not exists (select * from account where account.party_id = party.party_id)",
        ACCOUNT | PARTY,
        {"full_name": "identity party.full_name"},
        "filter|join party.party_id, filter|join account.party_id",
    ),
    case(
        "in",
        "select memo from booking where account_id in (select account_id from account where branch = 'A')",
        ACCOUNT | BOOKING,
        {"memo": "identity booking.memo"},
        "filter|join booking.account_id, filter|join account.account_id, filter|join account.branch",
    ),
    case(
        "not in what was grouped",
        """
        select full_name from party
        where party_id not in (select party_id from account group by party_id having count(branch) > 1)
        """,
        ACCOUNT | PARTY,
        {"full_name": "identity party.full_name"},
        "filter|join party.party_id, filter|join account.party_id, filter|join account.branch, "
        "maybe group_by account.party_id",
    ),
    case(
        "compared with a scalar subquery",
        "select booking_id from booking where amount > (select avg(credit_limit) from account where status = 'OPEN')",
        ACCOUNT | BOOKING,
        {"booking_id": "identity booking.booking_id"},
        "filter booking.amount, filter account.credit_limit, filter account.status",
    ),
    case(
        "compared with any",
        "select c from t1 where a > any (select d from t2 where b = 1)",
        T1 | T2,
        {"c": "identity t1.c"},
        "filter|join t1.a, filter|join t2.d, filter|join t2.b",
    ),
    case(
        # Whether there is a row decides the value; no value of the subquery reaches it.
        "exists as a value",
        "select a.branch, exists (select 1 from card as c where c.account_id = a.account_id) as has_card from account as a",
        ACCOUNT | CARD,
        {"branch": "identity account.branch", "has_card": ""},
        either={
            "has_card": "filter|join|conditional card.account_id, filter|join|conditional account.account_id",
        },
    ),
    case(
        "in as a value",
        "select memo, account_id in (select account_id from card where kind = 'GOLD') as is_gold from booking",
        BOOKING | CARD,
        {
            "memo": "identity booking.memo",
            "is_gold": "transformation booking.account_id",
        },
        either={"is_gold": "transformation|filter|join|conditional card.account_id, filter|join|conditional card.kind"},
    ),
    case(
        "a scalar subquery as a condition and as a value",
        """
        select case when (select avg(d) from t2) > 0 and b = 1 then (select max(e) from t3) else c end as x from t1
        """,
        T1 | T2 | T3,
        {"x": "transformation t1.c, aggregation t3.e, conditional t2.d, conditional t1.b"},
        source="sqllineage, test_column_select_case_when: case when with subquery (the columns; the kinds are ours)",
    ),
    case(
        "three queries deep",
        """
        select x + 1 as y from (
            select b as x from (select b, a from t1 where c > 0) as inmost where a in (select a from t2 where d = 1)
        ) as middle
        """,
        T1 | T2,
        {"y": "transformation t1.b"},
        "filter t1.c, filter|join t1.a, filter|join t2.a, filter|join t2.d",
    ),
    case(
        "a subquery of no table, over columns outside",
        "select (select a + b as result) as total from t1",
        T1,
        {"total": "transformation t1.a, transformation t1.b"},
        source="sqllineage, test_column_select_expression: subquery without a source table",
    ),
    case(
        "a subquery that selects the outer row's column",
        "select a, (select t1.b from t2 where t2.a = t1.a limit 1) as x from t1",
        T1 | T2,
        {"a": "identity t1.a", "x": "identity|transformation t1.b"},
        either={"x": "filter|join t1.a, filter|join t2.a"},
    ),
    case(
        "a common table expression read by a scalar subquery",
        """
        with moment as (select max(booked_on) as as_of from booking where memo is not null)
        select account_id, datediff('day', opened_on, (select as_of from moment)) as age from account
        """,
        ACCOUNT | BOOKING,
        {
            "account_id": "identity account.account_id",
            "age": "transformation account.opened_on, aggregation booking.booked_on",
        },
        either={"age": "filter booking.memo"},
    ),
    case(
        "a column of the subquery's own table hides the outer one",
        "select c from t1 where exists (select 1 from t2 where b = d)",
        T1 | T2,
        {"c": "identity t1.c"},
        "filter|join t2.b, filter|join t2.d",
    ),
    case(
        "an array of a subquery",
        "select a, array(select d from t2 where t2.a = t1.a) as ds from t1",
        T1 | T2,
        {"a": "identity t1.a", "ds": "aggregation|transformation|identity t2.d"},
        either={"ds": "filter|join t1.a, filter|join t2.a"},
    ),
)
