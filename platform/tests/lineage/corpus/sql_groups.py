"""Aggregates, their filters and orders, and what rows are grouped by."""

from __future__ import annotations

from lineage.corpus.notation import case
from lineage.corpus.sql_tables import ACCOUNT, BOOKING, PARTY, T1

CASES = (
    case(
        "aggregates by a key",
        """
        select account_id, sum(amount) as total, min(booked_on) as first_on, avg(amount) as mean, list(memo) as memos
        from booking group by account_id
        """,
        BOOKING,
        {
            "account_id": "identity booking.account_id",
            "total": "aggregation booking.amount",
            "first_on": "aggregation booking.booked_on",
            "mean": "aggregation booking.amount",
            "memos": "aggregation booking.memo",
        },
        "group_by booking.account_id",
    ),
    case(
        "counts mask; a count of rows depends on no column",
        """
        select
            count(*) as rows, count(1) as ones, count(memo) as memos, count(distinct direction) as directions,
            count(memo) + 1 as more
        from booking
        """,
        BOOKING,
        {
            "rows": "",
            "ones": "",
            "memos": "masked aggregation booking.memo",
            "directions": "masked aggregation booking.direction",
            "more": "masked aggregation booking.memo",
        },
    ),
    case(
        "having",
        "select account_id from booking group by account_id having sum(amount) > 10 and count(memo) > 1",
        BOOKING,
        {"account_id": "identity booking.account_id"},
        "group_by booking.account_id, filter booking.amount, filter booking.memo",
    ),
    case(
        "an aggregate with a filter",
        """
        select
            sum(amount) filter (where direction = 'C') as credits,
            count(*) filter (where memo is not null) as with_memo
        from booking
        """,
        BOOKING,
        {
            "credits": "aggregation booking.amount, conditional booking.direction",
            "with_memo": "conditional booking.memo",
        },
    ),
    case(
        "an aggregate of a case",
        """
        select account_id, sum(case when direction = 'C' then amount else -amount end) as balance
        from booking group by account_id
        """,
        BOOKING,
        {
            "account_id": "identity booking.account_id",
            "balance": "aggregation booking.amount, conditional booking.direction",
        },
        "group_by booking.account_id",
    ),
    case(
        "group by all",
        "select direction, upper(memo) as memo, max(amount) as highest from booking group by all",
        BOOKING,
        {
            "direction": "identity booking.direction",
            "memo": "transformation booking.memo",
            "highest": "aggregation booking.amount",
        },
        "group_by booking.direction, group_by booking.memo",
    ),
    case(
        "group by an alias, by a position and by a column that is not shown",
        """
        select date_trunc('month', booked_on) as month, direction, sum(amount) as total
        from booking group by month, 2, account_id
        """,
        BOOKING,
        {
            "month": "transformation booking.booked_on",
            "direction": "identity booking.direction",
            "total": "aggregation booking.amount",
        },
        "group_by booking.booked_on, group_by booking.direction, group_by booking.account_id",
    ),
    case(
        "grouping sets",
        "select branch, status, count(party_id) as holders from account group by grouping sets ((branch, status), (branch), ())",
        ACCOUNT,
        {
            "branch": "identity account.branch",
            "status": "identity account.status",
            "holders": "masked aggregation account.party_id",
        },
        "group_by account.branch, group_by account.status",
    ),
    case(
        "rollup",
        "select branch, status, sum(credit_limit) as limits from account group by rollup (branch, status)",
        ACCOUNT,
        {
            "branch": "identity account.branch",
            "status": "identity account.status",
            "limits": "aggregation account.credit_limit",
        },
        "group_by account.branch, group_by account.status",
    ),
    case(
        "ordered aggregates",
        """
        select
            list(memo order by booked_on, booking_id) as memos,
            string_agg(direction, ',' order by amount desc) as directions,
            first(amount order by booked_on) as first_amount
        from booking
        """,
        BOOKING,
        {
            "memos": "aggregation booking.memo, sort booking.booked_on, sort booking.booking_id",
            "directions": "aggregation booking.direction, sort booking.amount",
            "first_amount": "aggregation booking.amount, sort booking.booked_on",
        },
    ),
    case(
        # The second argument only decides which value is taken.
        "the value of the row where another column is highest",
        "select account_id, arg_max(memo, booked_on) as last_memo from booking group by account_id",
        BOOKING,
        {
            "account_id": "identity booking.account_id",
            "last_memo": "aggregation booking.memo, sort|conditional booking.booked_on",
        },
        "group_by booking.account_id",
    ),
    case(
        "any value, first, median, quantile, standard deviation",
        """
        select
            any_value(memo) as some_memo, first(direction) as first_direction, median(amount) as middle,
            quantile_cont(amount, 0.9) as high, stddev(amount) as spread, mode(direction) as usual
        from booking
        """,
        BOOKING,
        {
            "some_memo": "aggregation booking.memo",
            "first_direction": "aggregation booking.direction",
            "middle": "aggregation booking.amount",
            "high": "aggregation booking.amount",
            "spread": "aggregation booking.amount",
            "usual": "aggregation booking.direction",
        },
    ),
    case(
        "expressions of several aggregates",
        """
        select
            sum(amount) / count(memo) as per_memo,
            round(2 * max(amount) - min(amount), 2) as spread,
            corr(amount, booking_id) as relation
        from booking
        """,
        BOOKING,
        {
            "per_memo": "aggregation booking.amount, masked aggregation booking.memo",
            "spread": "aggregation booking.amount",
            "relation": "aggregation booking.amount, aggregation booking.booking_id",
        },
    ),
    case(
        "a sum of counts still masks",
        """
        with counted as (select account_id, direction, count(memo) as n from booking group by all)
        select account_id, sum(n) as n from counted group by account_id
        """,
        BOOKING,
        {"account_id": "identity booking.account_id", "n": "masked aggregation booking.memo"},
        "group_by booking.account_id, group_by booking.direction",
    ),
    case(
        "a hash of an aggregate",
        "select city, md5(max(email)) as token from party group by city",
        PARTY,
        {"city": "identity party.city", "token": "masked aggregation party.email"},
        "group_by party.city",
    ),
    case(
        "distinct",
        "select distinct branch, upper(status) as status from account",
        ACCOUNT,
        {"branch": "identity account.branch", "status": "transformation account.status"},
        "group_by account.branch, group_by account.status",
    ),
    case(
        "distinct on a key, the first by an order",
        """
        select distinct on (account_id) account_id, memo
        from booking order by account_id, booked_on desc
        """,
        BOOKING,
        {"account_id": "identity booking.account_id", "memo": "identity booking.memo"},
        "group_by booking.account_id, sort booking.account_id, sort booking.booked_on",
    ),
    case(
        "an aggregate over nothing but a filter",
        "select max(booked_on) as as_of from booking where direction = 'C'",
        BOOKING,
        {"as_of": "aggregation booking.booked_on"},
        "filter booking.direction",
    ),
    case(
        "a distinct sum and a count of those who meet a condition",
        "select sum(distinct amount) as total, bool_or(memo is null) as lacks_memo from booking",
        BOOKING,
        {"total": "aggregation booking.amount", "lacks_memo": "aggregation booking.memo"},
    ),
    case(
        "keys of a group that were chosen by a condition",
        """
        select case when a > 0 then b else c end as k, sum(c) as total
        from t1 group by case when a > 0 then b else c end
        """,
        T1,
        {
            "k": "transformation t1.b, transformation t1.c, conditional t1.a",
            "total": "aggregation t1.c",
        },
        "group_by t1.a, group_by t1.b, group_by t1.c",
    ),
    case(
        "an order before a limit inside",
        "with latest as (select * from booking order by booked_on desc limit 10) select account_id, memo from latest",
        BOOKING,
        {"account_id": "identity booking.account_id", "memo": "identity booking.memo"},
        "sort booking.booked_on",
    ),
    case(
        # Without a limit the order of an inner query is lost; to name it is no fault.
        "an order inside that orders nothing",
        "with ordered as (select * from booking order by booked_on) select sum(amount) as total from ordered",
        BOOKING,
        {"total": "aggregation booking.amount"},
        "maybe sort booking.booked_on",
    ),
)
