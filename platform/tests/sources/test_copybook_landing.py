"""Files of mainframes: each representation by known answers, tables, redefinitions, and what is a reject."""

import gzip
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from copybook_samples import (
    column,
    declare,
    landed,
    packed,
    rejects_of,
    rows_of,
    text,
    with_block_word,
    with_word,
    zoned,
)

from bankmesh.errors import LegacyFileError
from bankmesh.lineage.landing_lineage import heading
from bankmesh.sources import land, read_system

LOAN = """
01  LOAN-RECORD.
    05  LOAN-ID    PIC 9(6).
    05  AMOUNT     PIC S9(7)V99 COMP-3.
    05  NAME       PIC X(8).
    05  GRANTED    PIC 9(8).
    05  FILLER     PIC X(2).
"""
COLUMNS = """
LOAN-ID: {type: long, as: loan_id, required: true, classification: internal, description: A number.}
AMOUNT: {type: "decimal(11,2)", as: amount, classification: internal, description: An amount.}
NAME: {type: string, as: name, classification: internal, description: A name.}
GRANTED: {type: date, format: "%Y%m%d", as: granted_on, missing: [LOW-VALUES], classification: internal, description: A day.}
"""


def loan(number=17, amount="-123.45", name="Müller", granted=b"20240229"):
    day = granted if not granted.isdigit() else granted.decode().encode("cp273")
    return zoned(number, 6) + packed(Decimal(amount), 9, 2, signed=True) + text(name, 8) + day + b"\x40\x40"


@pytest.fixture
def loans(tmp_path):
    obj = declare(tmp_path, LOAN, COLUMNS).objects[0]
    return lambda content, **more: landed(obj, tmp_path, content, **more)


@pytest.mark.parametrize("block_bytes", [1, 50, 1 << 20])
def test_records_of_one_length_land_as_typed_rows(loans, block_bytes):
    landing = loans(loan() + loan(18, "0", "", b"\0" * 8) * 2, block_bytes=block_bytes)
    first = (17, Decimal("-123.45"), "Müller", date(2024, 2, 29))
    assert rows_of(landing) == [first, *[(18, Decimal(0), None, None)] * 2]
    assert (landing.rows_in, landing.rejects, landing.balanced) == (3, 0, True)


@pytest.mark.parametrize(
    ("clauses", "stored", "kind", "value"),
    [
        ("PIC S9(5) COMP-3", "12345D", "long", -12345),
        ("PIC S9(5) COMP-3", "12345C", "long", 12345),
        ("PIC S9(5) COMP-3", "12345B", "long", -12345),
        ("PIC S9(5) COMP-3", "12345F", "integer", 12345),
        ("PIC S9(4) PACKED-DECIMAL", "01234A", "integer", 1234),
        ("PIC 9(5) COMP-3", "12345F", "string", "12345"),
        ("PIC S999", "F1F2D3", "integer", -123),
        ("PIC S999", "F1F2C3", "integer", 123),
        ("PIC S9V99", "F1F2F3", "decimal(3,2)", Decimal("1.23")),
        ("PIC S999 SIGN LEADING", "D1F2F3", "integer", -123),
        ("PIC S999 SIGN IS LEADING SEPARATE CHARACTER", "60F1F2F3", "integer", -123),
        ("PIC S999 SIGN TRAILING SEPARATE", "F1F2F34E", "integer", 123),
        ("PIC 999", "F0F1F7", "string", "017"),
        ("PIC 9(3)P(2)", "F1F2F3", "long", 12300),
        ("PIC VP(2)9(3)", "F1F2F3", "decimal(5,5)", Decimal("0.00123")),
        ("PIC S9(4) COMP", "FF85", "integer", -123),
        ("PIC 9(4) BINARY", "04D2", "integer", 1234),
        ("PIC S9(9) COMP-4", "FFFFFF85", "integer", -123),
        ("PIC S9(7)V99 COMP", "FFFFCFC7", "decimal(9,2)", Decimal("-123.45")),
        ("PIC S9(18) COMP", "FFFFFFFFFFFFFF85", "long", -123),
        ("PIC S9(4) COMP-5", "8000", "integer", -32768),
        ("PIC S9(18) COMP-5", "8000000000000000", "long", -(2**63)),
        ("PIC S9(16)V99 COMP-5", "8000000000000000", "decimal(19,2)", Decimal("-92233720368547758.08")),
        ("PIC 9(18) COMP-5", "FFFFFFFFFFFFFFFF", "decimal(20,0)", Decimal(2**64 - 1)),
        ("PIC S9(29)V99 COMP-3", "1234567890123456789012345678901D", "decimal(31,2)", Decimal("-12345678901234567890123456789.01")),
        ("COMP-1", "42640000", "double", 100.0),
        ("COMP-1", "C276A000", "double", -118.625),
        ("COMP-2", "4110000000000000", "double", 1.0),
        ("COMP-2", "0000000000000000", "double", 0.0),
        ("PIC X(3)", "C1D040", "string", "Aü"),
        ("PIC X(3) JUSTIFIED RIGHT", "4040C1", "string", "A"),
        ("PIC Z,ZZ9.99-", "4040F1F2F34BF4F560", "decimal(6,2)", None),
        ("PIC ZZZ9.99", "4040F1F24BF3F4", "decimal(6,2)", Decimal("12.34")),
        ("PIC 9(3) BLANK WHEN ZERO", "404040", "integer", 0),
    ],
)  # fmt: skip
def test_known_answers_of_the_published_representations(tmp_path, clauses, stored, kind, value):
    more = "minus: trailing" if "-" in clauses and "Z" in clauses else ""
    obj = declare(tmp_path, f"01 R.\n   05 F {clauses}.", column("F", kind, "f", more)).objects[0]
    if value is None:
        value = Decimal("-123.45")
    assert rows_of(landed(obj, tmp_path, bytes.fromhex(stored))) == [(value,)]


