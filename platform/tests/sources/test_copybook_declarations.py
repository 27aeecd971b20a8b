"""Copybooks and their declarations: what is read, and each fault with its file and line."""

import pytest
from copybook_samples import column, declare, fixed_form, landed, rows_of, text, zoned

from bankmesh.errors import SourceFaults
from bankmesh.sources import read_system
from bankmesh.sources.copybook.code_pages import decoding_table
from bankmesh.sources.copybook.copybook_format import storage_of_record
from bankmesh.sources.copybook.copybook_source import FIXED, FREE

SOURCE = """
01  LOAN.
*   a comment line is one with a star in column 7
    05  KEY-OF-LOAN.
        10  BRANCH    PIC 9(4).
        10  NUMB      PIC 9(6).
    05  STATUS-CODE   PIC X  VALUE 'A'.
        88  IS-OPEN     VALUE 'A' THRU 'C'.
        88  IS-CLOSED   VALUES ARE 'X', 'Y'.
    05  RATES COMP-3.
        10  RATE      PIC S9(3)V9(4) OCCURS 2 TIMES INDEXED BY I.
    05  SINCE.
        10  YYYY      PIC 9(4).
        10  MM        PIC 99.
        10  DD        PIC 99.
    05  FILLER        PIC X(3).
    05                PIC X.
    66  WHOLE-KEY     RENAMES BRANCH THRU NUMB.
"""


def storage(source, form=FIXED):
    return storage_of_record(source if form == FREE else fixed_form(source), form, "")


def test_places_of_fields_follow_levels_usages_and_tables():
    layout = storage(
        SOURCE.replace("\n*   a", "\n      a").replace("      a comment line is one with a star in column 7\n", "")
    )
    places = {
        name: layout.position(layout.find(name))
        for name in ("BRANCH", "NUMB", "STATUS-CODE", "RATE(2)", "SINCE", "dd of since", "WHOLE-KEY")
    }
    assert places == {
        "BRANCH": (0, 4), "NUMB": (4, 6), "STATUS-CODE": (10, 1), "RATE(2)": (15, 4), "SINCE": (19, 8), "dd of since": (25, 2),
        "WHOLE-KEY": (0, 10),
    }  # fmt: skip
    assert layout.length() == 31


def test_fixed_form_has_sequence_numbers_comments_and_continuation():
    source = (
        "000100* a comment\n" + "000200 01  R.".ljust(72) + "IGNORED\n"
        "000300     05  A-LONG\n"
        "000400-        -NAME  PIC\n"
        "000500         X(3).\n"
        "000600/ a page\n"
        "000700     05  B PIC X VALUE 'it''s. a\n"
        "000800-    'literal'.\n"
        "       EJECT\n"
        "       05  C PIC 99.  *> behind it\n"
    )
    layout = storage_of_record(source, FIXED, "R")
    assert [layout.position(layout.find(name)) for name in ("A-LONG-NAME", "B", "C")] == [(0, 3), (3, 1), (4, 2)]


def test_free_form_and_records_without_level_01():
    layout = storage("* a comment\n05 A PIC X(2). 05 B\n  PIC 9(3). *> more\n", FREE)
    assert layout.position(layout.find("B")) == (2, 3)


def test_redefinitions_begin_where_the_first_does_and_the_longest_counts():
    layout = storage(
        "01 R.\n  05 A PIC X(4).\n  05 B REDEFINES A.\n    10 B1 PIC X(2).\n    10 B2 PIC 9(9) COMP.\n  05 C PIC X."
    )
    assert [layout.position(layout.find(name)) for name in ("B1", "B2", "C")] == [(0, 2), (2, 4), (6, 1)]


