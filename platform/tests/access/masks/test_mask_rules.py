"""Spelling of masks, the types that they suit, and which of several hides the most."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bankmesh.access.masks.mask_rules import fits, masked_type, parse_mask, strictest
from bankmesh.access.model import Mask, MaskMethod
from bankmesh.contracts.model import ColumnType

STRING, LONG, DATE = ColumnType("string"), ColumnType("long"), ColumnType("date")
MONEY, NUMBER = ColumnType("decimal", 18, 2), ColumnType("decimal", 18, 0)
TEXTS = ColumnType("array", item=STRING)
SPELLINGS = [
    "null", "redact", "pseudonym", "partial(last: 4)", "partial(first: 2)", "generalise(years: 10)",
    "generalise(month)", "generalise(year)", "generalise(prefix: 2)", "generalise(round: 100)",
]  # fmt: skip
masks = st.sampled_from([parse_mask(text) for text in SPELLINGS]) | st.builds(
    Mask,
    st.just(MaskMethod.GENERALISE),
    st.sampled_from(["years", "prefix", "round"]),
    st.integers(2, 60),
)


@pytest.mark.parametrize("text", SPELLINGS)
def test_a_mask_is_read_as_it_is_written(text):
    assert str(parse_mask(text)) == text


def test_spaces_within_a_mask_are_free():
    assert parse_mask(" partial( last :4 ) ") == Mask(MaskMethod.PARTIAL, "last", 4)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("hash", "'hash' is not a mask; write null, redact, pseudonym, partial"),
        ("", "is not a mask"),
        ("redact(last: 4)", "is not a mask"),
        ("null()", "is not a mask"),
        ("partial", "is not a mask"),
        ("partial(4)", "is not a mask"),
        ("partial(middle: 4)", "is not a mask"),
        ("partial(last)", "last needs a size from 1 to 64"),
        ("partial(last: 0)", "last needs a size from 1 to 64"),
        ("partial(last: -4)", "is not a mask"),
        ("partial(last: ٤)", "is not a mask"),
        ("generalise(month: 3)", "month has no size; write generalise(month)"),
        ("generalise(years: 1)", "years needs a size from 2 to 100"),
        ("generalise(round: 1)", "round needs a size from 2"),
        ("generalise(round: 99999999999999999999)", "is not a mask"),
        ("generalise(month) or null", "is not a mask"),
    ],
)
def test_another_text_is_refused_with_what_is_allowed(text, problem):
    with pytest.raises(ValueError) as refused:
        parse_mask(text)
    assert problem in str(refused.value)


@given(st.text(max_size=30))
@settings(max_examples=200)
def test_reading_a_mask_fails_in_one_way_alone(text):
    try:
        mask = parse_mask(text)
    except ValueError:
        return
    assert parse_mask(str(mask)) == mask


@pytest.mark.parametrize(
    ("text", "kind", "masked"),
    [
        ("null", TEXTS, TEXTS),
        ("null", MONEY, MONEY),
        ("redact", STRING, STRING),
        ("pseudonym", LONG, STRING),
        ("pseudonym", NUMBER, STRING),
        ("partial(last: 4)", LONG, STRING),
        ("generalise(years: 10)", LONG, STRING),
        ("generalise(years: 10)", DATE, STRING),
        ("generalise(month)", ColumnType("timestamp"), DATE),
        ("generalise(year)", DATE, DATE),
        ("generalise(prefix: 2)", STRING, STRING),
        ("generalise(round: 100)", MONEY, MONEY),
        ("generalise(round: 100)", ColumnType("double"), ColumnType("double")),
    ],
)
def test_a_mask_that_suits_a_type_has_a_type_of_its_own(text, kind, masked):
    assert fits(parse_mask(text), kind) is None
    assert masked_type(parse_mask(text), kind) == masked


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("redact", LONG),
        ("redact", TEXTS),
        ("pseudonym", MONEY),
        ("pseudonym", ColumnType("boolean")),
        ("pseudonym", ColumnType("double")),
        ("partial(last: 4)", DATE),
        ("generalise(month)", STRING),
        ("generalise(round: 10)", DATE),
        ("generalise(prefix: 2)", TEXTS),
    ],
)
def test_a_mask_that_does_not_suit_a_type_says_so_and_hides_all(text, kind):
    assert "suit" in fits(parse_mask(text), kind)
    assert masked_type(parse_mask(text), kind) == kind


@pytest.mark.parametrize(
    ("given_masks", "expected"),
    [
        (["partial(last: 4)", "redact"], "redact"),
        (["pseudonym", "generalise(month)"], "pseudonym"),
        (["pseudonym", "redact", "partial(first: 2)"], "redact"),
        (["null", "redact"], "null"),
        (["partial(last: 4)", "partial(last: 2)"], "null"),
        (["partial(last: 4)", "partial(first: 4)"], "null"),
        (["generalise(month)", "generalise(year)"], "generalise(year)"),
        (["generalise(month)", "generalise(years: 5)"], "generalise(years: 5)"),
        (["generalise(years: 5)", "generalise(years: 10)"], "generalise(years: 10)"),
        (["generalise(years: 10)", "generalise(years: 15)"], "null"),
        (["generalise(years: 10)", "generalise(years: 15)", "generalise(years: 30)"], "generalise(years: 30)"),
        (["generalise(prefix: 3)", "generalise(prefix: 1)"], "null"),
        (["generalise(round: 10)", "generalise(round: 100)"], "generalise(round: 100)"),
        (["generalise(prefix: 3)", "generalise(round: 10)"], "null"),
    ],
)
def test_the_strictest_of_several_masks_applies(given_masks, expected):
    assert str(strictest(map(parse_mask, given_masks))) == expected
    assert str(strictest(map(parse_mask, reversed(given_masks)))) == expected


@given(st.lists(masks, min_size=1, max_size=5))
@settings(max_examples=200)
def test_the_strictest_mask_stays_the_strictest_among_all(several):
    chosen = strictest(several)
    assert strictest([*several, chosen]) == chosen
    assert list(MaskMethod).index(chosen.method) <= min(list(MaskMethod).index(mask.method) for mask in several)


def test_no_mask_is_the_strictest_of_none():
    with pytest.raises(ValueError, match="no mask"):
        strictest([])
