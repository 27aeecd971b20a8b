"""Declarations proposed from workbooks: sheets, headings below titles, totals below records, and cells of all kinds."""

import datetime as dt
import re
from decimal import Decimal

import pytest
from excel_samples import DAY, MOMENT, STYLES, cell, number, row, sheet, text, workbook
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from proposed_source import Scaffold

from bankmesh.errors import LegacyFileError
from bankmesh.scaffolding.source_proposals.source_proposal import CannotPropose

EPOCH = dt.date(1899, 12, 30)
TIME = 4
STYLED = STYLES.replace('<xf numFmtId="165"/>', '<xf numFmtId="20"/>')


@pytest.fixture(scope="module")
def scaffold(tmp_path_factory):
    return Scaffold(tmp_path_factory.mktemp("bank"))


def table(*rows, first=1, after=""):
    """A sheet whose rows are tuples of cells, from the row `first`; None is a blank row."""
    made = [row(at, *cells) for at, cells in enumerate(rows, first) if cells is not None]
    return sheet(*made, after=after)


def book(*rows, **more):
    return workbook({"Data": table(*rows, **more)}, styles=STYLED)


HEAD = tuple(map(text, ("Card", "Limit", "Valid from", "Holder", "At")))
RECORDS = [
    (number(n), number(repr(n * 100.5)), number(45443 + n, DAY), text("Jana Nova"), number(repr(n / 48), TIME))
    for n in range(1, 13)
]


def test_headings_below_titles_and_totals_below_records_are_found(scaffold):
    titles = [(text("Limits of cards"),), (text("As of 31.10.2026"), None, number(45443, DAY)), None]
    ends = [None, (text("Total"), number(5)), (text("Printed by Eva Horska on 5.11."),)]
    found = scaffold({"limits.xlsx": book(*titles, HEAD, *RECORDS, *ends)})
    assert found.plan.proposal.format == {"kind": "excel", "header_row": 4, "end_rows": ["Total", "Printed.*"]}
    assert (found.rejects, len(found.rows)) == ([], 12)
    assert found.rows[1] == {
        "card": 2, "limit": Decimal("201.00"), "valid_from": dt.date(2024, 6, 2), "holder": "Jana Nova", "at": "01:00:00",
        "as_of": dt.date(2026, 10, 31), "as_of_2": dt.date(2024, 5, 31),
    }  # fmt: skip
    assert found.keys["Limit"] == {"type": "decimal(18,2)", "required": True}
    assert not any(value in found.plan.text for value in ("Jana", "Eva", "Limits of cards", "201"))


def test_remarks_that_no_word_shows_are_told_from_records_by_the_first_column(scaffold):
    found = scaffold({"a.xlsx": book(HEAD, *RECORDS, (text("Eva will check these"),))})
    assert found.plan.proposal.format["end_rows"] == ["[^-+0-9].*"]
    assert (len(found.rows), "Eva" in found.plan.text) == (12, False)


@pytest.mark.parametrize(
    ("ends", "patterns"),
    [
        ((text("Total"), number(9)), ["Total"]),
        ((text("Total EUR:"), number(9)), ["Total EUR:"]),
        ((text("Total of all limits"),), None),
        ((text("Kept by Eva"),), None),
    ],
)
def test_where_records_begin_with_texts_no_pattern_matches_them(scaffold, ends, patterns):
    rows = [(text(f"w{n}"), number(n), number(n)) for n in range(1, 5)]
    found = scaffold({"a.xlsx": book(tuple(map(text, ("Name", "Limit", "Used"))), *rows, ends)})
    shown = found.plan.proposal.format.get("end_rows")
    assert ([re.sub(r"\\", "", each) for each in shown] if shown else None) == patterns
    assert (len(found.rows), [line for line, _ in found.rejects]) == (4, [] if patterns else [6])
    assert "Eva" not in found.plan.text


def test_rows_at_the_end_that_begin_as_other_records_do_are_no_end_rows(scaffold):
    named = [(text(f"X{n}"), number(n)) for n in range(20)]
    found = scaffold({"a.xlsx": book(HEAD, *RECORDS * 6, *named)})
    assert "end_rows" not in found.plan.proposal.format
    assert len(found.rows) + len(found.rejects) == 12 * 6 + 20


