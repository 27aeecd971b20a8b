"""Joins of every kind, and which side a merged column comes from."""

from __future__ import annotations

from lineage.corpus.notation import case
from lineage.corpus.sql_tables import ACCOUNT, BOOKING, CARD, PARTY, RATE, T1, T2, T3, TRADE

CASES = (
    case(
        "inner join on keys",
        "select a.account_id, p.full_name from account as a join party as p on a.party_id = p.party_id",
        ACCOUNT | PARTY,
        {"account_id": "identity account.account_id", "full_name": "identity party.full_name"},
        "join account.party_id, join party.party_id",
    ),
    case(
        "a condition beside the keys, and an expression as key",
        """
        select b.booking_id, a.branch
        from booking as b
        left join account as a on b.account_id = a.account_id and upper(a.status) = 'OPEN' and b.booked_on >= a.opened_on
        """,
        ACCOUNT | BOOKING,
        {"booking_id": "identity booking.booking_id", "branch": "identity account.branch"},
        "join booking.account_id, join account.account_id, join account.status, join booking.booked_on, "
        "join account.opened_on",
    ),
    case(
        # In an inner join both sides hold the same value; it is read from the left.
        "inner join using: one column of two",
        "select account_id, branch, kind from account join card using (account_id)",
        ACCOUNT | CARD,
        {
            "account_id": "identity account.account_id, maybe identity|transformation card.account_id",
            "branch": "identity account.branch",
            "kind": "identity card.kind",
        },
        "join account.account_id, join card.account_id",
    ),
    case(
        "left join using: the key is the left one",
        "select account_id, kind from account left join card using (account_id)",
        ACCOUNT | CARD,
        {"account_id": "identity account.account_id", "kind": "identity card.kind"},
        "join account.account_id, join card.account_id",
    ),
    case(
        "right join using: the key is the right one",
        "select account_id, branch from account right join card using (account_id)",
        ACCOUNT | CARD,
        {"account_id": "identity card.account_id", "branch": "identity account.branch"},
        "join account.account_id, join card.account_id",
    ),
    case(
        "full join using: the key is whichever there is",
        "select account_id, branch, kind from account full join card using (account_id)",
        ACCOUNT | CARD,
        {
            "account_id": "transformation account.account_id, transformation card.account_id, "
            "maybe conditional account.account_id, maybe conditional card.account_id",
            "branch": "identity account.branch",
            "kind": "identity card.kind",
        },
        "join account.account_id, join card.account_id",
    ),
    case(
        "star over a join using",
        "select * from t1 left join t3 using (a, c)",
        T1 | T3,
        {"a": "identity t1.a", "b": "identity t1.b", "c": "identity t1.c", "e": "identity t3.e"},
        "join t1.a, join t3.a, join t1.c, join t3.c",
    ),
    case(
        "natural join",
        "select b, e from t1 natural join t3",
        T1 | T3,
        {"b": "identity t1.b", "e": "identity t3.e"},
        "join t1.a, join t3.a, join t1.c, join t3.c",
    ),
    case(
        "cross join",
        "select t1.a, t2.d from t1 cross join t2",
        T1 | T2,
        {"a": "identity t1.a", "d": "identity t2.d"},
    ),
    case(
        # A join written as a filter; either word is right.
        "tables with a comma, joined in where",
        "select t1.b, t2.d from t1, t2 where t1.a = t2.a and t2.b > 0",
        T1 | T2,
        {"b": "identity t1.b", "d": "identity t2.d"},
        "filter|join t1.a, filter|join t2.a, filter t2.b",
    ),
    case(
        "semi join",
        "select account_id from account semi join card on account.account_id = card.account_id and card.kind = 'GOLD'",
        ACCOUNT | CARD,
        {"account_id": "identity account.account_id"},
        "join account.account_id, join card.account_id, join card.kind",
    ),
    case(
        "anti join using",
        "select account_id, branch from account anti join card using (account_id)",
        ACCOUNT | CARD,
        {"account_id": "identity account.account_id", "branch": "identity account.branch"},
        "join account.account_id, join card.account_id",
    ),
    case(
        "as-of join",
        """
        select t.trade_id, t.price * r.per_unit as value
        from trade as t
        asof left join rate as r on t.currency = r.currency and t.traded_on >= r.valid_from
        """,
        TRADE | RATE,
        {
            "trade_id": "identity trade.trade_id",
            "value": "transformation trade.price, transformation rate.per_unit",
        },
        "join trade.currency, join rate.currency, join trade.traded_on, join rate.valid_from",
    ),
    case(
        "a table joined to itself",
        """
        select child.a, parent.b as parent_b
        from t1 as child left join t1 as parent on child.c = parent.a
        """,
        T1,
        {"a": "identity t1.a", "parent_b": "identity t1.b"},
        "join t1.c, join t1.a",
    ),
    case(
        "what was aggregated is joined back",
        """
        with totals as (select account_id, sum(amount) as total from booking where direction = 'C' group by account_id)
        select a.branch, coalesce(t.total, 0) as total
        from account as a left join totals as t on a.account_id = t.account_id
        """,
        ACCOUNT | BOOKING,
        {"branch": "identity account.branch", "total": "aggregation booking.amount, maybe conditional booking.amount"},
        "filter booking.direction, group_by booking.account_id, join account.account_id, join booking.account_id",
    ),
    case(
        "a left join that keeps what has no partner",
        "select p.full_name from party as p left join account as a on a.party_id = p.party_id where a.account_id is null",
        ACCOUNT | PARTY,
        {"full_name": "identity party.full_name"},
        "join account.party_id, join party.party_id, filter account.account_id",
    ),
    case(
        "three tables, the second one found through the first",
        """
        select p.city, c.kind
        from card as c
        inner join account as a on c.account_id = a.account_id
        inner join party as p on a.party_id = p.party_id
        where c.issued_on > a.opened_on
        """,
        ACCOUNT | PARTY | CARD,
        {"city": "identity party.city", "kind": "identity card.kind"},
        "join card.account_id, join account.account_id, join account.party_id, join party.party_id, "
        "filter card.issued_on, filter account.opened_on",
    ),
    case(
        "a join key that was computed",
        """
        with keyed as (select lower(email) as k, party_id from party)
        select keyed.party_id, other.a from keyed join (select a, b::varchar as k from t1) as other on keyed.k = other.k
        """,
        PARTY | T1,
        {"party_id": "identity party.party_id", "a": "identity t1.a"},
        "join party.email, join t1.b",
    ),
    case(
        # Only the column of the lateral subquery depends on its filter, unless it is joined by it.
        "lateral subquery",
        """
        select a.branch, latest.booked_on
        from account as a,
        lateral (select max(b.booked_on) as booked_on from booking as b where b.account_id = a.account_id) as latest
        """,
        ACCOUNT | BOOKING,
        {"branch": "identity account.branch", "booked_on": "aggregation booking.booked_on"},
        either={
            "booked_on": "filter|join booking.account_id, filter|join account.account_id",
        },
    ),
    case(
        "positional join",
        "select t1.a, t2.d from t1 positional join t2",
        T1 | T2,
        {"a": "identity t1.a", "d": "identity t2.d"},
    ),
    case(
        "columns of one name from two tables",
        "select t1.b as b1, t2.b as b2, t1.b - t2.b as gap from t1 inner join t2 on t1.a = t2.a",
        T1 | T2,
        {"b1": "identity t1.b", "b2": "identity t2.b", "gap": "transformation t1.b, transformation t2.b"},
        "join t1.a, join t2.a",
    ),
    case(
        "a comparison that is no equality",
        "select t1.c, t2.d from t1 join t2 on t1.a between t2.a and t2.b",
        T1 | T2,
        {"c": "identity t1.c", "d": "identity t2.d"},
        "join t1.a, join t2.a, join t2.b",
    ),
)
