"""Single tables: names, expressions, conditions, hashes, stars, common table expressions."""

from __future__ import annotations

from lineage.corpus.notation import case
from lineage.corpus.sql_tables import ACCOUNT, BOOKING, PARTY, PROFILE, T1

CASES = (
    case(
        "columns, one of them renamed",
        "select account_id, party_id as owner_id from account",
        ACCOUNT,
        {"account_id": "identity account.account_id", "owner_id": "identity account.party_id"},
    ),
    case(
        "arithmetic, functions, casts",
        """
        select
            amount * 2 as doubled,
            -amount as negated,
            upper(direction) || ':' || memo as label,
            cast(amount as double) as amount_float,
            booked_on::varchar as booked_text,
            try_cast(memo as bigint) as memo_number,
            extract(year from booked_on) as booked_year,
            datediff('day', booked_on, date '2026-01-01') as age_days
        from booking
        """,
        BOOKING,
        {
            "doubled": "transformation booking.amount",
            "negated": "transformation booking.amount",
            "label": "transformation booking.direction, transformation booking.memo",
            "amount_float": "transformation booking.amount",
            "booked_text": "transformation booking.booked_on",
            "memo_number": "transformation booking.memo",
            "booked_year": "transformation booking.booked_on",
            "age_days": "transformation booking.booked_on",
        },
    ),
    case(
        "constants depend on nothing",
        "select account_id, 'CZK' as currency, 1 + 1 as two, null as nothing, current_date as today from account",
        ACCOUNT,
        {"account_id": "identity account.account_id", "currency": "", "two": "", "nothing": "", "today": ""},
    ),
    case(
        "a case: branches are values, conditions are not",
        "select case when status = 'OPEN' then credit_limit else 0 end as usable_limit from account",
        ACCOUNT,
        {"usable_limit": "transformation account.credit_limit, conditional account.status"},
    ),
    case(
        "a case that compares one operand",
        "select case branch when 'A' then 'north' when 'B' then status end as zone from account",
        ACCOUNT,
        {"zone": "transformation account.status, conditional account.branch"},
    ),
    case(
        "nested cases and if",
        """
        select
            case when status = 'OPEN' then case when branch = 'A' then credit_limit end else party_id end as nested,
            if(opened_on > date '2020-01-01', branch, 'old') as chosen
        from account
        """,
        ACCOUNT,
        {
            "nested": "transformation account.credit_limit, transformation account.party_id, "
            "conditional account.status, conditional account.branch",
            "chosen": "transformation account.branch, conditional account.opened_on",
        },
    ),
    case(
        # OpenLineage's specification calls the operands of coalesce CONDITIONAL as well; both readings are accepted.
        "coalesce takes a value from any of its arguments",
        "select coalesce(memo, direction, 'none') as text, ifnull(memo, '') as memo from booking",
        BOOKING,
        {
            "text": "transformation booking.memo, transformation booking.direction, "
            "maybe conditional booking.memo, maybe conditional booking.direction",
            "memo": "transformation booking.memo, maybe conditional booking.memo",
        },
    ),
    case(
        "a predicate as a value is computed from its operands",
        """
        select
            amount > 0 as is_positive,
            memo is null as has_no_memo,
            direction in ('C', 'D') as is_known,
            booked_on between date '2025-01-01' and date '2025-12-31' as is_of_2025,
            memo like direction || '%' as starts
        from booking
        """,
        BOOKING,
        {
            "is_positive": "transformation booking.amount",
            "has_no_memo": "transformation booking.memo",
            "is_known": "transformation booking.direction",
            "is_of_2025": "transformation booking.booked_on",
            "starts": "transformation booking.memo, transformation booking.direction",
        },
    ),
    case(
        "where and the order of the result",
        "select booking_id from booking where direction = 'C' and amount > 10 order by booked_on desc, account_id",
        BOOKING,
        {"booking_id": "identity booking.booking_id"},
        "filter booking.direction, filter booking.amount, sort booking.booked_on, sort booking.account_id",
    ),
    case(
        "order by an alias, by a position and by an expression",
        "select booking_id, amount * 2 as twice, memo from booking order by twice, 3, lower(direction) limit 5",
        BOOKING,
        {
            "booking_id": "identity booking.booking_id",
            "twice": "transformation booking.amount",
            "memo": "identity booking.memo",
        },
        "sort booking.amount, sort booking.memo, sort booking.direction",
    ),
    case(
        "an alias used again in the same select",
        "select amount * 2 as twice, twice + 1 as more, more || memo as text from booking where twice > 3",
        BOOKING,
        {
            "twice": "transformation booking.amount",
            "more": "transformation booking.amount",
            "text": "transformation booking.amount, transformation booking.memo",
        },
        "filter booking.amount",
    ),
    case(
        "a column hides an alias of its name",
        "select a as b, b + 1 as next from t1 where b > 0",
        T1,
        {"b": "identity t1.a", "next": "transformation t1.b"},
        "filter t1.b",
    ),
    case(
        "star",
        "select * from t1",
        T1,
        {"a": "identity t1.a", "b": "identity t1.b", "c": "identity t1.c"},
    ),
    case(
        "star with exclude and replace",
        "select * exclude (opened_on, branch) replace (credit_limit + 1 as credit_limit) from account",
        ACCOUNT,
        {
            "account_id": "identity account.account_id",
            "party_id": "identity account.party_id",
            "status": "identity account.status",
            "credit_limit": "transformation account.credit_limit",
        },
    ),
    case(
        "star with a column of another name beside it",
        "select t.* exclude (c), t.c * t.a as product from t1 as t",
        T1,
        {"a": "identity t1.a", "b": "identity t1.b", "product": "transformation t1.c, transformation t1.a"},
    ),
    case(
        "columns chosen by a pattern",
        "select account_id, columns('.*_limit|party.*') from account",
        ACCOUNT,
        {
            "account_id": "identity account.account_id",
            "party_id": "identity account.party_id",
            "credit_limit": "identity account.credit_limit",
        },
        underivable=("party_id", "credit_limit", "*", "account_id"),
    ),
    case(
        "from first",
        "from booking select booking_id, amount where direction = 'D'",
        BOOKING,
        {"booking_id": "identity booking.booking_id", "amount": "identity booking.amount"},
        "filter booking.direction",
    ),
    case(
        "from alone",
        "from t1",
        T1,
        {"a": "identity t1.a", "b": "identity t1.b", "c": "identity t1.c"},
    ),
    case(
        "names in other letters",
        "select ACCOUNT_ID, Acc.Party_Id as Owner from Account as ACC where STATUS = 'OPEN'",
        ACCOUNT,
        {"account_id": "identity account.account_id", "Owner": "identity account.party_id"},
        "filter account.status",
    ),
    case(
        "quoted names with spaces and words of the language",
        """select "Full Name" as full_name, "select" + 1 as "order", "Full Name" || "a" as "Text 1" from "group" """,
        {"group": {"Full Name": "VARCHAR", "select": "BIGINT", "a": "VARCHAR"}},
        {
            "full_name": "identity group.Full Name",
            "order": "transformation group.select",
            "Text 1": "transformation group.Full Name, transformation group.a",
        },
    ),
    case(
        "tables of two schemas",
        "select c.client_id, p.name from crm.client as c join retail.party as p on c.client_id = p.id",
        {"crm.client": {"client_id": "BIGINT", "name": "VARCHAR"}, "retail.party": {"id": "BIGINT", "name": "VARCHAR"}},
        {"client_id": "identity crm.client.client_id", "name": "identity retail.party.name"},
        "join crm.client.client_id, join retail.party.id",
    ),
    case(
        "one name in two schemas",
        "select crm.client.name as old_name, core.client.name as new_name from crm.client, core.client",
        {"crm.client": {"name": "VARCHAR"}, "core.client": {"name": "VARCHAR"}},
        {"old_name": "identity crm.client.name", "new_name": "identity core.client.name"},
    ),
    case(
        "a chain of common table expressions",
        """
        with opened as (select account_id, party_id, credit_limit from account where status = 'OPEN'),
        doubled as (select account_id, party_id as owner_id, credit_limit * 2 as twice from opened),
        labelled as (select *, case when twice > 100 then 'high' else 'low' end as level from doubled)
        select owner_id, twice, level from labelled
        """,
        ACCOUNT,
        {
            "owner_id": "identity account.party_id",
            "twice": "transformation account.credit_limit",
            "level": "conditional account.credit_limit",
        },
        "filter account.status",
    ),
    case(
        "a filter on a column that was chosen by a condition",
        """
        with graded as (select account_id, case when status = 'OPEN' then credit_limit end as usable from account)
        select account_id, usable + 1 as more from graded where usable > 10
        """,
        ACCOUNT,
        {
            "account_id": "identity account.account_id",
            "more": "transformation account.credit_limit, conditional account.status",
        },
        "filter account.credit_limit, filter account.status",
    ),
    case(
        "a common table expression that nobody reads",
        "with unread as (select party_id from account where branch = 'A') select account_id from account",
        ACCOUNT,
        {"account_id": "identity account.account_id"},
    ),
    case(
        "an inner expression of the name of an outer one",
        """
        with source as (select a, b from t1)
        select outside.x, source.b
        from (with source as (select c as x from t1 where a > 1) select x from source) as outside
        cross join source
        """,
        T1,
        {"x": "identity t1.c", "b": "identity t1.b"},
        "filter t1.a",
    ),
    case(
        "hashes mask, other functions do not",
        """
        select
            md5(email) as email_token,
            sha256(full_name || email) as person_token,
            hash(party_id) as party_hash,
            left(md5(lower(email)), 8) as short_token,
            lower(email) as email
        from party
        """,
        PARTY,
        {
            "email_token": "masked transformation party.email",
            "person_token": "masked transformation party.full_name, masked transformation party.email",
            "party_hash": "masked transformation party.party_id",
            "short_token": "masked transformation party.email",
            "email": "transformation party.email",
        },
    ),
    case(
        "what is hashed stays masked in what is made of it",
        """
        with tokens as (select party_id, md5(email) as token, city from party)
        select token, 'k-' || token as prefixed, token || city as mixed, party_id from tokens where token < 'b'
        """,
        PARTY,
        {
            "token": "masked transformation party.email",
            "prefixed": "masked transformation party.email",
            "mixed": "masked transformation party.email, transformation party.city",
            "party_id": "identity party.party_id",
        },
        "filter party.email",
    ),
    case(
        "a value beside its own hash is not masked",
        "select concat(email, md5(email)) as both from party",
        PARTY,
        {"both": "transformation party.email, maybe masked transformation party.email"},
    ),
    case(
        "a lambda's parameter hides a column",
        """
        select
            list_transform(tags, lambda memo: upper(memo)) as loud,
            list_filter(scores, lambda x: x > party_id) as high
        from profile
        """,
        PROFILE,
        {
            "loud": "transformation profile.tags",
            # What decides which elements stay is no value of the list; an argument of a function all the same.
            "high": "transformation profile.scores, transformation|conditional|filter profile.party_id",
        },
    ),
)
