"""Excel workbooks: typed cells, both date systems, titles and totals, and what is refused."""

from datetime import date
from decimal import Decimal

import pytest
from document_samples import declared, landed, rejects_of, rows_of
from excel_samples import CUSTOM_DAY, DAY, MOMENT, cell, number, row, sheet, text, workbook
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bankmesh.errors import LegacyFileError, SourceFaults

COLUMNS = """
Key: {as: key, type: long, required: true, classification: internal, description: A key.}
Amount: {as: amount, type: "decimal(18,2)", classification: internal, description: An amount.}
Day: {as: day, type: date, classification: internal, description: A day.}
At: {as: moment, type: timestamp, timezone: Europe/Prague, classification: internal, description: A moment.}
Note: {as: note, type: string, classification: restricted, description: A note.}
Open: {as: is_open, type: boolean, classification: internal, description: A flag.}
"""
HEAD = tuple(map(text, ("Key", "Amount", "Day", "At", "Note", "Open")))
FIRST = (
    number(1),
    number("0.30000000000000004"),
    number(45443, DAY),
    number("45443.5", MOMENT),
    text("a <b>"),
    cell("b", 1),
)


def book(*rows, head=HEAD, after="", **more):
    numbered = [row(at, *cells) if isinstance(cells, tuple) else cells for at, cells in enumerate((head, *rows), 1)]
    return workbook({"Data": sheet(*numbered, after=after)}, **more)


@pytest.fixture
def thing(tmp_path):
    obj = declared(tmp_path, "excel", COLUMNS)
    return lambda content, **more: landed(obj, tmp_path, content, file="thing.xlsx", **more)


def test_cells_land_as_the_types_they_have(thing):
    shared = [
        "<t>x</t>",
        "<r><t>one</t></r><r><t xml:space='preserve'> two</t></r><rPh><t>no</t></rPh>",
        "<t>a_x000D_b</t>",
    ]
    rows = [
        FIRST,
        (number("2"), None, number("45443", CUSTOM_DAY), None, cell("s", 1)),
        (number("3E0"), None, cell("d", "2024-05-31"), None, cell("s", 2), cell("b", 0)),
    ]
    landing = thing(book(*rows, (), shared=shared))
    found = rows_of(landing)
    assert [each[:3] for each in found] == [
        (1, Decimal("0.30"), date(2024, 5, 31)), (2, None, date(2024, 5, 31)), (3, None, date(2024, 5, 31)),
    ]  # fmt: skip
    assert found[0][3].isoformat() == "2024-05-31T10:00:00+00:00"
    assert [each[4:] for each in found] == [("a <b>", True, 2), ("one two", None, 3), ("a\rb", False, 4)]
    assert (landing.rows_in, landing.blank_lines, landing.balanced) == (3, 1, True)


@pytest.mark.parametrize(
    ("at", "new", "reason"),
    [
        (0, text("1"), "Key: a text, where a number is declared"),
        (0, None, "Key: required, but missing"),
        (0, number("1.5"), "Key: cannot be read as long"),
        (1, cell("e", "#N/A"), "Amount: an error value"),
        (1, "><f>A1*2</f>", "Amount: a formula without a stored result"),
        (1, "><f>A1*2</f><v/>", "Amount: a formula without a stored result"),
        (1, number("0.001"), "Amount: cannot be read as decimal(18,2)"),
        (1, number(45443, DAY), "Amount: a date, where a number is declared"),
        (2, number(45443), "Day: a number, where a date is declared"),
        (2, number(60, DAY), "Day: a number, where a date is declared"),
        (2, number("45443.5", DAY), "Day: a time within a day, where a date is declared"),
        (2, text("2024-05-31"), "Day: a text, where a date is declared"),
        (4, number(1), "Note: a number, where a text is declared"),
        (5, number(1), "Open: a number, where true or false is declared"),
        (6, number(1), "a cell in a column without a heading"),
    ],
)
def test_a_cell_that_is_not_as_declared_is_a_reject(thing, at, new, reason):
    cells = [*FIRST, None]
    cells[at] = new
    landing = thing(book(FIRST, tuple(cells), FIRST))
    assert rejects_of(landing) == [(3, reason)]
    assert (landing.rows_in, landing.rows, landing.balanced) == (3, 2, True)


def test_a_formula_lands_as_its_stored_result(thing):
    cells = ("><f>1+1</f><v>2</v>", *FIRST[1:4], ' t="str"><f>A1</f><v>word</v>')
    assert rows_of(thing(book(cells)))[0][0::4] == (2, "word")


@pytest.mark.parametrize(
    ("is_1904", "serial", "day"),
    [
        (False, 1, date(1900, 1, 1)),
        (False, 59, date(1900, 2, 28)),
        (False, 61, date(1900, 3, 1)),
        (True, 0, date(1904, 1, 1)),
        (True, 60, date(1904, 3, 1)),
    ],
)
def test_both_date_systems(thing, is_1904, serial, day):
    assert rows_of(thing(book((number(1), None, number(serial, DAY)), is_1904=is_1904)))[0][2] == day


