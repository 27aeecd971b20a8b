"""Decimals with an exponent: exact, or a fault of the row."""

from decimal import Decimal, localcontext
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bankmesh.errors import SourceFaults
from bankmesh.sources import read_system
from bankmesh.sources.parsing.text_conversion import Converter

DECLARATION = """\
system: legacy
description: A system.
owner: team
objects:
  thing:
    description: Things.
    files: [thing.txt]
    columns:
      v: {%s, classification: internal, description: D.}
"""


def declared(column: str):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "legacy.yaml"
        path.write_text(DECLARATION % column, encoding="utf-8")
        return read_system(path).objects[0]


SCALES = {2: 'type: "decimal(12,2)", read: scientific', 0: 'type: "decimal(38,0)", read: scientific'}
CONVERTERS = {scale: Converter(declared(column).in_file) for scale, column in SCALES.items()}
PRECISION = {2: 12, 0: 38}

mantissas = st.tuples(
    st.sampled_from(["", "-", "+"]), st.text("0123456789", max_size=8), st.text("0123456789", max_size=6).map(lambda t: t and "." + t)
).map("".join)  # fmt: skip
exponents = st.tuples(
    st.sampled_from(["e", "E"]), st.sampled_from(["", "+", "-"]), st.sampled_from(["", "0"]), st.integers(0, 130).map(str)
).map("".join)  # fmt: skip


def landed(scale: int, text: str) -> Decimal | None:
    made = CONVERTERS[scale](pa.table({"c0": [text]}))
    return None if made.faulty else made.rows["v"][0]


def expected(scale: int, text: str) -> Decimal | None:
    mantissa, _, exponent = text.lower().partition("e")
    digits = mantissa.lstrip("+-")
    if not digits or digits.startswith(".") or ("e" in text.lower() and abs(int(exponent)) > 99):
        return None
    with localcontext(prec=400):
        value = Decimal(text)
        fits = value * 10**scale == (value * 10**scale).to_integral_value() and abs(value) < 10 ** (
            PRECISION[scale] - scale
        )
        return value if fits else None


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(SCALES)), mantissas, st.one_of(st.just(""), exponents))
@example(2, "1.5", "E+03")
@example(2, "1.500", "E-01")
@example(2, "1.5", "E-02")
@example(2, "-1", "e-2")
@example(0, "1.5", "E3")
@example(2, "1", "E+10")
@example(2, "0.0", "E-99")
def test_the_value_is_exact_or_a_fault(scale, mantissa, exponent):
    text = mantissa + exponent
    assert landed(scale, text) == expected(scale, text)


@pytest.mark.parametrize(
    "text", ["", "E5", "1E", "1E+", "1E5.0", "1.E5", "1E100", " 1E5", "1E5 ", "1,5E3", "1E5E5", "x"]
)
def test_what_is_no_such_number_is_a_fault(text):
    assert landed(2, text) is None


def test_separators_and_a_trailing_minus_go_with_it():
    column = 'type: "decimal(12,2)", read: scientific, decimal: ",", thousands: ".", minus: trailing'
    convert = Converter(declared(column).in_file)
    rows = convert(pa.table({"c0": ["1.234,5E+02-", "1,5E03", "12"]})).rows["v"].to_list()
    assert rows == [Decimal("-123450.00"), Decimal(1500), Decimal(12)]
    [fault] = convert(pa.table({"c0": ["-1,5E03"]})).faulty
    assert "spelt as scientific" in fault.faults[0].reason


def test_it_is_for_decimals():
    with pytest.raises(SourceFaults, match=r"read of column thing\.v is scientific; allowed"):
        declared("type: long, read: scientific")
