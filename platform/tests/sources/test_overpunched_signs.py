"""Numbers whose last digit holds their sign: written as COBOL does, and read exactly."""

from decimal import Decimal

import pyarrow as pa
import pytest
from fixed_width_samples import BATCHES, DAY, PLAIN, declared, file_of, landed, rejects_of, rows_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bankmesh.errors import LegacyFileError, SourceFaults
from bankmesh.sources.parsing.text_conversion import Converter

SIGNED = PLAIN.replace("minus: trailing", "minus: overpunched")


def overpunched(cents: int, width: int = 8) -> str:
    digits = f"{abs(cents):0{width}}"
    return digits[:-1] + ("}JKLMNOPQR" if cents < 0 else "{ABCDEFGHI")[int(digits[-1])]


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.integers(-99_999_999, 99_999_999), min_size=1, max_size=20))
def test_what_cobol_writes_is_read(tmp_path_factory, cents):
    base = tmp_path_factory.mktemp("signs")
    [obj] = declared(base, SIGNED % "")
    records = [f"{f'0001ab    {overpunched(value)}':22}" for value in cents]
    assert [row[2] for row in rows_of(landed(obj, base, file_of(*records)))] == [Decimal(v) / 100 for v in cents]


@pytest.fixture(scope="module")
def convert(tmp_path_factory):
    column = "v: {type: long, minus: overpunched, classification: internal, description: V.}"
    head = "system: host\ndescription: A.\nowner: team\nobjects:\n  thing:\n    description: T.\n    files: [a]\n    columns:\n"
    [obj] = declared(tmp_path_factory.mktemp("one"), f"{head}      {column}\n")
    return Converter(obj.in_file)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text("0123456789{}AIJRSa-+. ", max_size=6))
def test_anything_else_is_a_fault(convert, text):
    fits = bool(text) and (text[:-1].isdigit() or not text[:-1]) and text[-1] in "0123456789{}AIJR"
    assert bool(convert(pa.table({"c0": pa.array([text], pa.string())})).faulty) != fits


def test_the_reason_names_the_spelling(tmp_path):
    [obj] = declared(tmp_path, SIGNED % "")
    [reject] = rejects_of(landed(obj, tmp_path, file_of(f"{'0001ab    0000150-':22}")))
    assert reject[2].endswith("of digits alone, 2 of them decimals with an overpunched sign")


def test_totals_may_be_overpunched(tmp_path):
    text = BATCHES.replace(
        "of: item, start: 9, length: 12, decimals: 2", "of: item, start: 9, length: 12, decimals: 2, minus: overpunched"
    )
    _, obj = declared(tmp_path, text.replace("decimals: 2, required", "decimals: 2, minus: overpunched, required"))
    lines = [line.replace("000000250", "00000025}").replace("000000000401", "00000000009R") for line in DAY]
    assert landed(obj, tmp_path, file_of(*lines)).control_totals == 3
    with pytest.raises(LegacyFileError, match=r"states -0\.98 as sum of item\.amount; the file has -0\.99"):
        landed(obj, tmp_path, file_of(*[line.replace("00000000009R", "00000000009Q") for line in lines]))


def test_it_has_no_separators(tmp_path):
    with pytest.raises(SourceFaults, match="digits alone, without separators"):
        declared(tmp_path, SIGNED.replace("decimals: 2, minus", 'decimal: ",", minus') % "")
