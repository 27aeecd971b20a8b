"""Excel workbooks whose cells, rows or styles are not what the format allows."""

import pytest
from document_samples import declared, landed, rejects_of, rows_of
from excel_samples import DAY, STYLES, cell, number, row, sheet, text, workbook

from bankmesh.errors import LegacyFileError

COLUMN = "Thing: {as: thing, type: %s, missing: ['n/a'], classification: restricted, description: A thing.}"
ELAPSED = STYLES.replace('<xf numFmtId="14"/><xf numFmtId="22"/>', '<xf numFmtId="46"/><xf numFmtId="22"/>')
UNREADABLE = "Thing: a value that is none of its cell's type"


def landed_cells(folder, kind, *rows, options="", **more):
    obj = declared(folder, f"excel{options}", COLUMN % kind)
    landing = landed(obj, folder, workbook({"a": sheet(*rows)}, **more), file="thing.xlsx")
    assert landing.balanced
    return [str(each[0]) for each in rows_of(landing)], [reason for _, reason in rejects_of(landing)]


@pytest.mark.parametrize(
    ("damaged", "more", "problem"),
    [
        ('<row r="x"><c><v>1</v></c></row>', {}, "rows are out of order"),
        (f'<row r="{"9" * 5000}"><c><v>1</v></c></row>', {}, "rows are out of order"),
        ('<row r="2"><c s="x"><v>1</v></c></row>', {}, "no number of a style"),
        ('<row r="2"><c><v>1</v><v>2</v></c></row>', {}, "several values"),
        ('<row r="2"><c t="inlineStr"><v>1</v></c></row>', {}, "in the place of another type"),
        ('<row r="2"><c><is><t>1</t></is></c></row>', {}, "in the place of another type"),
        (row(2, number(1)), {"styles": STYLES.replace('numFmtId="164"', 'numFmtId="x"')}, "a format has no number"),
    ],
)
def test_damaged_rows_cells_and_styles_refuse_the_file(tmp_path, damaged, more, problem):
    with pytest.raises(LegacyFileError, match=problem):
        landed_cells(tmp_path, "long", row(1, text("Thing")), damaged, **more)


@pytest.mark.parametrize(("at", "byte"), [(6, 99), (10, 99)])
def test_an_archive_of_another_version_or_method_refuses_the_file(tmp_path, at, byte):
    content = bytearray(workbook({"a": sheet(row(1, text("Thing")))}))
    content[content.index(b"PK\x01\x02") + at] = byte
    obj = declared(tmp_path, "excel", COLUMN % "string")
    with pytest.raises(LegacyFileError, match=r"no workbook|is damaged"):
        landed(obj, tmp_path, bytes(content), file="thing.xlsx")


@pytest.mark.parametrize(
    ("kind", "stored", "reason"),
    [
        ("string", text("a_xD83D_b"), UNREADABLE),
        ("string", text("_xDE00__xD83D_"), UNREADABLE),
        ("double", number("1E400"), UNREADABLE),
        ("double", number("1E-999999999"), UNREADABLE),
        ("date", cell("d", "31.5.2024"), UNREADABLE),
        ("timestamp", number("1.5", DAY), "Thing: a duration, where a date is declared"),
        ("double", number("1.5", DAY), "Thing: a duration, where a number is declared"),
        ("long", text("n/A"), "Thing: a text, where a number is declared"),
    ],
)
def test_a_cell_without_a_value_of_its_type_is_a_reject(tmp_path, kind, stored, reason):
    found = landed_cells(tmp_path, kind, row(1, text("Thing")), row(2, stored), styles=ELAPSED)
    assert found == ([], [reason])


@pytest.mark.parametrize(
    ("kind", "stored", "value"),
    [
        ("string", text("_xD83D__xDE00_"), "\U0001f600"),
        ("long", number(" 5\n"), "5"),
        ("long", number("5E+0"), "5"),
        ("timestamp", cell("d", "2024-01-02T03:04:05Z"), "2024-01-02 03:04:05+00:00"),
        *((kind, text("n/a"), "None") for kind in ("long", "double", "date", "boolean", "string")),
    ],
)
def test_a_cell_lands_with_the_value_it_has(tmp_path, kind, stored, value):
    assert landed_cells(tmp_path, kind, row(1, text("Thing")), row(2, stored)) == ([value], [])


@pytest.mark.parametrize(("code", "is_one"), [("[h]:mm", True), ("[mm]:ss;@", True), ('0"[h]"', False)])
def test_elapsed_time_is_a_duration(tmp_path, code, is_one):
    styles = STYLES.replace('formatCode="dd.mm.yyyy;@"', f'formatCode="{code.replace(chr(34), "&quot;")}"')
    found = landed_cells(tmp_path, "long", row(1, text("Thing")), row(2, number(15, 3)), styles=styles)
    assert found == (([], ["Thing: a duration, where a number is declared"]) if is_one else (["15"], []))


def test_any_number_of_title_rows(tmp_path):
    titles = [row(at, text("title")) for at in range(1, 1500)]
    rows = [*titles, row(1500, text("Thing")), row(1501, number(5))]
    assert landed_cells(tmp_path, "long", *rows, options=", header_row: 1500") == (["5"], [])
