"""A measure is compared with the bound as it is written: no cent is lost in a double on the way."""

import json
import operator as op
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bankmesh.contracts.clause_rules import InvalidValues, MissingValues, NullValues, SqlMeasure
from bankmesh.contracts.model import Classification, ColumnType, Comparison, Operator
from bankmesh.contracts.parsing.expectation_rules import read_expectation
from bankmesh.quality.gate import GateResult, Outcome
from bankmesh.quality.measure_comparison import holds, in_unit, number, phrase
from bankmesh.quality.measure_queries import literal

TOTAL = SqlMeasure("select sum(wide) from ${table}", None)
SIGNS = {
    Operator.BE: op.eq,
    Operator.NOT_BE: op.ne,
    Operator.GREATER: op.gt,
    Operator.GREATER_OR_EQUAL: op.ge,
    Operator.LESS: op.lt,
    Operator.LESS_OR_EQUAL: op.le,
}
# Numbers next to each other, where doubles cannot tell them apart or have no exact form.
near = st.builds(
    lambda base, step, places: Decimal(base) + Decimal(step).scaleb(-places),
    st.sampled_from([0, 1, 10**15, 2 * 10**14, 2**53, 10**17, -(10**17), 10**20]),
    st.integers(-3, 3),
    st.integers(0, 4),
)
measures = st.one_of(near, st.integers(-5, 5), near.map(int), st.integers(-(10**38), 10**38))
bounds = st.one_of(near, st.integers(-5, 5), near.map(int))


@given(measures, st.sampled_from(list(SIGNS)), bounds)
@example(Decimal("200000000000000.01"), Operator.BE, Decimal("200000000000000.00"))
@example(9007199254740993, Operator.LESS_OR_EQUAL, Decimal("9007199254740992.0"))
def test_whole_numbers_and_decimals_are_compared_exactly(measure, sign, bound):
    assert holds(measure, sign, bound) is SIGNS[sign](Fraction(measure), Fraction(bound))


@given(measures, bounds, bounds)
def test_both_ends_belong_to_a_range(measure, one, other):
    low, high = sorted((one, other))
    inside = Fraction(low) <= Fraction(measure) <= Fraction(high)
    assert holds(measure, Operator.BETWEEN, (low, high)) is inside
    assert holds(measure, Operator.NOT_BETWEEN, [low, high]) is not inside


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(list(SIGNS)), bounds)
@example(0.1, Operator.BE, Decimal("0.1"))
@example(0.1, Operator.LESS_OR_EQUAL, Decimal("0.1"))
@example(0.0, Operator.LESS, 10**400)
@example(0.0, Operator.GREATER, -(10**400))
def test_a_double_is_compared_with_the_double_nearest_to_the_bound(measure, sign, bound):
    beyond = abs(bound) > 10**308
    nearest = float("inf") * (1 if bound > 0 else -1) if beyond else float(bound)
    assert holds(measure, sign, bound) is SIGNS[sign](measure, nearest)


@given(st.integers(0, 40), st.integers(1, 40), st.sampled_from(list(SIGNS)), st.decimals(0, 100, places=3))
@example(1, 3, Operator.LESS, Decimal("33.333333333333333333"))
@example(1, 3, Operator.GREATER, Decimal("33.333333333333333333"))
@example(3, 30, Operator.BE, Decimal("10.0"))
def test_a_percentage_is_compared_as_a_fraction(count, rows, sign, bound):
    measure = in_unit(count, rows, "percent")
    assert holds(measure, sign, bound) is SIGNS[sign](100 * count, Fraction(bound) * rows)


def test_of_no_rows_every_percentage_is_zero():
    assert in_unit(0, 0, "percent") == 0


@pytest.mark.parametrize(
    ("total", "sign", "bound", "outcome"),
    [
        ("200000000000000.01", Operator.BE, "200000000000000.00", Outcome.FAILED),
        ("200000000000000.01", Operator.BE, "200000000000000.01", Outcome.PASSED),
        ("100000000000000000.01", Operator.LESS_OR_EQUAL, "100000000000000000.00", Outcome.FAILED),
        ("100000000000000000.01", Operator.GREATER, "100000000000000000.00", Outcome.PASSED),
        (
            "9999999999999999999999999999999999.9999",
            Operator.LESS,
            "9999999999999999999999999999999999.9999",
            Outcome.FAILED,
        ),
        (
            "9999999999999999999999999999999999.9998",
            Operator.LESS,
            "9999999999999999999999999999999999.9999",
            Outcome.PASSED,
        ),
        ("0.1", Operator.BE, "0.1", Outcome.PASSED),
        ("0.3", Operator.LESS_OR_EQUAL, "0.3", Outcome.PASSED),
    ],
)
def test_the_gate_compares_a_decimal_of_a_query_exactly(shop, total, sign, bound, outcome):
    result = shop.judge(["wide"], [(Decimal(total),)], TOTAL, Comparison(sign, Decimal(bound)))
    assert result.outcome is outcome
    stored = json.loads(json.dumps(GateResult((result,), 1, 0.1).to_json()))["clauses"][0]["observed"]
    assert Decimal(stored if isinstance(stored, str) else repr(stored)) == Decimal(total)