@pytest.mark.parametrize(
    ("clauses", "stored", "kind", "reason"),
    [
        ("PIC S9(5) COMP-3", "12A45D", "long", "F: byte 2 is no decimal digit"),
        ("PIC S9(5) COMP-3", "123459", "long", "F: byte 3 is no valid sign"),
        ("PIC 9(5) COMP-3", "12345D", "long", "F: byte 3 is a negative sign, but the PICTURE has no S"),
        ("PIC S9(4) COMP-3", "12345C", "long", "F: byte 1 has more digits than its PICTURE"),
        ("PIC 999", "F1C2F3", "long", "F: byte 2 is no decimal digit"),
        ("PIC 999", "F1F2D3", "long", "F: byte 3 is no decimal digit"),
        ("PIC S999", "F1F273", "long", "F: byte 3 is no valid sign"),
        ("PIC S999", "4040C3", "long", "F: byte 1 is no decimal digit"),
        ("PIC S99 SIGN TRAILING SEPARATE", "F1F240", "long", "F: byte 3 is no valid sign"),
        ("PIC 9(4) COMP", "2710", "long", "F: byte 1 holds a number beyond its PICTURE (`trunc: bin` reads all its bits)"),
        ("PIC X(3)", "C1C200", "string", "F: byte 3 is a control character or unassigned in cp273"),
        ("PIC 9(8)", "F2F0F2F3F0F2F2F9", "date", 'F: cannot be read as date written "%Y%m%d"'),
    ],
)  # fmt: skip
def test_bytes_that_are_no_value_are_rejects_with_the_place(tmp_path, clauses, stored, kind, reason):
    more = 'format: "%Y%m%d"' if kind == "date" else ""
    obj = declare(tmp_path, f"01 R.\n   05 F {clauses}.", column("F", kind, "f", more)).objects[0]
    landing = landed(obj, tmp_path, bytes.fromhex(stored))
    assert rejects_of(landing) == [(1, "F", reason)]
    assert (landing.rows_in, landing.rows, landing.rejects) == (1, 0, 1)


def test_all_faults_of_a_record_are_named_and_its_bytes_kept_in_hexadecimal(loans):
    bad = bytearray(loan())
    bad[0], bad[6] = 0x00, 0xAA
    bad[19:27] = b"\x40" * 8
    landing = loans(loan() + bytes(bad) + loan())
    assert rejects_of(landing) == [
        (
            2,
            "LOAN-ID",
            "LOAN-ID: byte 1 is no decimal digit; AMOUNT: byte 7 is no decimal digit; GRANTED: byte 20 is no decimal digit",
        )
    ]
    import polars as pl

    assert pl.read_parquet(landing.rejects_paths)["raw_text"][0] == f"@29 {bytes(bad).hex().upper()}"


