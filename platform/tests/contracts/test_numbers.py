"""Numbers of contracts keep the digits that are written, whoever writes them down again."""

import json
from decimal import Decimal

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from bankmesh.contracts.clause_rules import Expectation
from bankmesh.contracts.comparison.contract_comparison import compare
from bankmesh.contracts.exact_numbers import plain_number, plain_numbers, spell_exactly, spell_number, stored_number
from bankmesh.contracts.parsing.contract_reader import read_text
from bankmesh.yaml.documents import parse

decimals = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**38), max_value=10**38)

BALANCE = """\
      - name: balance
        logicalType: number
        physicalType: decimal(38,4)
        description: Balance.
        classification: internal
"""
WIDE = (
    BALANCE
    + """\
        logicalTypeOptions: {maximum: 100000000000000000.01, multipleOf: 0.0001}
        quality:
          - {type: sql, query: "select sum(${column}) from ${table}", mustBe: 1234567890123456789.0001}
team:
"""
)


def read(party, columns=WIDE):
    contract, faults = read_text("party.odcs.yaml", party.replace("team:\n", columns))
    assert faults == ()
    return contract


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("0.1", "0.1"),
        (".5", "0.5"),
        ("+2.50", "2.50"),
        ("3.", "3"),
        ("1.5e+3", "1500"),
        ("1.5E-3", "0.0015"),
        ("200000000000000.01", "200000000000000.01"),
        (
            "0.1000000000000000055511151231257827021181583404541015625",
            "0.1000000000000000055511151231257827021181583404541015625",
        ),
    ],
)
def test_a_plain_number_with_a_point_keeps_its_digits(written, number):
    document, faults = parse("f.yaml", f"bound: {written}\n")
    assert faults == ()
    assert isinstance(document.data["bound"], Decimal)
    assert document.data["bound"].as_tuple() == Decimal(written).as_tuple()
    assert document.data["bound"] == Decimal(number)
    assert float(number) == yaml.safe_load(written)


@pytest.mark.parametrize("written", ["1.0e+400", "-1.0e+400", "1.0e-400", "-0.1e-999999999"])
def test_a_number_that_overflows_or_vanishes_as_a_double_is_a_fault(written):
    (fault,) = parse("f.yaml", f"bound: {written}\n")[1]
    assert fault.rule == "yaml-ambiguous"


@given(decimals)
@example(Decimal("0.30000000000000004"))
@example(Decimal("100000000000000000.01"))
@example(Decimal("-0.0"))
def test_no_digit_is_lost_on_the_way_to_json(number):
    stored = json.loads(json.dumps(stored_number(number)))
    assert Decimal(stored if isinstance(stored, str) else repr(stored)) == number
    assert Decimal(spell_number(number)) == number
    assert Decimal(spell_exactly(number, ",").replace(",", "")) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_a_double_spells_becomes_that_double(double):
    assert plain_number(Decimal(repr(double))) == double


def test_numbers_inside_of_lists_and_mappings_become_plain():
    given_ = {"a": [Decimal("0.5"), 1, "x"], "b": {"c": Decimal("0.12345678901234567890")}}
    assert plain_numbers(given_) == {"a": [0.5, 1, "x"], "b": {"c": Decimal("0.12345678901234567890")}}
    assert isinstance(plain_numbers(given_)["a"][0], float)


def test_bounds_are_what_is_written(party):
    contract = read(party)
    clauses = {clause.name: clause for clause in contract.clauses}
    assert clauses["balance__range"].rule.maximum == Decimal("100000000000000000.01")
    assert clauses["balance__range"].description == "balance is at most 100000000000000000.01"
    assert clauses["balance__multiple_of"].rule.query.endswith("% 0.0001 <> 0")
    assert clauses["balance__sql"].comparison.value == Decimal("1234567890123456789.0001")
    assert clauses["balance__sql"].description.endswith("must be 1234567890123456789.0001")


def test_a_digit_more_than_a_double_holds_is_a_change(party):
    old, new = read(party), read(party, WIDE.replace("89.0001", "89.0002"))
    assert [change.rule for change in compare(old, new)] == [
        "clause-weakened",
        "version-unchanged",
        "version-not-raised",
    ]
    lower = read(party, WIDE.replace("0000.01", "0000.00"))
    assert "clause-strengthened" in [change.rule for change in compare(old, lower)]


