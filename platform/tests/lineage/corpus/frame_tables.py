"""Frames that the functions of the corpus read: the small bank of the queries, in Polars' types."""

from __future__ import annotations

import polars as pl

ACCOUNT = {
    "account": {
        "account_id": pl.Int64,
        "party_id": pl.Int64,
        "opened_on": pl.Date,
        "status": pl.String,
        "branch": pl.String,
        "credit_limit": pl.Float64,
    }
}
PARTY = {
    "party": {
        "party_id": pl.Int64,
        "full_name": pl.String,
        "email": pl.String,
        "city": pl.String,
        "segment": pl.String,
    }
}
BOOKING = {
    "booking": {
        "booking_id": pl.Int64,
        "account_id": pl.Int64,
        "booked_on": pl.Date,
        "direction": pl.String,
        "amount": pl.Float64,
        "memo": pl.String,
    }
}
CARD = {"card": {"card_id": pl.Int64, "account_id": pl.Int64, "kind": pl.String, "amount": pl.Float64}}
RATE = {"rate": {"currency": pl.String, "valid_from": pl.Date, "per_unit": pl.Float64}}
TRADE = {"trade": {"trade_id": pl.Int64, "currency": pl.String, "traded_on": pl.Date, "price": pl.Float64}}
PROFILE = {
    "profile": {
        "party_id": pl.Int64,
        "tags": pl.List(pl.String),
        "scores": pl.List(pl.Int64),
        "address": pl.Struct({"street": pl.String, "city": pl.String}),
        "memo": pl.String,
    }
}
T1 = {"t1": {"a": pl.Int64, "b": pl.Int64, "c": pl.Int64}}
T2 = {"t2": {"a": pl.Int64, "b": pl.Int64, "d": pl.Int64}}
T3 = {"t3": {"a": pl.Int64, "c": pl.Int64, "e": pl.Int64}}