def test_only_declared_figurative_constants_are_null(tmp_path):
    columns = "\n".join(
        [
            column("A", "integer", "a", "missing: [LOW-VALUES, HIGH-VALUES]"),
            column("B", "string", "b", "missing: [HIGH-VALUES, '?']"),
            column("C", "decimal(5,2)", "c", "missing: ['999.99', SPACES]"),
            column("D", "integer", "d", "missing: [ZEROS]"),
        ]
    )
    copybook = "01 R.\n  05 A PIC 99.\n  05 B PIC X(2).\n  05 C PIC 9(3)V99.\n  05 D PIC 9 COMP-3."
    obj = declare(tmp_path, copybook, columns).objects[0]
    rows = [
        b"\0\0" + b"\xff\xff" + zoned(Decimal("999.99"), 5, 2) + b"\x0f",
        b"\xff\xff" + text("?", 2) + b"\x40" * 5 + b"\x1f",
    ]
    assert rows_of(landed(obj, tmp_path, b"".join(rows))) == [(None, None, None, None), (None, None, None, 1)]
    refused = landed(obj, tmp_path, zoned(1, 2) + b"\0\0" + b"\xff" * 5 + b"\x1f")
    assert [reject[1] for reject in rejects_of(refused)] == ["B"]


def test_values_of_missing_are_numbers_in_fields_of_any_length(tmp_path):
    columns = "\n".join(
        [
            column("A", "decimal(31,2)", "a", "missing: [ZEROS, '-1.5', '99999999999999999999']"),
            column("B", "decimal(22,4)", "b", "missing: ['9', ZEROS]"),
            column("C", "double", "c", "missing: [ZEROS]"),
        ]
    )
    copybook = "01 R.\n  05 A PIC S9(20)V99 COMP-3.\n  05 B PIC 9(18).\n  05 C COMP-1."
    obj = declare(tmp_path, copybook, columns).objects[0]
    numbers = [(0, 9), (Decimal("-1.5"), 0), (10**20 - 1, 90), (Decimal("1.5"), 1)]
    rows = [packed(a, 22, 2, signed=True) + zoned(b, 18) + bytes.fromhex("00000000") for a, b in numbers]
    found = rows_of(landed(obj, tmp_path, b"".join(rows)))
    assert found == [(None, None, None), (None, None, None), (None, 90, None), (Decimal("1.5"), 1, None)]


def test_values_of_missing_are_exact(tmp_path):
    copybook = "01 R.\n   05 A PIC 9(31).\n   05 B PIC S9(18) COMP-5."
    nines = "9" * 31
    columns = column("A", "decimal(31,0)", "a", f"missing: ['{nines}']") + "\n"
    columns += column("B", "decimal(19,0)", "b", f"missing: ['{2**63}']")
    obj = declare(tmp_path, copybook, columns).objects[0]
    content = b"".join(text(a, 31) + (2**63 - 1).to_bytes(8, "big") for a in (nines, nines[1:] + "8"))
    assert rows_of(landed(obj, tmp_path, content)) == [(None, 2**63 - 1), (int(nines[1:] + "8"), 2**63 - 1)]


def test_a_redefinition_is_read_where_its_condition_holds(tmp_path):
    copybook = """
    01  R.
        05  KIND       PIC X.
        05  PRIVATE    PIC X(6).
        05  COMPANY    REDEFINES PRIVATE.
            10  NUMBER-OF-COMPANY PIC 9(5) COMP-3.
            10  FILLER PIC X(3).
    """
    columns = column("PRIVATE", "string", "person", "when: {KIND: P}")
    columns += "\n" + column("NUMBER-OF-COMPANY", "long", "company", "when: {KIND: [C, D]}")
    obj = declare(tmp_path, copybook, columns).objects[0]
    content = text("PSmith", 7) + text("C", 1) + packed(77, 5) + text("", 3) + text("X", 1) + b"\0" * 6
    assert rows_of(landed(obj, tmp_path, content)) == [("Smith", None), (None, 77), (None, None)]
    bad = landed(obj, tmp_path, text("CSmith", 7))
    assert [(line, name) for line, name, _ in rejects_of(bad)] == [(1, "NUMBER-OF-COMPANY")]


