"""Levels 88 of copybooks as code tables: each value lands as the name of its condition."""

import pytest
from copybook_samples import column, declare, landed, rejects_of, rows_of, text

from bankmesh.errors import SourceFaults

BOOK = """
01  R.
    05  STATE   PIC X(2).
        88  OPEN-STATE    VALUE 'O'.
        88  CLOSED        VALUES ARE 'C', "D" 'E'''
                          WHEN SET TO FALSE 'X'.
    05  GRADE   PIC 99.
        88  GOOD          VALUE 1 THRU 3.
        88  BAD           VALUE IS 04 10 THROUGH 11.
        88  NONE-GIVEN    VALUE ZERO.
    05  PLAIN   PIC X.
"""


def codes_of(base, book, header="STATE", more="codes: level_88", kind="string"):
    return declare(base, book, column(header, kind, "v", more)).objects[0]


def test_each_value_lands_as_the_name_of_its_condition(tmp_path):
    more = "rejects_tolerated: 100%"
    columns = "\n".join(column(name, "string", name.lower(), "codes: level_88") for name in ("STATE", "GRADE"))
    obj = declare(tmp_path, BOOK, columns, more=more).objects[0]
    records = ["O 01-", "C 03-", "D 04-", "E'11-", "X 01-", "O 05-", "  00-"]
    landing = landed(obj, tmp_path, b"".join(text(record, 5) for record in records))
    assert landing.balanced
    # A field of blanks is absent, not a value without a condition.
    assert rows_of(landing) == [
        ("OPEN-STATE", "GOOD"), ("CLOSED", "GOOD"), ("CLOSED", "BAD"), ("CLOSED", "BAD"), (None, "NONE-GIVEN"),
    ]  # fmt: skip
    assert [(line, name) for line, name, _ in rejects_of(landing)] == [(5, "STATE"), (6, "GRADE")]
    assert all("not in the code table" in reason for _, _, reason in rejects_of(landing))


def test_other_digest_for_other_conditions(tmp_path):
    one, other = (codes_of(tmp_path, book).digest for book in (BOOK, BOOK.replace("'O'", "'P'")))
    assert one != other


@pytest.mark.parametrize(
    ("old", "new", "header", "problem"),
    [
        ("'C'", "'O'", "STATE", "'O' has the names OPEN-STATE and CLOSED"),
        ("'C'", "'LONG'", "STATE", "CLOSED has a value that its field cannot hold as text: 'LONG'"),
        ("'C'", "' '", "STATE", "CLOSED has a value that its field cannot hold as text: ' '"),
        ("'C'", "X'C1'", "STATE", "CLOSED has a value that its field cannot hold as text: X'C1'"),
        ("'C'", "5", "STATE", "CLOSED has a value that its field cannot hold as text: 5"),
        ("'C'", "SPACES", "STATE", "CLOSED has a value that its field cannot hold as text: SPACES"),
        ("'O'", "'O' THRU 'P'", "STATE", "OPEN-STATE has a range of texts"),
        ("1 THRU 3", "3 THRU 1", "GRADE", "GOOD has a range of more than 1,000 values, or of none"),
        ("1 THRU 3", "-1", "GRADE", "GOOD has a value that its field cannot hold as text: -1"),
        ("1 THRU 3", "100", "GRADE", "GOOD has a value that its field cannot hold as text: 100"),
        ("1 THRU 3", "1 THRU 4", "GRADE", "'04' has the names GOOD and BAD"),
        ("PIC 99.", "PIC S99.", "GRADE", "its field is neither text nor unsigned digits"),
        ("PIC 99.", "PIC 99 COMP-3.", "GRADE", "its field is neither text nor unsigned digits"),
        ("PIC X.", "PIC X.", "PLAIN", "its field has no level 88 with a value"),
    ],
)
def test_conditions_that_are_no_code_table_are_faults(tmp_path, old, new, header, problem):
    assert old in BOOK
    with pytest.raises(SourceFaults) as found:
        codes_of(tmp_path, BOOK.replace(old, new, 1), header)
    assert f"codes of column thing.{header}: {problem} [bad-conditions]" in str(found.value)


def test_the_names_are_for_strings_of_copybooks(tmp_path, exports):
    with pytest.raises(SourceFaults, match="is boolean; the names of level 88 are for string"):
        codes_of(tmp_path, BOOK, kind="boolean")
    with pytest.raises(SourceFaults, match="give codes or a pattern"):
        codes_of(tmp_path, BOOK, more="codes: level_88, pattern: x")
    with pytest.raises(SourceFaults, match="level_88 is for files with copybooks"):
        exports.declare("t: {type: string, codes: level_88, classification: internal, description: T.}")