def test_a_whole_record_that_begins_with_the_word_of_a_remark_is_a_record(scaffold):
    rows = [(text(name), number(n)) for n, name in enumerate(("Bonds", "Loans", "Notes"))]
    found = scaffold({"a.xlsx": book((text("Item"), text("Amount")), *rows)})
    assert ([each["item"] for each in found.rows], found.rejects) == (["Bonds", "Loans", "Notes"], [])


def test_a_remark_that_begins_with_a_digit_does_not_block_the_landing(scaffold):
    found = scaffold({"a.xlsx": book(HEAD, *RECORDS, (text("12 rows exported"),))})
    assert (len(found.rows), [line for line, _ in found.rejects]) == (12, [14])


def test_a_row_of_sums_without_a_word_is_a_question_and_a_reject(scaffold):
    found = scaffold({"a.xlsx": book(HEAD, *RECORDS, (None, number(7839)))})
    assert [line for line, _ in found.rejects] == [14]
    assert any("are rows 14 records?" in each for each in found.questions)


def test_a_record_that_begins_like_a_total_stays_a_record(scaffold):
    rows = [(text(name), number(n)) for n, name in enumerate(("Shell", "Sum Oil", "Total Energies"))]
    found = scaffold({"a.xlsx": book((text("Name"), text("Amount")), *rows)})
    assert ([each["name"] for each in found.rows], found.rejects) == (["Shell", "Sum Oil", "Total Energies"], [])
    assert found.questions == ["are rows 3, 4 totals? They begin like some, and land as records"]


def test_the_sheet_with_the_most_records_is_proposed_and_others_are_a_question(scaffold):
    sheets = {"Info": table((text("hello"),)), "2026-10": table(HEAD, *RECORDS), "Old": table(HEAD, RECORDS[0])}
    content = workbook(sheets, styles=STYLED)
    found = scaffold({"a.xlsx": content})
    assert (found.plan.proposal.format["sheet"], len(found.rows)) == ("2026-10", 12)
    assert found.questions[:2] == [
        'which sheet holds the records? "2026-10" has 12 rows; there are also "Old" (1): see --sheet',
        'does the sheet have another name in later files? A pattern matches these, too: sheet: "????-??"',
    ]
    assert len(scaffold({"a.xlsx": content}, sheet="O*").rows) == 1


def test_sheets_named_by_month_are_proposed_as_a_pattern(scaffold):
    books = {
        f"limits_{month}.xlsx": workbook({f"Limits {month}": table(HEAD, *RECORDS), "Info": sheet()}, styles=STYLED)
        for month in ("Oct", "Nov")
    }
    found = scaffold(books)
    assert (found.plan.proposal.format["sheet"], len(found.rows)) == ("Limits *", 24)


def test_files_and_sheets_named_by_quarter_are_patterns_that_read_the_next_year(scaffold):
    books = {
        f"limits_Q{quarter}_2026.xlsx": workbook(
            {f"Limits Q{quarter} 2026": table(HEAD, *RECORDS), "Info": sheet()}, styles=STYLED
        )
        for quarter in (2, 3)
    }
    found = scaffold(books)
    assert (found.plan.names.object, found.plan.names.files) == ("limits", ("limits_Q?_20??.xlsx",))
    assert (found.plan.proposal.format["sheet"], len(found.rows)) == ("Limits Q? ????", 24)
    assert {each["source_file"] for each in found.rows} == set(books)
    assert "does each file hold the rows of its quarter alone?" in found.questions[0]


def test_whole_amounts_are_decimals_and_other_whole_numbers_are_not(scaffold):
    rows = [(number(n), number(n * 1000)) for n in range(1, 5)]
    found = scaffold({"a.xlsx": book((text("Card"), text("Limit (EUR)")), *rows)})
    assert [found.keys[name]["type"] for name in ("Card", "Limit (EUR)")] == ["long", "decimal(18,2)"]
    assert found.rows[0] == {"card": 1, "limit_eur": Decimal("1000.00")}


