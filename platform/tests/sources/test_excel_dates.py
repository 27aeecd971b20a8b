"""Excel: dates as cells and as texts, times, sheets by pattern, and values of cells above the headings."""

from datetime import date

import pytest
from document_samples import declared, landed, rejects_of, rows_of
from excel_samples import DAY, MOMENT, STYLES, cell, number, row, sheet, text, workbook
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bankmesh.errors import LegacyFileError, SourceFaults
from bankmesh.sources.excel.workbook import shows_duration, shows_time

THING = "Thing: {as: thing, classification: internal, description: A thing., %s}"


def landed_cells(folder, column, *cells, styles=STYLES):
    obj = declared(folder, "excel", THING % column)
    rows = [row(at, each) for at, each in enumerate((text("Thing"), *cells), 1)]
    landing = landed(obj, folder, workbook({"a": sheet(*rows)}, styles=styles), file="thing.xlsx")
    assert landing.balanced
    return [each[0] for each in rows_of(landing)], [reason for _, reason in rejects_of(landing)]


def test_a_column_with_formats_reads_cells_with_dates_and_texts(tmp_path):
    cells = (number(45443, DAY), text("31.05.2024"), text("1.6.24"), cell("d", "2024-06-01"))
    column = 'type: date, century: 1900, format: ["%d.%m.%Y", "%-d.%-m.%y"]'
    assert landed_cells(tmp_path, column, *cells) == (
        [date(2024, 5, 31), date(2024, 5, 31), date(1924, 6, 1), date(2024, 6, 1)], [],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("stored", "reason"),
    [
        (text("2024-05-31"), 'Thing: cannot be read as date written "%Y-%d-%m"'),
        (number("45443.5", DAY), "Thing: a time within a day, where a date is declared"),
        (number(45443), "Thing: a number, where a date is declared"),
        (text("_x0000_2024-05-06"), "Thing: a text, where a date is declared"),
    ],
)
def test_a_date_of_a_cell_is_not_read_by_formats_nor_a_text_as_one_of_a_cell(tmp_path, stored, reason):
    column = 'type: date, format: "%Y-%d-%m"'
    assert landed_cells(tmp_path, column, number(45418, DAY), text("2024-06-05"), stored) == (
        [date(2024, 5, 6), date(2024, 5, 6)], [reason],
    )  # fmt: skip


def test_moments_of_cells_are_local_times_and_texts_are_read_by_formats(tmp_path):
    column = 'type: timestamp, timezone: Europe/Prague, format: ["%d.%m.%Y %H:%M", iso8601]'
    cells = (number("45443.5", MOMENT), number(45443, DAY), text("31.05.2024 12:00"), text("2024-05-31T12:00:00Z"))
    values, reasons = landed_cells(tmp_path, column, *cells, text("31.05.2024"))
    assert [f"{each:%d %H}" for each in values] == ["31 10", "30 22", "31 10", "31 12"]
    assert reasons == ['Thing: cannot be read as timestamp written "%d.%m.%Y %H:%M" or "iso8601"']


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(days=st.lists(st.tuples(st.dates(date(1900, 3, 1), date(2199, 12, 31)), st.booleans()), min_size=1, max_size=9))
def test_mixed_dates_land_as_written(tmp_path, days):
    cells = [
        number((day - date(1899, 12, 30)).days, DAY) if is_cell else text(f"{day:%d.%m.%Y}") for day, is_cell in days
    ]
    assert landed_cells(tmp_path, 'type: date, format: "%d.%m.%Y"', *cells) == ([day for day, _ in days], [])


@pytest.mark.parametrize(
    ("code", "is_time"),
    [
        ("mm:ss", True), ("mm:ss.0", True), ("h:mm", True), ("h:mm AM/PM", True), ("hh:mm:ss;@", True), ("ss", True),
        ("dd.mm.yyyy", False), ("mmm", False), ("mm", False), ("h:mm d", False), ("yyyy-mm-dd hh:mm", False),
        ("0.00", False), ("General", False), ('0 "m:s"', False), ("#,##0", False),
    ],
)  # fmt: skip
def test_a_format_without_day_month_and_year_shows_a_time(code, is_time):
    assert shows_time(code) == is_time
    assert not shows_duration(code)