TABLE = """
01  R.
    05  N       PIC 9 COMP-3.
    05  GRID    OCCURS 0 TO 3 TIMES DEPENDING ON N.
        10  CODE   PIC X(2).
        10  PART   PIC 9 OCCURS 2.
    05  TAIL    PIC X(3).
"""


def test_tables_of_varying_length_move_the_fields_behind_them(tmp_path):
    columns = "\n".join(
        [column("CODE(1)", "string", "a"), column("PART(3, 2)", "integer", "b"), column("TAIL", "string", "t")]
    )
    obj = declare(tmp_path, TABLE, columns, "recfm: V").objects[0]
    none, one = b"\x0f" + text("end", 3), b"\x1f" + text("AB12", 4) + text("one", 3)
    three = b"\x3f" + text("AB12CD34EF56", 12) + text("thr", 3)
    landing = landed(obj, tmp_path, b"".join(map(with_word, [none, one, three, none])), block_bytes=20)
    assert rows_of(landing) == [(None, None, "end"), ("AB", None, "one"), ("AB", 6, "thr"), (None, None, "end")]
    wrong = [b"\x2f" + one[1:], b"\x4f" + text("AB12CD34EF56", 12) + text("thr", 3), one]
    refused = landed(obj, tmp_path, b"".join(map(with_word, wrong)))
    assert rows_of(refused) == [("AB", None, "one")]
    assert rejects_of(refused) == [
        (1, None, "8 bytes instead of 12, which the counts of its tables give"),
        (2, "N", "N: (byte 1) is no count of elements from 0 to 3"),
    ]


TWO_TABLES = """
01  R.
    05  N       PIC 9.
    05  A       PIC X {first} DEPENDING ON N.
    05  B       PIC X {second} DEPENDING ON N.
    05  TAIL    PIC X.
"""


@pytest.mark.parametrize(("first", "second"), [("OCCURS 0 TO 2", "OCCURS 1 TO 4"), ("OCCURS 1 TO 4", "OCCURS 0 TO 2")])
def test_the_count_of_two_tables_is_within_the_bounds_of_both(tmp_path, first, second):
    copybook = TWO_TABLES.format(first=first, second=second)
    obj = declare(tmp_path, copybook, column("TAIL", "string", "t"), "recfm: V").objects[0]
    records = [zoned(n, 1) + text("a" * n + "b" * n + "Z", 2 * n + 1) for n in range(4)]
    landing = landed(obj, tmp_path, b"".join(map(with_word, records)))
    assert rows_of(landing) == [("Z",), ("Z",)]
    assert [row[0] for row in rejects_of(landing)] == [1, 4]


def test_records_of_one_length_have_place_for_each_table_at_its_most(tmp_path):
    copybook = TWO_TABLES.format(first="OCCURS 0 TO 2", second="OCCURS 0 TO 4")
    obj = declare(tmp_path, copybook, column("TAIL", "string", "t")).objects[0]
    records = [(zoned(n, 1) + text("ab" * n + "Z", 2 * n + 1)).ljust(8, b"\x40") for n in (2, 0, 1)]
    assert rows_of(landed(obj, tmp_path, b"".join(records))) == [("Z",)] * 3


@pytest.mark.parametrize("recfm", ["V", "VB"])
def test_a_broken_chain_of_descriptor_words_refuses_the_file(tmp_path, recfm):
    obj = declare(tmp_path, LOAN, COLUMNS, f"recfm: {recfm}").objects[0]
    records = [loan(number) for number in range(1, 4)]
    whole = (
        b"".join(map(with_word, records))
        if recfm == "V"
        else with_block_word(records[:2]) + with_block_word(records[2:])
    )
    for block_bytes in (1, 1 << 20):
        assert [row[0] for row in rows_of(landed(obj, tmp_path, whole, block_bytes=block_bytes))] == [1, 2, 3]
    for damaged in (whole[:-1], whole[:-29], whole + b"\0", whole[1:], whole[:1] + b"\x01" + whole[2:], b"\0\x04\0\0"):
        with pytest.raises(LegacyFileError, match=r"descriptor word|byte offset|last block"):
            landed(obj, tmp_path, damaged)