@pytest.mark.parametrize(
    ("copybook", "line", "message"),
    [
        ("01 R.\n   COPY OTHER.", 2, "COPY is not supported"),
        ("01 R.\n   05 A PIC Q.", 2, "A: PICTURE Q has symbols that are not supported"),
        ("01 R.\n   05 A PIC 9(40).", 2, "has 40 digits; a number has 1 to 31"),
        ("01 R.\n   05 A PIC S9V9V9.", 2, "has S, V or P where they cannot be"),
        ("01 R.\n   05 A PIC X(3", 2, "full stop"),
        ("01 R.\n   05 A.", 2, "A has neither a PICTURE nor subordinate entries"),
        ("01 R.\n   05 A PIC X.\n      10 B PIC X.", 2, "A has a PICTURE and subordinate entries"),
        ("01 R.\n   05 A PIC 9(4) COMP SYNC.", 2, "SYNCHRONIZED"),
        ("01 R SYNC.\n   05 X PIC X.\n   05 A PIC 9(8) COMP.", 3, "A is SYNCHRONIZED"),
        ("01 R.\n   05 G SYNCHRONIZED.\n      10 H.\n         15 A COMP-1.", 4, "A is SYNCHRONIZED"),
        ("01 R SYNC.\n   05 G COMP-5.\n      10 A PIC 9(4).", 2, "G is SYNCHRONIZED"),
        ("01 R.\n   05 A PIC X.\n   05 B REDEFINES C PIC X.", 3, "B redefines C, which is no field in front of it"),
        ("01 R.\n   05 A OCCURS 0 TO 3 DEPENDING ON N PIC X.\n   05 N PIC 9.", 2, "not in front of every table"),
        (
            "01 R.\n 05 N PIC 9.\n 05 A OCCURS 0 TO 2 DEPENDING ON N PIC X.\n 05 B OCCURS 3 TO 5 DEPENDING ON N PIC X.",
            4, "DEPENDING ON N: no number is within the bounds of OCCURS",
        ),
        ("", 1, "the copybook is empty"),
        ("01 R.\n   05 B PIC X.\n   66 A RENAMES A.", 3, "A renames A, which is of level 66, too"),
        ("01 R.\n   05 B PIC X.\n   66 A RENAMES C.\n   66 C RENAMES A.", 3, "A renames C, which is of level 66, too"),
        ("01 R.\n   05 B PIC X.\n   05 C PIC X(2).\n   66 A RENAMES C THRU B.", 4, "does not end behind it"),
        ("01 R.\n   05 B PIC X.\n   66 A RENAMES D.", 3, "the copybook has no field D"),
        ("01 R.\n   05 A PIC 9(19) COMP.", 2, "at most 18 digits"),
        ("01 R.\n   05 A PIC X COMP-3.", 2, "COMP-3 needs a PICTURE of digits"),
        ("01 R.\n   05 A PIC X DYNAMIC LENGTH.", 2, "DYNAMIC is no clause that is supported"),
        ("01 R.\n   05 A PIC X VALUE 'open.", 2, "a literal that is not closed"),
        ("01 R.\n   10 B PIC X.\n   05 A PIC X.", 3, "level 05 is no level of a group above"),
        ("01 R.\n   51 A PIC X.", 2, "an entry begins with a level"),
    ],
)  # fmt: skip
def test_faults_of_a_copybook_name_its_line(tmp_path, copybook, line, message):
    with pytest.raises(SourceFaults) as found:
        declare(tmp_path, copybook, column("A", "string", "a"))
    fault = found.value.faults[0]
    assert (fault.file, fault.line) == (str(tmp_path / "thing.cpy"), line)
    assert message in fault.message


def test_synchronized_text_and_packed_numbers_are_where_they_would_be_without():
    layout = storage("01 R SYNC.\n   05 A PIC X.\n   05 B PIC 9(3) COMP-3.\n   05 C PIC 9(3).")
    assert [layout.position(layout.find(name)) for name in ("A", "B", "C")] == [(0, 1), (1, 2), (3, 3)]


RECORD = """
01  R.
    05  LOAN-ID  PIC 9(10).
    05  AMOUNT   PIC S9(9)V99 COMP-3.
    05  SMALL    PIC S9(4) COMP.
    05  RATE     COMP-2.
    05  NAMES    PIC X(4) OCCURS 3.
    05  NATIONAL-NAME PIC N(3).
    05  G1.
        10 D PIC X.
    05  G2.
        10 D PIC X.
    66  KEY-AND-AMOUNT RENAMES LOAN-ID THRU AMOUNT.
"""


