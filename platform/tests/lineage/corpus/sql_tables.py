"""Tables that the queries of the corpus read: a small bank."""

from __future__ import annotations

ACCOUNT = {
    "account": {
        "account_id": "BIGINT",
        "party_id": "BIGINT",
        "opened_on": "DATE",
        "status": "VARCHAR",
        "branch": "VARCHAR",
        "credit_limit": "DECIMAL(18,2)",
    }
}
PARTY = {
    "party": {
        "party_id": "BIGINT",
        "full_name": "VARCHAR",
        "email": "VARCHAR",
        "city": "VARCHAR",
        "segment": "VARCHAR",
    }
}
BOOKING = {
    "booking": {
        "booking_id": "BIGINT",
        "account_id": "BIGINT",
        "booked_on": "DATE",
        "direction": "VARCHAR",
        "amount": "DECIMAL(18,2)",
        "memo": "VARCHAR",
    }
}
CARD = {"card": {"card_id": "BIGINT", "account_id": "BIGINT", "kind": "VARCHAR", "issued_on": "DATE"}}
RATE = {"rate": {"currency": "VARCHAR", "valid_from": "DATE", "per_unit": "DOUBLE"}}
TRADE = {"trade": {"trade_id": "BIGINT", "currency": "VARCHAR", "traded_on": "DATE", "price": "DOUBLE"}}
PROFILE = {
    "profile": {
        "party_id": "BIGINT",
        "tags": "VARCHAR[]",
        "scores": "BIGINT[]",
        "address": "STRUCT(street VARCHAR, city VARCHAR)",
        "payload": "JSON",
        "memo": "VARCHAR",
    }
}
QUARTER = {
    "sales": {
        "branch": "VARCHAR",
        "product": "VARCHAR",
        "quarter": "VARCHAR",
        "amount": "BIGINT",
        "jan": "BIGINT",
        "feb": "BIGINT",
    }
}
T1 = {"t1": {"a": "BIGINT", "b": "BIGINT", "c": "BIGINT"}}
T2 = {"t2": {"a": "BIGINT", "b": "BIGINT", "d": "BIGINT"}}
T3 = {"t3": {"a": "BIGINT", "c": "BIGINT", "e": "BIGINT"}}
