"""What masks show, type by type, at the edges of values and types; and that no value makes one fail."""

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import combinations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bankmesh.access.masks.mask_expressions import mask_expression
from bankmesh.access.masks.mask_rules import fits, masked_type, parse_mask, strictest
from bankmesh.access.masks.pseudonyms import KeyUnavailable, PseudonymKey, Pseudonyms
from bankmesh.contracts.column_types import polars_type
from bankmesh.contracts.model import ColumnType

STRING, LONG, DATE, DOUBLE = (ColumnType(name) for name in ("string", "long", "date", "double"))
INTEGER, TIMESTAMP, BOOLEAN = ColumnType("integer"), ColumnType("timestamp"), ColumnType("boolean")
MONEY, WIDEST, WHOLE = ColumnType("decimal", 6, 2), ColumnType("decimal", 38, 2), ColumnType("decimal", 38, 0)
TEXTS = ColumnType("array", item=STRING)
KEYS = Pseudonyms(PseudonymKey(1, bytes(32)), "service", {"c": "party"})
SPELLINGS = [
    "null", "redact", "pseudonym", "partial(last: 4)", "partial(first: 2)", "partial(last: 64)",
    "generalise(years: 10)", "generalise(years: 100)", "generalise(month)", "generalise(year)", "generalise(prefix: 2)",
    "generalise(round: 100)", "generalise(round: 1000000000000000)",
]  # fmt: skip


def masked(text, kind, values):
    frame = pl.DataFrame({"c": pl.Series(values, dtype=polars_type(kind))})
    made = frame.select(mask_expression("c", kind, parse_mask(text), KEYS))
    assert made.schema == {"c": polars_type(masked_type(parse_mask(text), kind))}
    assert made.height == len(values)
    return made["c"].to_list()


@pytest.mark.parametrize(
    ("text", "value", "shown"),
    [
        ("redact", "Ada", "***"),
        ("redact", "", "***"),
        ("partial(last: 4)", "4929123456781234", "***1234"),
        ("partial(last: 4)", "12345678", "***5678"),
        ("partial(last: 4)", "1234567", "***"),
        ("partial(last: 4)", "1234", "***"),
        ("partial(last: 4)", "", "***"),
        ("partial(last: 4)", "1234    ", "***"),
        ("partial(last: 4)", "GB29 NWBK 6016 1331 9268 19", "***6819"),
        ("partial(first: 2)", "Lovelace", "Lo***"),
        ("partial(first: 2)", "Bo", "***"),
        ("partial(first: 2)", "Bo\u200b\u200b\u200b\u200b", "***"),
        ("partial(first: 1)", "e\u0301", "***"),
        ("partial(first: 1)", "\u3164\u2800x", "***"),
        ("partial(last: 2)", "👩‍👩‍👧‍👦", "***👧👦"),
        ("partial(last: 1)", "👩‍👩‍👧‍👦", "***👦"),
        ("generalise(prefix: 2)", "SW1A 1AA", "SW"),
        ("generalise(prefix: 2)", "SW", "***"),
        ("generalise(prefix: 2)", " SW ", "***"),
        ("generalise(prefix: 2)", "", "***"),
    ],
)
def test_a_text_shows_no_more_than_its_mask_says(text, value, shown):
    assert masked(text, STRING, [value, None]) == [shown, None]


@pytest.mark.parametrize(
    ("text", "kind", "values", "shown"),
    [
        ("partial(last: 4)", LONG, [12345678, 1234567, -12345678, None], ["***5678", "***", "***5678", None]),
        ("partial(last: 4)", LONG, [-1234567, -(2**63)], ["***", "***5808"]),
        ("partial(last: 1)", INTEGER, [-1, -12, 0], ["***", "***2", "***"]),
        ("partial(first: 2)", LONG, [-123, -1234], ["***", "12***"]),
        ("generalise(years: 10)", LONG, [0, 39, 40, None], ["0-9", "30-39", "40-49", None]),
        ("generalise(years: 10)", LONG, [-1, 2**63 - 1], ["-10--1", "9223372036854775800-9223372036854775809"]),
        ("generalise(years: 10)", DATE, [date(1989, 12, 31), date(1, 1, 1)], ["1980-1989", "0-9"]),
        ("generalise(month)", DATE, [date(2024, 2, 29), date(1969, 12, 31)], [date(2024, 2, 1), date(1969, 12, 1)]),
        ("generalise(year)", DATE, [date(2024, 12, 31), date(1, 5, 5)], [date(2024, 1, 1), date(1, 1, 1)]),
        ("generalise(month)", TIMESTAMP, [datetime(1969, 12, 31, 23, 59, 59, 999999, UTC)], [date(1969, 12, 1)]),
        ("generalise(round: 100)", LONG, [99, -99, 199, -199, None], [0, 0, 100, -100, None]),
        ("generalise(round: 100)", LONG, [2**63 - 1, -(2**63)], [9223372036854775800, -9223372036854775800]),
        ("generalise(round: 100)", INTEGER, [2**31 - 1, -(2**31)], [2147483600, -2147483600]),
        ("generalise(round: 1000000000000000)", INTEGER, [2**31 - 1, -(2**31)], [0, 0]),
        ("generalise(round: 100)", DOUBLE, [99.9, -99.9, -250.5, None], [0.0, 0.0, -200.0, None]),
        ("generalise(round: 100)", MONEY, [Decimal("9999.99"), Decimal("-9999.99")], [Decimal(9900), Decimal(-9900)]),
        ("generalise(round: 100)", MONEY, [Decimal("-0.01"), None], [Decimal(0), None]),
        ("null", TEXTS, [["a"], [], None], [None, None, None]),
        ("redact", LONG, [1, None], [None, None]),
        ("pseudonym", BOOLEAN, [True, False], [None, None]),
        ("generalise(month)", STRING, ["2024-01-01"], [None]),
    ],
)
def test_other_types_show_no_more_than_their_mask_says(text, kind, values, shown):
    assert masked(text, kind, values) == shown