def test_titles_totals_and_hidden_rows(tmp_path):
    kind = 'excel, sheet: Data, header_row: 3, end_rows: ["Total", "Printed.*"]'
    obj = declared(tmp_path, kind, COLUMNS)
    total = row(8, text("Total"), "><f>SUM(B4:B6)</f><v>9</v>")
    rows = [
        row(1, text("Report")), row(3, *HEAD), row(4, *FIRST), row(5, *FIRST, attributes=' hidden="1"'), row(6), total,
        row(9, text("Printed today")),
    ]  # fmt: skip
    merged = '<mergeCells><mergeCell ref="A1:F2"/><mergeCell ref="A9:B9"/></mergeCells>'
    content = workbook({"Other": sheet(), "Data": sheet(*rows, after=merged)})
    landing = landed(obj, tmp_path, content, file="thing.xlsx")
    assert [each[-1] for each in rows_of(landing)] == [4, 5]
    assert landing.other_records == {"title rows": 1, "end rows": 2, "hidden rows, which land as others": 1}
    assert (landing.rows_in, landing.blank_lines, landing.balanced) == (2, 1, True)
    for old, new, problem in [
        ("Printed today", "Word", "row 9 is not the declared end row"),
        ("Total", "Sum", "row 8 is not the declared end row"),
        ("A1:F2", "A5:A6", "cells of records are merged, first in row 5"),
    ]:
        changed = sheet(*rows, after=merged).replace(old, new)
        with pytest.raises(LegacyFileError, match=problem):
            landed(obj, tmp_path, workbook({"Data": changed}), file="thing.xlsx")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is no workbook"),
        (b"\xd0\xcf\x11\xe0" * 100, "is no workbook"),
        (book(FIRST)[:-30], "is no workbook"),
        (workbook({"a": sheet(), "b": sheet()}), "the workbook has 2 sheets"),
        (book(), "the file has no records"),
        (workbook({"a": sheet()}), "the sheet has no row 1"),
        (workbook({"a": sheet(row(1), row(2, *HEAD), row(3, *FIRST))}), "the sheet has no row 1"),
        (book(FIRST, head=HEAD[:5]), "it lacks Open"),
        (book(FIRST, head=(*HEAD, text("New"))), "not declared are those of columns G"),
        (book(FIRST, head=(*HEAD, HEAD[0])), "it has twice Key"),
        (book(row(1, *FIRST)), "rows are out of order"),
        (book(row(3, *FIRST).replace("B3", "A3")), "cells are out of order"),
        (book((cell("s", 5),)), "a text that is not there"),
        (book((number("x"),)), "no value of its type"),
        (book((cell("b", 2),)), "no value of its type"),
        (book(FIRST, styles="<!DOCTYPE x>" + "<s/>"), "document type"),
    ],
)  # fmt: skip
def test_workbooks_that_are_refused_whole(thing, content, problem):
    with pytest.raises(LegacyFileError, match=problem):
        thing(content)


def test_a_sheet_without_headings_is_refused_without_its_values(thing):
    first = (number("4111111111111111"), text("Anna Nováková"), *[None] * 24, text("CZ6508000000192000145399"))
    values = row(1, *first).replace('r="[1"', 'r="AA1"')
    with pytest.raises(LegacyFileError, match="not declared are those of columns A, B, AA") as refusal:
        thing(workbook({"Data": sheet(values, row(2, *FIRST))}))
    assert not any(value in str(refusal.value) for value in ("4111", "Anna", "CZ65"))


def test_numbers_in_texts_are_read_only_where_declared(tmp_path):
    columns = "Key: {as: key, type: long, classification: internal, description: A key.}"
    obj = declared(tmp_path, "excel, quoted_numbers: true, thousands: ' '", columns)
    content = workbook({"a": sheet(row(1, text("Key")), row(2, text("1 234")), row(3, number(5)))})
    assert [each[0] for each in rows_of(landed(obj, tmp_path, content, file="thing.xlsx"))] == [1234, 5]
    for kind, problem in (
        ("excel, header_row: 0", "header_row"),
        ('excel, end_rows: ["("]', "end_rows"),
        ("excel, decimal: ','", "typed ones"),
    ):
        with pytest.raises(SourceFaults, match=problem):
            declared(tmp_path, kind, COLUMNS)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rows=st.lists(
        st.tuples(
            st.integers(-(10**14), 10**14), st.decimals(-(10**9), 10**9, places=2), st.text("aá<&> \n", max_size=5)
        ),
        min_size=1,
        max_size=6,
    )
)
def test_what_was_written_is_read(thing, rows):
    content = book(*((number(key), number(repr(float(amount))), None, None, text(note)) for key, amount, note in rows))
    assert [(found[0], found[1], found[4]) for found in rows_of(thing(content))] == rows


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(at=st.integers(0, 5000), new=st.integers(0, 255))
def test_damage_refuses_the_file_or_changes_nothing(thing, at, new):
    whole = book(FIRST, FIRST)
    at %= len(whole)
    try:
        landing = thing(whole[:at] + bytes([new]) + whole[at + 1 :])
    except LegacyFileError:
        return
    assert rows_of(landing) == rows_of(thing(whole))