@pytest.mark.parametrize(
    ("header", "kind", "more", "message"),
    [
        ("LOAN-IDS", "long", "", "the copybook has no field LOAN-IDS; did you mean LOAN-ID?"),
        ("LOAN-ID", "integer", "", "its field has 10 digits, 0 of them decimals: declare long"),
        ("AMOUNT", "decimal(10,2)", "", "its field has 11 digits, 2 of them decimals: declare at least decimal(11,2)"),
        ("AMOUNT", "decimal(12,1)", "", "declare at least decimal(11,2)"),
        ("AMOUNT", "long", "", "declare decimal(11,2)"),
        ("AMOUNT", "string", "", "its field is a number with a scale of 2: declare a decimal"),
        ("AMOUNT", "double", "", "declare a whole or decimal number"),
        ("RATE", "decimal(9,2)", "", "its field is floating point (COMP-1, COMP-2): declare double"),
        ("SMALL", "integer", "read: ordinal", "read of column"),
        ("SMALL", "integer", "minus: trailing", "decimal, thousands or minus is for text, and its field is a number"),
        ("SMALL", "integer", "missing: ['?']", "missing lists a text that is no number of its field"),
        ("SMALL", "integer", "missing: ['inf']", "missing lists a text that is no number of its field"),
        ("SMALL", "integer", "missing: ['sNaN']", "missing lists a text that is no number of its field"),
        ("SMALL", "integer", "missing: ['1e400000000']", "missing lists a text that is no number of its field"),
        ("SMALL", "integer", "missing: ['1e-400000000']", "missing lists a text that is no number of its field"),
        ("NAMES", "string", "", "give NAMES(1 to 3)"),
        ("NAMES(4)", "string", "", "give NAMES(1 to 3)"),
        ("D", "string", "", "D is several fields of the copybook; give one of D OF G1, D OF G2"),
        ("NATIONAL-NAME", "string", "", "is a field of a usage that is not read"),
        ("KEY-AND-AMOUNT", "string", "", "is a field of a usage that is not read"),
        ("LOAN-ID", "long", "start: 1", "start is for fixed-width files"),
        ("LOAN-ID", "long", "when: {NO-FIELD: 1}", "the copybook has no field NO-FIELD"),
        ("LOAN-ID", "long", "when: {D OF G1: ab}", "'ab' does not fit D OF G1"),
        ("LOAN-ID", "long", "required: true, when: {D OF G1: a}", "a column with when is null in other records"),
    ],
)  # fmt: skip
def test_a_column_must_fit_its_field(tmp_path, header, kind, more, message):
    with pytest.raises(SourceFaults) as found:
        declare(tmp_path, RECORD, column(header, kind, "a", more))
    assert message in str(found.value)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("copybook: ../thing.cpy", "must be a path below the folder of the declaration"),
        ('copybook: "a\\0b"', "is no file of UTF-8 text beside the declaration"),
        ("copybook: other.cpy", "other.cpy is no file of UTF-8 text beside the declaration"),
        ("record_length: 3", "record_length of format is 3, but the copybook has records of"),
        ("layout: OTHER", "layout of format is OTHER; the copybook has R"),
        ("selector: D OF G1", "selector and records need each other"),
        ("delimiter: ;", "delimiter is for text"),
        ("encoding: cp1252", "encoding of format is cp1252; allowed: cp037"),
        ("selector: AMOUNT, records: {a: {value: x}}", "selector AMOUNT must be text or unsigned digits"),
        ("selector: D OF G1, records: {a: {value: xx}}", "'xx' does not fit"),
        ("selector: LOAN-ID, records: {a: {value: '12'}}", "'12' does not fit LOAN-ID, which has 10 characters"),
        ("selector: D OF G1, records: {a: {value: x}, b: {value: x}}", "also identifies a"),
        ("selector: D OF G1, records: {a: {value: x, totals: [{count: a, field: LOAN-ID}]}}", "only a header or trailer"),
    ],
)  # fmt: skip
def test_faults_of_a_format(tmp_path, written, message):
    declare(tmp_path, RECORD, column("LOAN-ID", "long", "a"))
    path = tmp_path / "legacy.yaml"
    plain = {"copybook": "copybook: thing.cpy", "encoding": "encoding: cp273"}.get(written.split(":")[0])
    new = path.read_text().replace(plain, written) if plain else path.read_text().replace("cp273", f"cp273, {written}")
    path.write_text(new)
    with pytest.raises(SourceFaults) as found:
        read_system(path)
    assert message in str(found.value)


