"""The subjects that a read names are found in Polars predicates and in SQL."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import reduce
from operator import or_
from threading import Lock

import polars as pl
import pytest

from bankmesh.access.audit.subject_lookups import (
    MOST_LOOKUPS,
    hash_lookups,
    predicate_lookups,
    statement_lookups,
    subject_hash,
    unconfined_domains,
)
from bankmesh.access.signing_keys import load_subject_secret

SECRET = b"k" * 32
ID, NAME = pl.col("id"), pl.col("name")


@pytest.mark.parametrize(
    ("predicate", "found"),
    [
        (ID == 42, {"id": {"42"}}),
        (pl.lit(42) == ID, {"id": {"42"}}),
        (ID.is_in([42, 43]), {"id": {"42", "43"}}),
        (ID.is_between(42, 42), {"id": {"42"}}),
        ((ID >= 42) & (ID <= 42), {"id": {"42"}}),
        (ID.eq_missing(42) | (NAME == "x"), {"id": {"42"}}),
        (~(ID != 42), {"id": {"42"}}),
        (ID.cast(pl.String) == "42", {"id": {"42"}}),
        (pl.lit(42, dtype=pl.Int32) == ID, {"id": {"42"}}),
        (NAME == "x", {}),
        (pl.col("other") == ID, {}),
        (ID.is_not_null(), {}),
        (dt.date(2026, 1, 31) == ID, {"id": {"2026-01-31"}}),
        (ID.is_in(pl.Series([42, 43])), {"id": {"42", "43"}}),
        (pl.any_horizontal(ID == 42, NAME == "43"), {"id": {"42"}}),
        (pl.when(NAME == "43").then(ID == 42).otherwise(statement=False), {"id": {"42", "False"}}),
        (ID.cast(pl.Decimal(9, 2)) == Decimal(42), {"id": {"42"}}),
        (ID == 'a"}{"Column":"id"}[\\', {"id": {'a"}{"Column":"id"}[\\'}}),
        (pl.col('i"d') == 42, {}),
    ],
)
def test_literals_that_a_predicate_combines_with_a_subject(predicate, found):
    assert predicate_lookups(predicate, {"id"}) == found


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("id = 42", {"42"}),
        ("42 = ID", {"42"}),
        ("'42' = id::varchar", {"42"}),
        ("id in (42, 43)", {"42", "43"}),
        ("id between 42 and 42", {"42"}),
        ("id is not distinct from 42", {"42"}),
        ("p.\"id\" = '42' and name = 'x'", {"42"}),
        ("exists (select 1 from product q where q.id = 42)", {"42"}),
        ("name = '42'", set()),
        ("id is null", set()),
    ],
)
def test_literals_that_a_statement_compares_with_a_subject(condition, found):
    lookups = statement_lookups(f"select * from product p where {condition}", {"id"})
    assert found <= lookups.get("id", set())
    assert bool(found) == bool(lookups)


def test_a_deep_predicate_is_searched_to_its_end():
    predicate = reduce(or_, (number == ID for number in range(900)))
    assert predicate_lookups(predicate, {"id"}) == {"id": {str(number) for number in range(900)}}


def test_a_predicate_that_has_no_text_is_not_searched():
    lock = Lock()
    predicate = (ID == 42) & NAME.map_elements(lambda _: lock is None, return_dtype=pl.Boolean)
    assert predicate_lookups(predicate, {"id"}) == {}


def test_all_columns_of_a_domain_confine_it():
    subjects = {"id": "party", "referrer": "party", "card": "card"}
    assert unconfined_domains(subjects, {"id": {42}, "card": {1}}, ["id", "card"]) == ["party"]
    assert unconfined_domains(subjects, {"id": {42}, "referrer": {42}}, ["id", "referrer"]) == ["card"]
    assert unconfined_domains({"id": "party"}, {"id": range(MOST_LOOKUPS + 1)}, ["id"]) == ["party"]


def test_what_is_no_sql_looks_up_nobody():
    assert statement_lookups("select 'open", {"id"}) == {}
    assert statement_lookups("", {"id"}) == {}


def test_one_subject_has_one_hash_in_all_columns_of_its_domain():
    first = hash_lookups(SECRET, {"id": "party"}, {"id": {42}})
    assert hash_lookups(SECRET, {"customer": "party"}, {"customer": {"42"}, "name": {"x"}}) == first
    assert hash_lookups(SECRET, {"id": "card"}, {"id": {42}})["card"] != first["party"]
    assert "42" not in first["party"][0][:2]


def test_a_decimal_is_one_subject_whatever_its_scale():
    for value in (Decimal("42.00"), Decimal("42.0"), "42.000", 42):
        assert subject_hash(SECRET, "party", value) == subject_hash(SECRET, "party", "42")
    assert subject_hash(SECRET, "party", "42.50") == subject_hash(SECRET, "party", Decimal("42.5"))
    assert len({subject_hash(SECRET, "party", value) for value in ("420", "42", "1.2.0", "1.2")}) == 4


def test_a_hash_needs_the_secret_of_the_home(tmp_path):
    secrets = [load_subject_secret(tmp_path / name) for name in "aba"]
    first, second, again = (hash_lookups(secret, {"id": "party"}, {"id": {42}}) for secret in secrets)
    assert first == again != second
    assert subject_hash(b"k" * 32, "party", 42) == subject_hash(b"k" * 32, "party", "42")


def test_who_compares_with_more_values_than_a_bound_looks_up_nobody_in_particular():
    many = predicate_lookups(ID.is_in(range(10 * MOST_LOOKUPS)), {"id"})
    assert len(many["id"]) == MOST_LOOKUPS + 1
    assert hash_lookups(SECRET, {"id": "party"}, many) == {}


@pytest.mark.parametrize(("opening", "closing"), [("(", ")"), ("not (", ")"), ("case when true then ", " end")])
def test_a_statement_that_nests_too_deep_for_sqlglot_looks_up_nobody(opening, closing):
    nested = f"select 1 from product where {opening * 1500}party_id = 1{closing * 1500}"
    assert statement_lookups(nested, {"party_id"}) == {}
