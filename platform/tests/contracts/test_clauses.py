"""What a contract promises about data becomes clauses with stable names."""

import re
from datetime import UTC, datetime
from decimal import Decimal

import duckdb
import pytest

from bankmesh.contracts import clause_rules as rules
from bankmesh.contracts import model as m
from bankmesh.contracts.parsing.contract_reader import read_text
from bankmesh.contracts.parsing.expectation_rules import known_types


@pytest.fixture
def clauses(booking):
    def compiled(*edits):
        text = booking
        for old, new in edits:
            assert old in text
            text = text.replace(old, new, 1)
        contract, faults = read_text("booking.odcs.yaml", text)
        assert faults == ()
        return {clause.name: clause for clause in contract.clauses}

    return compiled


def test_names_are_those_of_checks(clauses):
    names = list(clauses())
    assert names == [
        "schema", "lossless_casts", "classification", "primary_key_unique", "booking_id__required", "booking_id__range",
        "account_id__required",
        "account_id__references_account", "party_id__references_contact_2", "currency__required", "currency__length",
        "currency__pattern", "currency__invalid_values", "amount__required", "amount__range", "amount__multiple_of",
        "amount_mostly_small", "counterparty__missing_values", "counterparty__expect_column_value_lengths_to_be_between",
        "labels__items", "labels__unique_items", "labels__length", "booked_at__range", "month__required",
        "account_id_currency__references_account", "row_count", "one_booking_a_moment", "volume",
    ]  # fmt: skip
    assert all(re.fullmatch(r"[A-Za-z0-9_]+", name) for name in names)


def test_rules_carry_values_of_the_columns_type(clauses):
    found = clauses()
    assert found["amount__range"].rule == rules.InvalidValues("amount", minimum=Decimal(0))
    assert found["booked_at__range"].rule == rules.InvalidValues("booked_at", minimum=datetime(1990, 1, 1, tzinfo=UTC))
    assert found["currency__length"].rule == rules.InvalidValues("currency", min_length=3, max_length=3)
    assert found["currency__invalid_values"].rule == rules.InvalidValues("currency", valid_values=("CZK", "EUR"))
    assert found["counterparty__missing_values"].rule == rules.MissingValues("counterparty", (None, "", "n/a"))
    assert found["labels__length"].rule == rules.InvalidValues("labels", max_length=20)
    assert found["schema"].comparison is None
    assert found["row_count"].comparison == m.Comparison(m.Operator.GREATER, 0)


def test_severity_and_unit_are_read(clauses):
    clause = clauses()["counterparty__missing_values"]
    assert clause.severity is m.Severity.WARNING
    assert clause.comparison == m.Comparison(m.Operator.LESS_OR_EQUAL, 60, "percent")


def test_a_bound_of_two_numbers_is_a_tuple(clauses):
    clause = clauses(("mustBeGreaterThan: 0", "mustBeBetween: [1, 10]"))["row_count"]
    assert clause.comparison == m.Comparison(m.Operator.BETWEEN, (1, 10))


def test_a_clause_has_a_description_from_the_contract_or_made(clauses):
    found = clauses()
    assert found["amount_mostly_small"].description == "Large amounts are rare."
    assert found["account_id__required"].description == "account_id is never null"
    assert found["row_count"].description == "number of rows must be greater than 0"
    assert all(clause.description for clause in found.values())


def test_duplicates_see_the_whole_table_unless_they_lie_in_one_partition(clauses):
    assert clauses()["primary_key_unique"].whole_table
    keyed = clauses(
        (
            "        partitioned: true",
            "        primaryKey: true\n        primaryKeyPosition: 2\n        partitioned: true",
        )
    )
    assert keyed["primary_key_unique"].rule == rules.DuplicateValues(("booking_id", "month"))
    assert not keyed["primary_key_unique"].whole_table
    assert keyed["booking_id__unique"].whole_table
    run = clauses(("            value: table", "            value: run"))
    assert not run["one_booking_a_moment"].whole_table
    assert not run["amount_mostly_small"].whole_table


def test_references_name_the_product_and_its_columns(clauses):
    found = clauses()
    assert found["account_id__references_account"].rule == rules.MissingReferences(
        ("account_id",), "retail.account", ("account_id",)
    )
    assert found["party_id__references_contact_2"].rule.product == "customer_service.contact@2"
    composite = found["account_id_currency__references_account"].rule
    assert composite == rules.MissingReferences(
        ("account_id", "currency"), "retail.account", ("account_id", "currency")
    )


def test_a_column_expectation_is_about_its_column(clauses):
    clause = clauses()["counterparty__expect_column_value_lengths_to_be_between"]
    assert clause.rule.arguments == {"max_value": 34, "column": "counterparty"}
    assert (clause.columns, clause.comparison) == (("counterparty",), None)


def test_an_implementation_may_be_text(clauses):
    text = '\n            implementation: \'{"type": "expect_column_values_to_be_unique", "kwargs": {}}\''
    old = "\n            implementation:\n              type: expect_column_value_lengths_to_be_between\n              kwargs:\n                max_value: 34"
    assert (
        clauses((old, text))["counterparty__expect_column_values_to_be_unique"].rule.type
        == "expect_column_values_to_be_unique"
    )


def test_prose_is_no_clause(clauses, booking):
    assert "Bookings are final." in booking
    assert not any("final" in clause.description for clause in clauses().values())


def test_generated_queries_count_what_they_say(clauses):
    rows = "(values ([1, 2, 3, 4, 5, 6]), ([1, 1]), ([null, null]), ([1, 2]), (null)) t(labels)"
    for name in ("labels__items", "labels__unique_items"):
        query = clauses()[name].rule.query.replace("${table}", rows).replace("${column}", "labels")
        assert duckdb.sql(query).fetchall() == [(1,)]