def test_mixed_dates_and_numbers_typed_as_text_are_read(scaffold):
    rows = [
        (number(n) if n % 2 else text(str(n)), text("31.05.2024") if n % 2 else number(45443, DAY), cell("b", n % 2))
        for n in range(1, 7)
    ]
    found = scaffold({"a.xlsx": book(tuple(map(text, ("Card", "Day", "Open"))), *rows)})
    assert found.plan.proposal.format["quoted_numbers"] is True
    assert found.keys["Day"] == {"type": "date", "format": "%d.%m.%Y", "required": True}
    assert [tuple(each.values()) for each in found.rows] == [(n, dt.date(2024, 5, 31), n % 2 == 1) for n in range(1, 7)]


def test_ambiguous_texts_among_dates_are_a_question_and_rejects(scaffold):
    rows = [(number(n), text("03/04/2024") if n == 1 else number(45443, DAY)) for n in range(1, 5)]
    content = book((text("Card"), text("Day")), *rows)
    found = scaffold({"a.xlsx": content})
    assert any("is the day or the month first?" in each for each in found.questions)
    assert found.rejects == [(2, "Day: a text, where a date is declared")]
    assert scaffold({"a.xlsx": content}, day_first=True).rows[0]["day"] == dt.date(2024, 4, 3)


def test_a_title_with_an_ambiguous_day_is_a_question(scaffold):
    content = book((text("As of 03/04/2024"),), HEAD, *RECORDS)
    found = scaffold({"a.xlsx": content})
    assert any("is the day or the month first in cell A1?" in each for each in found.questions)
    assert "as_of" not in found.rows[0]
    assert scaffold({"a.xlsx": content}, day_first=False).rows[0]["as_of"] == dt.date(2024, 3, 4)


def test_errors_and_formulas_without_results_are_counted_and_become_rejects(scaffold):
    rows = [(number(n), number(n) if n > 2 else (cell("e", "#N/A"), "><f>A1*2</f>")[n - 1]) for n in range(1, 5)]
    found = scaffold({"a.xlsx": book((text("Card"), text("Amount")), *rows)})
    assert found.rejects == [(2, "Amount: an error value"), (3, "Amount: a formula without a stored result")]
    assert any(
        "1 error values, 1 formulas without a stored result; 2 become rejects" in each for each in found.questions
    )


def test_long_fractions_are_doubles_and_moments_ask_for_their_zone(scaffold):
    rows = [(number("0.33333333333333331"), number("45443.5", MOMENT)), (number("0.5"), number("45443", MOMENT))]
    found = scaffold({"a.xlsx": book((text("Rate"), text("At")), *rows)})
    assert found.keys["Rate"]["type"] == "double"
    assert found.keys["At"] == {"type": "timestamp", "timezone": "UTC", "required": True}
    assert any("which time zone" in each for each in found.questions)
    assert found.rejects == []


def test_keys_of_more_than_15_digits_are_rejects_and_no_doubles(scaffold):
    rows = [(number(12345678901234567), number(n)) for n in range(3)]
    found = scaffold({"a.xlsx": book((text("Key"), text("N")), *rows)})
    assert found.keys["Key"]["type"] == "long"
    assert [reason for _, reason in found.rejects] == ["Key: more digits than a cell stores exactly"] * 3


def test_cells_without_headings_and_merged_cells_are_questions(scaffold):
    found = scaffold({"a.xlsx": book(HEAD, *RECORDS, (*RECORDS[0], text("x")))})
    assert any("columns F" in each for each in found.questions)
    assert [reason for _, reason in found.rejects] == ["a cell in a column without a heading"]
    merged = book(HEAD, *RECORDS, after='<mergeCells><mergeCell ref="A3:A4"/></mergeCells>')
    assert any("merged cells" in each for each in scaffold.plan({"a.xlsx": merged}).proposal.questions)
    with pytest.raises(LegacyFileError, match="cells of records are merged"):
        scaffold({"a.xlsx": merged})