def test_the_message_has_every_digit_that_the_verdict_needs(shop):
    rows = [(Decimal("200000000000000.01"),)]
    result = shop.judge(["wide"], rows, TOTAL, Comparison(Operator.BE, Decimal("200000000000000.00")))
    assert result.message == "measure: 200,000,000,000,000.01; must be 200,000,000,000,000."
    assert result.observed == "200000000000000.01"
    doubled = SqlMeasure("select 0.1e0 + 0.2e0 from ${table}", None)
    result = shop.judge(["id"], [(1,)], doubled, Comparison(Operator.BE, Decimal("0.3")))
    assert result.message == "measure: 0.30000000000000004; must be 0.3."


def test_a_long_decimal_of_a_confidential_product_is_withheld(shop):
    rows = [(Decimal("200000000000000.01"),)]
    bound = Comparison(Operator.BE, Decimal("200000000000000.00"))
    result = shop.judge(["wide"], rows, TOTAL, bound, level=Classification.CONFIDENTIAL)
    assert (result.outcome, result.observed) == (Outcome.FAILED, None)
    assert "000.01" not in result.message


def test_a_result_of_before_is_read_back(shop):
    result = shop.judge(["id"], [(1,)], NullValues("id"))
    document = GateResult((result,), 1, 0.1).to_json()
    for observed in (0, 0.0, 12.5, None, "200000000000000.01"):
        document["clauses"][0]["observed"] = observed
        contract = shop.contract(["id"], [result.clause])
        assert GateResult.from_json(document, contract).results[0].observed == observed


@given(st.floats(allow_nan=False))
@example(0.0009322947576750643)
def test_a_literal_of_a_double_column_is_that_double(double):
    import duckdb

    assert duckdb.sql(f"select {literal(double, ColumnType('double'))}").fetchone() == (double,)


@pytest.mark.parametrize("value", [0.0009322947576750643, 0.1, 1e300, 2.0**53, -0.0])
def test_bounds_and_lists_of_a_double_column_hit_the_double_as_written(shop, value):
    rows = [(value,)]
    inside = InvalidValues("ratio", minimum=value, maximum=value)
    assert shop.judge(["ratio"], rows, inside).outcome is Outcome.PASSED
    assert shop.judge(["ratio"], rows, InvalidValues("ratio", valid_values=(value, 7.0))).outcome is Outcome.PASSED
    assert shop.judge(["ratio"], rows, MissingValues("ratio", (value,))).failing_rows == 1
    above = InvalidValues("ratio", exclusive_minimum=value)
    assert shop.judge(["ratio"], rows, above).failing_rows == 1


def test_bounds_and_lists_of_a_decimal_column_are_exact(shop):
    rows = [(Decimal("9999999999999999999999999999999999.9999"),)]
    cases = {
        InvalidValues("wide", maximum=Decimal("9999999999999999999999999999999999.9998")): 1,
        InvalidValues("wide", maximum=Decimal("9999999999999999999999999999999999.9999")): 0,
        InvalidValues("wide", valid_values=(Decimal("9999999999999999999999999999999999.9998"), Decimal(1))): 1,
        MissingValues("wide", (Decimal("9999999999999999999999999999999999.9999"),)): 1,
        MissingValues("wide", (Decimal("9999999999999999999999999999999999.9998"),)): 0,
    }
    assert {rule: shop.judge(["wide"], rows, rule).failing_rows for rule in cases} == cases


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567, "1,234,567"),
        (0.123456789, "0.123457"),
        (Decimal("1234.50"), "1,234.5"),
        (Decimal("0.123456789"), "0.123456789"),
        (Decimal("1E+30"), "1E+30"),
    ],
)
def test_numbers_in_messages(value, text):
    assert number(value) == text


def test_all_digits_of_a_bound_are_in_its_phrase():
    assert phrase(Comparison(Operator.BETWEEN, (Decimal("0.123456789"), Decimal("12345.60")))) == (
        "must be between 0.123456789 and 12,345.6"
    )


# Bounds next to the largest that contracts take for a column of so many places, with values one unit away from them.
@pytest.mark.parametrize(
    ("column", "places", "bound"),
    [
        ("id", 0, 999_999_999_999_998),
        ("id", 0, 0),
        ("amount", 2, 9_999_999_998.5),
        ("amount", 2, 0.1),
        ("wide", 4, 99_999_999_999),
        ("wide", 4, 99_999_999_998.9999),
        ("wide", 4, -0.3),
    ],
)
@pytest.mark.parametrize(
    "expectation",
    [
        "expect_column_values_to_be_between",
        "expect_column_max_to_be_between",
        "expect_column_sum_to_be_between",
        "expect_column_values_to_be_in_set",
    ],
)
def test_great_expectations_agrees_with_exact_numbers_where_contracts_let_it_compare(
    shop, expectation, column, places, bound
):
    exact, step = Decimal(str(bound)), Decimal(1).scaleb(-places)
    kind = ColumnType("decimal", 38, places) if places else ColumnType("long")
    in_set = expectation.endswith("in_set")
    arguments = {"column": column} | ({"value_set": [bound]} if in_set else {"max_value": bound})
    read, _ = read_expectation({"type": expectation, "kwargs": arguments}, None, {column: kind})
    for value in (exact - step, exact, exact + step):
        met = value == exact if in_set else value <= exact
        assert (shop.judge([column], [(value,)], read).outcome is Outcome.PASSED) is met, value