@pytest.mark.parametrize(("one", "other"), [("0.5", "0.50"), ("0.1", "0.100"), ("2.0", "2"), ("1500.0", "1.5e+3")])
def test_two_spellings_of_one_number_are_no_change(party, one, other):
    rule = "          - {type: sql, query: 'select count(*) from ${table}', mustBeLessThan: %s}\nteam:\n"
    columns = WIDE.removesuffix("team:\n") + rule.replace("type:", "id: other, type:")
    old, new = read(party, columns % one), read(party, columns % other)
    assert {change.rule for change in compare(old, new)} <= {"description-changed", "version-unchanged"}
    clause = next(clause for clause in old.clauses if clause.name == "other")
    assert clause.comparison in [clause.comparison for clause in new.clauses]


def test_other_numbers_of_a_contract_stay_plain_for_json(party):
    text = party.replace("team:\n", "slaProperties:\n  - {property: availability, value: 99.5, unit: percent}\nteam:\n")
    text = text.replace(
        "    value: source-aligned\n", "    value: source-aligned\n  - {property: x-share, value: [0.25]}\n"
    )
    contract, faults = read_text("party.odcs.yaml", text)
    assert faults == ()
    assert json.dumps([contract.custom["x-share"], contract.service_levels[0].value]) == "[[0.25], 99.5]"


@pytest.mark.parametrize(
    ("argument", "word"),
    [
        ("max_value: 100000000000000000.01", "compares doubles"),
        ("max_value: NaN", "bounds nothing"),
        ("max_value: -Infinity", "bounds nothing"),
        ("value_set: [0.5, 0.12345678901234567890]", "compares doubles"),
    ],
)
def test_an_argument_that_great_expectations_cannot_compare_is_a_fault(party, argument, word):
    rule = """\
        quality:
          - type: custom
            engine: greatExpectations
            implementation: {type: expect_column_values_to_be_between, kwargs: {%s}}
team:
"""
    _, faults = read_text("party.odcs.yaml", party.replace("team:\n", rule % argument))
    assert [fault.rule for fault in faults] == ["quality-expectation"]
    assert word in faults[0].message


EXPECTED = (
    BALANCE
    + """\
      - name: entries
        logicalType: integer
        physicalType: long
        description: Entries.
        classification: internal
    quality:
      - type: custom
        engine: greatExpectations
        implementation: {type: %s, kwargs: {%s}}
team:
"""
)


@pytest.mark.parametrize(
    ("expectation", "arguments", "refused"),
    [
        ("expect_table_row_count_to_equal", "value: 1000000000000000", False),
        ("expect_column_unique_value_count_to_be_between", "column: balance, max_value: 1000000000000000", False),
        ("expect_column_values_to_be_between", "column: entries, max_value: 999999999999999, mostly: 0.5", False),
        ("expect_column_values_to_be_between", "column: entries, max_value: 1000000000000000", True),
        ("expect_column_values_to_be_between", "column: balance, max_value: 99999999999.9999", False),
        ("expect_column_values_to_be_between", "column: balance, max_value: 100000000000", True),
        ("expect_column_sum_to_be_between", "column: balance, min_value: -100000000000.5", True),
        ("expect_column_values_to_be_in_set", "column: balance, value_set: [1, 1.0e+13]", True),
        (
            "expect_column_quantile_values_to_be_between",
            "column: balance, quantile_ranges: {quantiles: [0.5], value_ranges: [[1, 1.0e+13]]}",
            True,
        ),
        ("expect_multicolumn_sum_to_equal", "column_list: [balance, entries], sum_total: 1.0e+11", True),
    ],
)
def test_a_bound_beside_which_doubles_cannot_tell_values_apart_is_a_fault(party, expectation, arguments, refused):
    _, faults = read_text("party.odcs.yaml", party.replace("team:\n", EXPECTED % (expectation, arguments)))
    assert [fault.rule for fault in faults] == ["quality-expectation"] * refused
    assert all("too many digits" in fault.message for fault in faults)


def test_arguments_of_expectations_are_doubles(party):
    rule = """\
        quality:
          - type: custom
            engine: greatExpectations
            implementation: '{"type": "expect_column_values_to_be_between", "kwargs": {"max_value": 0.5, "mostly": 0.95}}'
team:
"""
    contract, faults = read_text("party.odcs.yaml", party.replace("team:\n", rule))
    assert faults == ()
    (rule,) = [clause.rule for clause in contract.clauses if isinstance(clause.rule, Expectation)]
    assert [type(value) for value in rule.arguments.values()] == [float, float, str]


@pytest.mark.parametrize("bound", ["1.0e+50", "0.00001", "1234567890123456789012345678901234567890.5"])
def test_a_bound_that_a_column_cannot_hold_is_a_fault(party, bound):
    columns = WIDE.replace("100000000000000000.01", bound)
    _, faults = read_text("party.odcs.yaml", party.replace("team:\n", columns))
    assert [fault.rule for fault in faults] == ["bad-option"]