VARYING = """
01  HEAD.
    05  KIND  PIC X.
    05  N     PIC 9.
    05  CELL  PIC X(2) OCCURS 1 TO 5 DEPENDING ON N.
    05  TAIL  PIC 9(3).
01  ROW.
    05  KIND  PIC X.
    05  A     PIC X(3).
"""


@pytest.mark.parametrize(
    ("written", "more", "message"),
    [
        ("selector: KIND", "from: head", "from is for fields in front of tables of varying length"),
        ("selector: TAIL", "", "selector TAIL must be text or unsigned digits, in front of tables"),
        ("selector: KIND", "total", "TAIL is no number of digits in front of tables of varying length"),
    ],
)
def test_fields_behind_a_table_of_varying_length_identify_nothing(tmp_path, written, more, message):
    totals = ", totals: [{count: row, field: TAIL}]" if more == "total" else ""
    types = f"{written}, records: {{head: {{value: H, role: header, layout: HEAD{totals}}}, row: {{value: R, layout: ROW}}}}"
    columns = column("A", "string", "a") + "\n"
    columns += column("TAIL", "long", "t", more) if more == "from: head" else ""
    with pytest.raises(SourceFaults) as found:
        declare(tmp_path, VARYING, columns, f"recfm: V, {types}", more="record: row")
    assert message in str(found.value)


def test_fields_of_the_same_bytes_have_one_class_unless_a_condition_separates_them(tmp_path):
    copybook = "01 R.\n   05 K PIC X.\n   05 A PIC X(4).\n   05 B REDEFINES A PIC 9(4)."
    secret = column("A", "string", "a").replace("internal", "restricted")
    with pytest.raises(SourceFaults, match="column B is internal, but its bytes are column A, which is restricted"):
        declare(tmp_path, copybook, f"{secret}\n{column('B', 'long', 'b')}")
    chosen = secret.replace("}", ", when: {K: P}}") + "\n" + column("B", "long", "b", "when: {K: C}")
    assert declare(tmp_path, copybook, chosen).objects


def test_a_changed_copybook_is_read_anew_and_changes_the_fingerprint(tmp_path):
    copybook = "01 R.\n   05 A PIC X(2).\n   05 B PIC X(2)."
    before = declare(tmp_path, copybook, column("B", "string", "b")).objects[0]
    assert rows_of(landed(before, tmp_path, text("abcd", 4))) == [("cd",)]
    (tmp_path / "thing.cpy").write_text(fixed_form("01 R.\n   05 A PIC X(1).\n   05 B PIC X(3)."), encoding="utf-8")
    after = read_system(tmp_path / "legacy.yaml").objects[0]
    assert rows_of(landed(after, tmp_path, text("abcd", 4))) == [("bcd",)]
    assert before.digest != after.digest


def test_a_group_of_digits_is_one_value(tmp_path):
    obj = declare(
        tmp_path,
        SOURCE.split("\n*", 1)[0] + SOURCE[SOURCE.index("    05  KEY") :],
        column("SINCE", "date", "since", 'format: "%Y%m%d"'),
    ).objects[0]
    content = zoned(0, 10) + text("A", 1) + b"\x0c" * 8 + zoned(20240229, 8) + text("", 4)
    assert [row[0].isoformat() for row in rows_of(landed(obj, tmp_path, content))] == ["2024-02-29"]


@pytest.mark.parametrize(
    ("page", "stored", "characters"),
    [
        ("cp037", "D05BBAFF", "}$[\x9f"),
        ("cp273", "D04AE0C07BA1", "üÄÖä#ß"),
        ("cp1141", "9FD0", "€ü"),
        ("cp1140", "9F5B", "€$"),
        ("cp1047", "ADBD5FB0", "[]^¬"),
        ("cp500", "4A5A5FB0", "[]^¢"),
        ("cp870", "BA9A47", "Łłč"),
    ],
)
def test_code_pages_have_their_published_characters(page, stored, characters):
    assert "".join(decoding_table(page)[byte] for byte in bytes.fromhex(stored)) == characters