def test_a_rounded_small_negative_number_has_no_sign():
    assert str(masked("generalise(round: 100)", DOUBLE, [-0.5])) == "[0.0]"


@pytest.mark.parametrize("text", SPELLINGS)
@pytest.mark.parametrize("kind", [DATE, TIMESTAMP])
def test_a_day_beyond_the_calendar_makes_no_mask_fail(text, kind):
    bits = 31 if kind is DATE else 63
    physical = pl.Series("c", [2**bits - 1, -(2**bits), 0], dtype=pl.Int32 if kind is DATE else pl.Int64)
    frame = pl.DataFrame({"c": physical.cast(polars_type(kind))})
    made = frame.select(mask_expression("c", kind, parse_mask(text), KEYS))
    assert made.height == 3
    assert not {*made["c"].cast(pl.String, strict=False).to_list()} & {*map(str, physical.to_list()[:2])}


VALUES = {
    STRING: st.text(max_size=20),
    LONG: st.integers(-(2**63), 2**63 - 1),
    INTEGER: st.integers(-(2**31), 2**31 - 1),
    DOUBLE: st.floats(),
    DATE: st.dates(),
    TIMESTAMP: st.datetimes(timezones=st.just(UTC)),
    WIDEST: st.integers(-(10**38) + 1, 10**38 - 1).map(lambda units: Decimal(f"{units}E-2")),
    WHOLE: st.integers(-(10**38) + 1, 10**38 - 1).map(Decimal),
    BOOLEAN: st.booleans(),
    TEXTS: st.lists(st.text(max_size=3), max_size=3),
}


@given(st.data(), st.sampled_from(SPELLINGS), st.sampled_from(list(VALUES)))
@settings(max_examples=300, deadline=None)
def test_no_value_of_any_type_makes_a_mask_fail(data, text, kind):
    values = data.draw(st.lists(st.none() | VALUES[kind], max_size=5))
    shown = masked(text, kind, values)
    for value, found in zip(values, shown, strict=True):
        if value is None or fits(parse_mask(text), kind) is not None:
            assert found is None
        elif text != "null":
            assert found is not None


SORTED = {
    STRING: [
        ("partial(last: 1)", "partial(last: 2)", "partial(last: 4)"),
        ("generalise(prefix: 1)", "generalise(prefix: 3)"),
    ],
    LONG: [
        ("partial(first: 1)", "partial(first: 2)"),
        ("generalise(round: 10)", "generalise(round: 15)", "generalise(round: 30)"),
    ],
    DATE: [("generalise(month)", "generalise(year)", "generalise(years: 5)", "generalise(years: 10)")],
}
POOLS = {
    STRING: ["", "a", "ab", "ac", "abc", "abd", "abcd", "xbcd", "abcdefgh", "zbcdefgh"],
    LONG: [-31, -30, -16, -15, -1, 0, 1, 9, 10, 14, 15, 29, 30, 31, 1234, 4321],
    DATE: [
        date(1989, 12, 31),
        date(1985, 1, 1),
        date(1985, 1, 31),
        date(1984, 12, 31),
        date(1990, 1, 1),
        date(1, 1, 1),
    ],
}


@pytest.mark.parametrize(("kind", "masks"), [(kind, masks) for kind, several in SORTED.items() for masks in several])
def test_the_strictest_of_two_masks_tells_no_values_apart_that_one_of_them_does_not(kind, masks):
    for pair in combinations(masks, 2):
        whole = masked(str(strictest(map(parse_mask, pair))), kind, POOLS[kind])
        for one in pair:
            shown = masked(one, kind, POOLS[kind])
            assert len({*zip(shown, whole, strict=True)}) == len({*shown}), pair


VISIBLE, INVISIBLE = "aZ09*-é漢👩ẞ", " \t\n\u00a0\u200b\u200d\u0301\ufe0f\u3164\u2800\x00"


@given(st.text(alphabet=VISIBLE + INVISIBLE, max_size=24), st.integers(1, 8), st.sampled_from(["last", "first"]))
@settings(max_examples=200, deadline=None)
def test_a_partly_shown_text_hides_at_least_as_many_characters_as_it_shows(value, size, end):
    (found,) = masked(f"partial({end}: {size})", STRING, [value])
    visible = "".join(character for character in value if character in VISIBLE)
    if len(visible) < 2 * size:
        assert found == "***"
    else:
        assert found == ("***" + visible[-size:] if end == "last" else visible[:size] + "***")


def test_a_pseudonym_without_keys_is_refused():
    with pytest.raises(KeyUnavailable):
        mask_expression("c", STRING, parse_mask("pseudonym"), None)
