"""Window functions: values are DIRECT, keys are WINDOW, and qualify filters."""

from __future__ import annotations

from lineage.corpus.notation import case
from lineage.corpus.sql_tables import BOOKING, T1

CASES = (
    case(
        "row number",
        "select booking_id, row_number() over (partition by account_id order by booked_on desc) as n from booking",
        BOOKING,
        {"booking_id": "identity booking.booking_id", "n": "window booking.account_id, window booking.booked_on"},
    ),
    case(
        "running sum and count",
        """
        select
            sum(amount) over (partition by account_id order by booked_on, booking_id) as balance,
            count(memo) over (partition by account_id) as memos,
            count(*) over (partition by direction) as n
        from booking
        """,
        BOOKING,
        {
            "balance": "aggregation booking.amount, window booking.account_id, window booking.booked_on, "
            "window booking.booking_id",
            "memos": "masked aggregation booking.memo, window booking.account_id",
            "n": "window booking.direction",
        },
    ),
    case(
        "the value of another row",
        """
        select
            lag(amount, 1, booking_id) over (partition by account_id order by booked_on) as previous,
            lead(memo) over (order by booking_id, memo) as following
        from booking
        """,
        BOOKING,
        {
            "previous": "transformation booking.amount, transformation booking.booking_id, "
            "window booking.account_id, window booking.booked_on",
            "following": "transformation booking.memo, window booking.booking_id, window booking.memo",
        },
    ),
    case(
        "first and last value",
        """
        select
            first_value(amount) over w as first_amount,
            last_value(memo) over (w rows between unbounded preceding and unbounded following) as last_memo
        from booking
        window w as (partition by account_id order by booked_on)
        """,
        BOOKING,
        {
            "first_amount": "aggregation|transformation booking.amount, window booking.account_id, "
            "window booking.booked_on",
            "last_memo": "aggregation|transformation booking.memo, window booking.account_id, window booking.booked_on",
        },
    ),
    case(
        "an expression around a window",
        """
        select
            amount - avg(amount) over (partition by account_id) as deviation,
            case when rank() over (order by amount) = 1 then memo end as of_lowest
        from booking
        """,
        BOOKING,
        {
            "deviation": "aggregation booking.amount, maybe transformation booking.amount, window booking.account_id",
            "of_lowest": "transformation booking.memo, conditional|window booking.amount",
        },
    ),
    case(
        "keys of a window that were computed",
        """
        with months as (select date_trunc('month', booked_on) as month, lower(direction) as side, amount from booking)
        select month, sum(amount) over (partition by side order by month) as running from months
        """,
        BOOKING,
        {
            "month": "transformation booking.booked_on",
            "running": "aggregation booking.amount, window booking.direction, window booking.booked_on",
        },
    ),
    case(
        "qualify",
        """
        select booking_id, amount from booking
        qualify row_number() over (partition by account_id order by booked_on) = 1
        """,
        BOOKING,
        {"booking_id": "identity booking.booking_id", "amount": "identity booking.amount"},
        "filter booking.account_id, filter booking.booked_on",
    ),
    case(
        "qualify by an alias that is not a column",
        "select memo, rank() over (order by amount) as place from booking qualify place <= 3",
        BOOKING,
        {"memo": "identity booking.memo", "place": "window booking.amount"},
        "filter booking.amount",
    ),
    case(
        "the newest row of each key, by a filter outside",
        """
        select account_id, memo
        from (select *, row_number() over (partition by account_id order by booked_on desc) as n from booking)
        where n = 1
        """,
        BOOKING,
        {"account_id": "identity booking.account_id", "memo": "identity booking.memo"},
        "filter booking.account_id, filter booking.booked_on",
    ),
    case(
        "a window over aggregates",
        """
        select account_id, sum(amount) as total, sum(sum(amount)) over (order by account_id) as running,
            rank() over (order by max(booked_on)) as place
        from booking group by account_id
        """,
        BOOKING,
        {
            "account_id": "identity booking.account_id",
            "total": "aggregation booking.amount",
            "running": "aggregation booking.amount, window booking.account_id",
            "place": "window booking.booked_on",
        },
        "group_by booking.account_id",
    ),
    case(
        "a window aggregate with a filter",
        "select sum(a) filter (where b > 0) over (partition by c) as s from t1",
        T1,
        {"s": "aggregation t1.a, conditional t1.b, window t1.c"},
    ),
    case(
        "a range of days",
        """
        select avg(amount) over (
            partition by account_id order by booked_on range between interval 30 days preceding and current row
        ) as recent
        from booking
        """,
        BOOKING,
        {"recent": "aggregation booking.amount, window booking.account_id, window booking.booked_on"},
    ),
)
