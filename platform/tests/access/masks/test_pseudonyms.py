"""Pseudonyms: HMAC-SHA256 as standards define it, one domain and purpose apart from another, equal values alike."""

import hashlib
import hmac
from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars_hash import CryptographicHashingNameSpace

from bankmesh.access.masks.mask_expressions import mask_expression
from bankmesh.access.masks.mask_rules import parse_mask
from bankmesh.access.masks.pseudonyms import PseudonymKey, Pseudonyms
from bankmesh.contracts.column_types import polars_type
from bankmesh.contracts.model import ColumnType

STRING, LONG, DATE, TIMESTAMP = (ColumnType(name) for name in ("string", "long", "date", "timestamp"))
SECRET = bytes(range(32))


def hashed(data, key):
    return pl.select(CryptographicHashingNameSpace(pl.lit(data)).hmac_sha256(key=key)).item()


@pytest.mark.parametrize(
    ("key", "data", "digest"),
    [
        # RFC 4231, test cases 1, 2, 4 and 5; the keys of the others are not text.
        ("\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        ("Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (
            "".join(map(chr, range(1, 26))),
            b"\xcd" * 50,
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
        ),
        ("\x0c" * 20, b"Test With Truncation", "a3b6167473100ee06e0c796c2955552b"),
    ],
)
def test_the_plugin_computes_the_known_answers_of_the_standard(key, data, digest):
    assert hashed(data, key)[: len(digest)] == digest


@given(st.text(alphabet=st.characters(codec="ascii"), max_size=150), st.binary(max_size=200))
@settings(max_examples=50, deadline=None)
def test_the_plugin_agrees_with_the_standard_library(key, data):
    assert hashed(data, key) == hmac.new(key.encode(), data, hashlib.sha256).hexdigest()


def pseudonyms_of(values, kind=STRING, *, domain="party", purpose="service", secret=SECRET):
    keys = Pseudonyms(PseudonymKey(1, secret), purpose, {"c": domain})
    frame = pl.DataFrame({"c": pl.Series(values, dtype=polars_type(kind))})
    return frame.select(mask_expression("c", kind, parse_mask("pseudonym"), keys))["c"].to_list()


@pytest.mark.parametrize(
    ("kind", "value", "name", "text"),
    [
        (STRING, "Zoë 42", "text", "Zoë 42"),
        (LONG, -42, "whole", "-42"),
        (ColumnType("integer"), 42, "whole", "42"),
        (ColumnType("decimal", 38, 0), Decimal(10**37), "whole", str(10**37)),
        (DATE, date(1969, 12, 31), "day", "-1"),
        (TIMESTAMP, datetime(1970, 1, 1, 0, 0, 1, 5, UTC), "moment", "1000005"),
    ],
)
def test_a_pseudonym_is_computed_as_the_page_says(kind, value, name, text):
    derivation = f'["bankmesh pseudonym 1", "party", "service", "{name}"]'
    key = hmac.new(SECRET, derivation.encode(), hashlib.sha256).hexdigest()
    assert pseudonyms_of([value, None], kind) == [
        hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest(),
        None,
    ]


@given(st.lists(st.text(max_size=5), unique=True, max_size=20))
@settings(max_examples=50, deadline=None)
def test_different_values_have_different_pseudonyms(values):
    assert len(set(pseudonyms_of(values))) == len(values)


def test_two_products_join_for_one_purpose_and_two_purposes_do_not():
    assert pseudonyms_of([42], LONG) == pseudonyms_of([42], ColumnType("integer"))
    apart = [
        pseudonyms_of(["42"]),
        pseudonyms_of([42], LONG),
        pseudonyms_of(["42"], purpose="marketing"),
        pseudonyms_of(["42"], purpose="marketing.offers"),
        pseudonyms_of(["42"], domain="account"),
        pseudonyms_of(["42"], secret=bytes(32)),
        pseudonyms_of([date.fromordinal(date(1970, 1, 1).toordinal() + 42)], DATE),
    ]
    assert len({found for (found,) in apart}) == len(apart)


def test_names_that_run_together_are_two_domains():
    assert pseudonyms_of(["x"], domain='a", "b', purpose="c") != pseudonyms_of(["x"], domain="a", purpose='b", "c')


def test_no_text_of_the_keys_holds_one():
    keys = Pseudonyms(PseudonymKey(1, SECRET), "service", {"c": "party"})
    assert SECRET.hex() not in repr(keys)
    assert repr(SECRET) not in repr(keys)
    assert keys.derived_key("c", STRING) not in repr(keys)