@pytest.mark.parametrize(
    ("rows", "options", "problem"),
    [
        (
            ((text("Tajny"), text("Brno")), (text("Novak"), text("Praha")), (text("Dvorak"), text("Plzen"))),
            {},
            "no row shows",
        ),
        ((RECORDS[0], RECORDS[1]), {}, "no row shows"),
        ((HEAD,), {}, "no row shows"),
        ((HEAD, *RECORDS), {"header_row": 40}, "no row shows"),
        ((HEAD, *RECORDS), {"sheet": "Date"}, "0 of its 1 sheets are named Date"),
        (((*HEAD[:4], HEAD[0]), *RECORDS), {}, "the same heading"),
    ],
)
def test_what_shows_no_headings_is_refused_without_its_values(scaffold, rows, options, problem):
    with pytest.raises(CannotPropose, match=problem) as refused:
        scaffold.plan({"a.xlsx": book(*rows)}, **options)
    assert not any(value in str(refused.value) for value in ("Tajny", "Novak", "Jana"))


def test_a_named_row_of_headings_is_taken_as_it_is(scaffold):
    rows = ((text("Who"), number(2024)), (text("Novak"), text("Praha")), (text("Dvorak"), text("Plzen")))
    found = scaffold({"a.xlsx": book(*rows)}, header_row=1)
    assert [tuple(each.values()) for each in found.rows] == [("Novak", "Praha"), ("Dvorak", "Plzen")]


def test_files_of_different_layouts_are_refused(scaffold):
    books = {"a.xlsx": book(HEAD, *RECORDS), "b.xlsx": book((text("Title"),), HEAD, *RECORDS)}
    with pytest.raises(CannotPropose, match=r"b\.xlsx: its headings, or what follows"):
        scaffold.plan(books)


def test_the_command_takes_a_sheet_and_a_row_of_headings(scaffold, tmp_path, mesh, monkeypatch):
    folder = tmp_path / "desk"
    folder.mkdir()
    names = ((text("Names"),), (text("Who"), text("Where")), (text("Novak"), text("Praha")))
    content = workbook({"Data": table(HEAD, *RECORDS), "Names": table(*names)}, styles=STYLED)
    (folder / "limits.xlsx").write_bytes(content)
    monkeypatch.chdir(scaffold.root)
    said = mesh("new", "source", folder / "limits.xlsx", "--sheet", "N*", "--header-row", "2")
    assert said.err == ""
    assert (said.code, "desk.limits: rows 1, rejects 0" in said.out, "Novak" in said.out) == (0, True, False)
    refused = mesh("new", "source", folder / "limits.xlsx", "--rows", "$", "--system", "other")
    assert (refused.code, "--rows is not for excel" in refused.err) == (1, True)


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Nd")), max_size=6).map("w".__add__)
DAYS = st.dates(dt.date(1900, 3, 1), dt.date(2199, 12, 31))
ROWS = st.lists(
    st.tuples(
        st.integers(-(10**14), 10**14), st.decimals(-(10**9), 10**9, places=2), st.tuples(DAYS, st.booleans()),
        WORDS | st.none(), st.booleans(),
    ),
    min_size=2, max_size=8,
)  # fmt: skip


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(ROWS, st.integers(0, 3), st.booleans())
def test_a_workbook_that_was_written_lands_with_equal_values(scaffold, rows, titles, has_total):
    cells = [
        (
            number(key), number(format(amount, "f")),
            number((day - EPOCH).days, DAY) if is_cell else text(f"{day:%d.%m.%Y}"),
            None if note is None else text(note), cell("b", int(is_open)),
        )
        for key, amount, (day, is_cell), note, is_open in rows
    ]  # fmt: skip
    ends = [(text("Total"), number(1))] if has_total else []
    head = tuple(map(text, ("Key", "Amount", "Day", "Note", "Is open")))
    found = scaffold({"a.xlsx": book(*[(text("A title"),)] * titles, head, *cells, *ends)})
    assert found.rejects == []
    assert [tuple(each.values()) for each in found.rows] == [
        (key, amount, day, note, is_open) for key, amount, (day, _), note, is_open in rows
    ]
