"""Numbers in cells of Excel workbooks: exact, or a reject; never another number than the file's."""

from decimal import Decimal
from math import nextafter

import pytest
from document_samples import declared, landed, rejects_of, rows_of
from excel_samples import number, row, sheet, text, workbook
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

AMOUNT = '{as: amount, type: "%s", classification: internal, description: An amount.}'
MORE_DIGITS = "Amount: more digits than a cell stores exactly"


def landed_cells(folder, kind, *cells, options=""):
    obj = declared(folder, f"excel{options}", f"Amount: {AMOUNT % kind}")
    rows = [row(at, each) for at, each in enumerate((text("Amount"), *cells), 1)]
    landing = landed(obj, folder, workbook({"a": sheet(*rows)}), file="thing.xlsx")
    assert landing.balanced
    return [each[0] for each in rows_of(landing)], [reason for _, reason in rejects_of(landing)]


@pytest.mark.parametrize(
    ("kind", "stored", "value"),
    [
        ("long", "123456789012345", 123456789012345),
        ("long", "1234567890123456", 1234567890123456),
        ("long", "-9007199254740991", -9007199254740991),
        ("long", "1.234567890123456E+15", 1234567890123456),
        ("long", "100000000000000000", 10**17),
        ("long", "2.9999999999999996", 3),
        ("decimal(18,2)", "12345678901234.56", Decimal("12345678901234.56")),
        ("decimal(18,2)", "-12345678901234.56", Decimal("-12345678901234.56")),
        ("decimal(18,2)", "0.30000000000000004", Decimal("0.30")),
        ("decimal(18,2)", "1234.5599999999999", Decimal("1234.56")),
        ("decimal(18,2)", "0.7999999999999999", Decimal("0.80")),
        ("decimal(18,4)", "12345678901234.56", Decimal("12345678901234.56")),
    ],
)
def test_a_number_lands_exactly_without_the_noise_of_a_double(tmp_path, kind, stored, value):
    assert landed_cells(tmp_path, kind, number(stored)) == ([value], [])


@pytest.mark.parametrize(
    ("kind", "stored", "reason"),
    [
        ("long", "9007199254740993", MORE_DIGITS),
        ("long", "1234567890123456789", MORE_DIGITS),
        ("long", "1.2345678901234567E+18", MORE_DIGITS),
        ("long", "900000000000000.1", MORE_DIGITS),
        ("decimal(18,2)", "1234567890123456.78", MORE_DIGITS),
        ("decimal(18,2)", "999999999999999.99", MORE_DIGITS),
        ("decimal(18,2)", "90000000000000.02", MORE_DIGITS),
        ("decimal(18,2)", "1234567890123.455", "Amount: cannot be read as decimal(18,2)"),
        ("decimal(18,2)", "1234.5600000000123", "Amount: cannot be read as decimal(18,2)"),
    ],
)
def test_a_number_that_a_cell_may_have_changed_is_a_reject(tmp_path, kind, stored, reason):
    assert landed_cells(tmp_path, kind, number(stored)) == ([], [reason])


@pytest.mark.parametrize(
    ("options", "kind", "stored", "value"),
    [
        (", decimal: ',', thousands: '.'", "decimal(18,3)", "1.234", Decimal("1.234")),
        (", decimal: ',', thousands: '.'", "decimal(18,3)", "-1234.5", Decimal("-1234.500")),
        (", decimal: ',', thousands: '.'", "double", "1.234", 1.234),
        (", decimal: ','", "double", "-1.5E-3", -0.0015),
        (", minus: trailing", "decimal(18,3)", "-1.5", Decimal("-1.500")),
        (", minus: overpunched", "long", "-15", -15),
        (", minus: overpunched", "long", "15", 15),
    ],
)
def test_the_spelling_of_texts_does_not_change_typed_numbers(tmp_path, options, kind, stored, value):
    found = landed_cells(tmp_path, kind, number(stored), options=f", quoted_numbers: true{options}")
    assert found == ([value], [])


def test_a_typed_fraction_is_no_whole_number_of_grouped_digits(tmp_path):
    values, reasons = landed_cells(
        tmp_path, "long", number("1.234"), text("1.234"), options=", quoted_numbers: true, decimal: ',', thousands: '.'"
    )
    assert (values, len(reasons)) == ([1234], 1)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), scale=st.integers(0, 4))
def test_no_written_number_lands_as_another(tmp_path, data, scale):
    units = data.draw(st.lists(st.integers(-(10**18), 10**18), min_size=1, max_size=12))
    amounts = [Decimal(each).scaleb(-scale) for each in units]
    values, reasons = landed_cells(tmp_path, f"decimal(38,{scale})", *(number(format(each, "f")) for each in amounts))
    assert len(values) + len(reasons) == len(amounts)
    rest = iter(amounts)
    assert all(value in rest for value in values)
    assert all(value in values for value in amounts if abs(value) < Decimal(2**52).scaleb(-scale))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(cents=st.integers(-(10**13), 10**13), steps=st.integers(-2, 2))
def test_the_noise_of_a_result_is_dropped(tmp_path, cents, steps):
    double = cents / 100
    for _ in range(abs(steps)):
        double = nextafter(double, steps * float("inf"))
    assume(abs(double) > 1e-9)
    assert landed_cells(tmp_path, "decimal(18,2)", number(f"{double:.17g}")) == ([Decimal(cents).scaleb(-2)], [])