@pytest.mark.parametrize(
    ("style", "column", "serial", "found"),
    [
        (45, "type: string", "0.0104166666666667", (["00:15:00"], [])),
        (47, "type: string", "0.0000144675925925926", (["00:00:01.250"], [])),
        (20, "type: string", "0.5", (["12:00:00"], [])),
        (46, "type: string", "1.5", (["36:00:00"], [])),
        (46, "type: string", "-0.0625", (["-01:30:00"], [])),
        (45, "type: string", "1.5", ([], ["Thing: a time with days, which its format does not show"])),
        (45, "type: date", "45443", ([], ["Thing: a time without a day, where a date is declared"])),
        (45, "type: timestamp", "45443.5", ([], ["Thing: a time without a day, where a date is declared"])),
        (45, "type: double", "0.5", ([], ["Thing: a time without a day, where a number is declared"])),
    ],
)
def test_times_are_no_dates_and_land_as_texts(tmp_path, style, column, serial, found):
    styles = STYLES.replace('<xf numFmtId="165"/>', f'<xf numFmtId="{style}"/>')
    assert landed_cells(tmp_path, column, number(serial, 4), styles=styles) == found


def test_one_sheet_matches_a_pattern(tmp_path):
    obj = declared(tmp_path, "excel, sheet: '2026-*'", THING % "type: long")
    data = sheet(row(1, text("Thing")), row(2, number(5)))
    landing = landed(obj, tmp_path, workbook({"Info": sheet(), "2026-10": data}), file="thing.xlsx")
    assert [each[0] for each in rows_of(landing)] == [5]
    for sheets, problem in (
        ({"Info": data, "2025-10": data}, "the workbook has no sheet 2026"),
        ({"2026-10": data, "2026-11": data}, "the workbook has 2 sheets 2026"),
    ):
        with pytest.raises(LegacyFileError, match=problem):
            landed(obj, tmp_path, workbook(sheets), file="thing.xlsx")
    exact = workbook({"2026-*": data, "2026-11": sheet()})  # no program writes such a name, but a file may have it
    assert landed(obj, tmp_path, exact, file="thing.xlsx").rows == 1


TITLED = """
Thing: {as: thing, type: long, classification: internal, description: A thing.}
as_of: {cell: A1, type: date, format: "As of %d.%m.%Y", required: true, classification: internal, description: A day.}
made: {cell: B2, type: date, classification: internal, description: A day.}
"""


def titled(folder, *titles):
    obj = declared(folder, "excel, header_row: 3", TITLED)
    rows = [row(at, *each) for at, each in enumerate(titles, 1)]
    table = [row(3, text("Thing")), row(4, number(1)), row(5, number(2))]
    return landed(obj, folder, workbook({"a": sheet(*rows, *table)}), file="thing.xlsx")


def test_cells_above_the_headings_have_a_value_for_each_row(tmp_path):
    landing = titled(tmp_path, (text("As of 31.10.2026"),), (None, number(45443, DAY)))
    days = (date(2026, 10, 31), date(2024, 5, 31))
    assert [row[:3] for row in rows_of(landing)] == [(1, *days), (2, *days)]
    assert landing.other_records == {"title rows": 2}
    assert [row[2] for row in rows_of(titled(tmp_path, (text("As of 31.10.2026"),)))] == [None, None]


@pytest.mark.parametrize(
    ("titles", "reason"),
    [
        (((text("On 31.10.2026"),),), 'as_of: cannot be read as date written "As of %d.%m.%Y"'),
        ((), "as_of: required, but missing"),
        (((number(5),),), "as_of: a number, where a date is declared"),
    ],
)
def test_a_cell_above_the_headings_that_is_not_as_declared_rejects_each_row(tmp_path, titles, reason):
    landing = titled(tmp_path, *titles)
    assert (rejects_of(landing), landing.rows) == ([(4, reason), (5, reason)], 0)


@pytest.mark.parametrize(
    ("kind", "column", "problem"),
    [
        ("excel, header_row: 3", "type: long, cell: A3", "not above the headings: row 3"),
        ("excel, header_row: 3", "type: long, cell: a1", "write it like B2"),
        ("excel, header_row: 3", "type: long, cell: A1, header_pattern: true", "for columns with headings"),
        ("json_lines", "type: long, cell: A1", "cell is for workbooks"),
        ("excel", 'type: date, format: "stored"', "year, month and day"),
        ("excel", 'type: date, format: ["%d/%m/%Y", "%m/%d/%Y"]', "formats of which at most one reads a text"),
    ],
)
def test_cells_and_formats_that_cannot_be_are_faults(tmp_path, kind, column, problem):
    with pytest.raises(SourceFaults, match=problem):
        declared(tmp_path, kind, THING % column)