def test_core_expectations_are_known_without_importing_them():
    assert {"expect_column_values_to_be_in_set", "unexpected_rows_expectation"} <= known_types()


@pytest.mark.parametrize(
    ("old", "new", "rule", "line"),
    [
        ("severity: warning", "severity: fatal", "bad-severity", 78),
        ("metric: rowCount", "metric: nullValues", "quality-level", 123),
        ("            arguments:\n              validValues: [CZK, EUR]\n", "", "quality-argument", 60),
        ("validValues: [CZK, EUR]", "validValues: [CZK, 1]", "quality-argument", 61),
        ("validValues: [CZK, EUR]", "validValues: [CZK, null]", "quality-argument", 61),
        ("validValues: [CZK, EUR]", "validValue: [CZK, EUR]", "quality-argument", 61),
        ("validValues: [CZK, EUR]", "pattern: (?=a)", "bad-pattern", 61),
        ("mustBeGreaterThan: 0", "mustBe: zero", "quality-value", 124),
        ("mustBeGreaterThan: 0", "mustBeBetween: [5, 1]", "quality-value", 124),
        ("mustBeGreaterThan: 0", "mustBeGreaterThan: 0\n        unit: percent", "quality-unit", 125),
        ("mustBeLessOrEqualTo: 60", "mustBeLessOrEqualTo: 600", "quality-value", 89),
        ("unit: percent\n            sev", "unit: per mille\n            sev", "quality-unit", 90),
        ("from ${table} where", "from bookings where", "quality-query", 76),
        ("engine: greatExpectations", "engine: soda", "quality-engine", 93),
        (
            "expect_column_value_lengths_to_be_between",
            "expect_column_value_length_to_be_between",
            "quality-expectation",
            94,
        ),
        ("max_value: 34", "max_value: 34\n                column: counter", "quality-expectation", 94),
        ("value: table", "value: all", "quality-scope", 130),
        ("property: scope", "property: scop", "unknown-custom-property", 131),
        ("[booking_id, booked_at]", "[booking_id, booked]", "quality-argument", 127),
        ("[booking_id, booked_at]", "[booking_id, booking_id]", "quality-argument", 127),
        ("      - type: text\n", "      - {}\n      - type: text\n", "quality-type", 133),
        ("name: One booking a moment", "name: row count", "duplicate-check-name", 125),
        ("minLength: 3", "minLength: 4", "bad-option", 57),
        ('pattern: "[A-Z]{3}"', "pattern: (a)\\1", "bad-pattern", 58),
        ("minimum: 0\n", "minimum: 0.001\n", "bad-option", 71),
        ("minimum: 0\n", "minimum: 5\n          maximum: 1\n", "bad-option", 71),
        ("multipleOf: 0.01", "multipleOf: 0.001", "bad-option", 72),
        ('minimum: "1990-01-01T00:00:00Z"', "minimum: noon", "bad-option", 114),
        ("maxItems: 5", "maxItems: 5\n          minItems: 6", "bad-option", 107),
        ("- to: account.account_id\n", "- to: booking.booking_id\n", "bad-reference", 42),
        ("contact.v2.odcs.yaml#/schema/contact/", "contact.v2.odcs.yaml#/schema/contacts/", "bad-reference", 48),
        ("customer_service/contact", "https://example.org/customer_service/contact", "bad-reference", 48),
        ("to: [account.account_id, account.currency]", "to: [account.account_id, party.currency]", "bad-reference", 25),
        ("to: [account.account_id, account.currency]", "to: [account.account_id]", "bad-reference", 25),
        ("from: [booking.account_id,", "from: [account.account_id,", "bad-reference", 25),
    ],
)
def test_what_cannot_be_compiled_is_a_fault_on_its_line(faults_of, old, new, rule, line):
    assert faults_of((old, new)) == [(rule, line)]


CUSTOM = "  - property: x-cost-centre\n    value: 4711\n"


def _with_volume(value):
    return (CUSTOM, f"{CUSTOM}  - property: volume\n    value: {value}\n")


def test_volume_is_a_clause_of_every_contract_and_may_be_stated_otherwise(clauses):
    assert clauses()["volume"].rule == rules.Volume(Decimal(10))
    assert clauses()["volume"].severity is m.Severity.ERROR
    assert clauses(_with_volume("{tolerance: 2.5}"))["volume"].rule == rules.Volume(Decimal("2.5"))
    stated = clauses(_with_volume("{tolerance: 0, distinct: [account_id, account_id, currency]}"))["volume"]
    assert stated.rule == rules.Volume(Decimal(0), ("account_id", "currency"))
    assert "volume" not in clauses(_with_volume("free"))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("fre", "write free, or a mapping"),
        ("20", "write free, or a mapping"),
        ("{}", "write free, or a mapping"),
        ("{tolerence: 5}", "there is no tolerence. Did you mean tolerance?"),
        ("{tolerance: 100}", "not a percentage from 0 to below 100"),
        ("{tolerance: -1}", "not a percentage"),
        ('{tolerance: "5"}', "not a percentage"),
        ("{tolerance: true}", "not a percentage"),
        ("{distinct: account_id}", "distinct is a list of columns"),
        ("{distinct: [acount_id]}", "there is no column acount_id. Did you mean account_id?"),
    ],
)
def test_a_volume_that_means_nothing_is_a_fault(booking, value, message):
    old, new = _with_volume(value)
    contract, faults = read_text("booking.odcs.yaml", booking.replace(old, new, 1))
    assert contract is None
    assert [fault.rule for fault in faults] == ["bad-volume"]
    assert message in faults[0].message