def test_a_truncated_or_empty_file_is_refused(loans):
    with pytest.raises(LegacyFileError, match="bytes after record 1, the last whole one: 28, at byte offset 29"):
        loans((loan() * 2)[:-1])
    with pytest.raises(LegacyFileError, match="no records"):
        loans(b"")


def test_compressed_files_are_read(tmp_path):
    obj = declare(tmp_path, LOAN, COLUMNS).objects[0]
    (tmp_path / "thing.bin.gz").write_bytes(gzip.compress(loan()))
    (tmp_path / "out").mkdir()
    assert rows_of(land(obj, tmp_path, tmp_path / "out"))[0][0] == 17


@pytest.mark.parametrize(
    ("page", "names", "warned"),
    [
        ("cp037", ["Müller", "Mößner", "Weiß ü"], True),
        ("cp037", ["Müller", "O'Brien-X"], False),
        ("cp273", ["Müller", "Mößner", "a.b&c-d/e"], False),
        ("cp500", ["Grün", "Blüte", "Süß"], True),
    ],
)
def test_letters_of_another_code_page_are_a_warning_without_values(tmp_path, page, names, warned):
    obj = declare(tmp_path, "01 R.\n   05 NAME PIC X(10).", column("NAME", "string", "name")).objects[0]
    obj = replace(obj, format=replace(obj.format, encoding=page))
    landing = landed(obj, tmp_path, b"".join(text(name, 10, "cp273") for name in names))
    assert landing.rows == len(names)
    assert bool(landing.warnings) is warned
    if warned:
        message = r"thing.bin: 3 signs between letters are letters in .*cp273.*: cp\d+ may not be its code page"
        assert re.fullmatch(message, landing.warnings[0])


def test_lineage_names_the_field_and_its_bytes(tmp_path):
    obj = declare(tmp_path, LOAN, COLUMNS).objects[0]
    assert [heading(each) for each in obj.columns] == [
        "LOAN-ID (1-6)", "AMOUNT (7-11)", "NAME (12-19)", "GRANTED (20-27)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("page", "heading_line", "system"),
    [
        ("reference/source-formats.md", "\n## EBCDIC with copybooks\n", "loans.cpy"),
        ("how-to/land-your-own-exports.md", "\n## A file of a mainframe\n", "loans_host.cpy"),
    ],
)
def test_the_examples_of_the_pages_land(tmp_path, page, heading_line, system):
    section = (Path(__file__).parents[3] / "docs" / page).read_text(encoding="utf-8").split(heading_line)[1]
    copybook, declaration = (section.split(f"```{kind}\n")[1].split("```")[0] for kind in ("cobol", "yaml"))
    (tmp_path / system).write_text(copybook, encoding="utf-8")
    (tmp_path / "loans_host.yaml").write_text(declaration, encoding="utf-8")
    obj = read_system(tmp_path / "loans_host.yaml").objects[0]
    if system == "loans.cpy":
        person = zoned(1, 8) + text("P", 1) + packed(Decimal("9.50"), 13, 2, signed=True) + zoned(20240229, 8)
        content = person + text("Weiß", 30) + text("+49 30", 16) + text("", 16)
        expected = (1, Decimal("9.50"), date(2024, 2, 29), "Weiß", None, "+49 30")
    else:
        content = packed(17, 7) + zoned(0, 8) + packed(Decimal("-1.25"), 13, 2, signed=True) + text("CKöln", 13)
        expected = (17, None, Decimal("-1.25"), "RUNNING", "Köln")
    (tmp_path / obj.folder).mkdir(exist_ok=True)
    (tmp_path / obj.folder / "LOANS.BIN").write_bytes(content)
    (tmp_path / "out").mkdir()
    assert rows_of(land(obj, tmp_path, tmp_path / "out")) == [expected]
