"""Declarations proposed from files of mainframes: framing, code page, types of records, and fields that land."""

import datetime as dt
import shutil
from decimal import Decimal

import polars as pl
import pytest
from copybook_samples import binary, fixed_form, packed, text, with_block_word, with_word, zoned
from copybook_strategies import number_fields, text_fields
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from proposed_source import write_empty_workspace

from bankmesh.errors import UnknownName
from bankmesh.scaffolding.source_proposals.source_proposal import CannotPropose, ProposalOptions
from bankmesh.scaffolding.source_scaffold import CannotScaffold, NewSource, land_source, plan_source, write_source

LOAN = """
01  LOAN-RECORD.
    05  LOAN-ID         PIC 9(6).
    05  CUSTOMER-NAME   PIC X(12).
    05  AMOUNT          PIC S9(7)V99 COMP-3.
    05  GRANTED         PIC 9(8).
    05  BRANCH          PIC S9(4) COMP.
    05  PHONE           PIC X(4) OCCURS 2 TIMES.
    05  FILLER          PIC X(3).
"""
NAMES = ("Müller", "Groß", "Jürgen", "Weiß", "Schröder")
MIXED = """
01  HEADER-RECORD.
    05  REC-TYPE  PIC X.
    05  MADE-ON   PIC 9(8).
    05  FILLER    PIC X(9).
01  LOAN-RECORD.
    05  REC-TYPE  PIC X.
    05  LOAN-ID   PIC 9(7) COMP-3.
    05  AMOUNT    PIC S9(9)V99 COMP-3.
    05  CODE      PIC X(7).
01  CARD-RECORD.
    05  REC-TYPE  PIC X.
    05  CARD-ID   PIC 9(9).
    05  SHARE     COMP-2.
01  TRAILER-RECORD.
    05  REC-TYPE  PIC X.
    05  LOANS     PIC 9(9) COMP-3.
    05  FILLER    PIC X(12).
"""


def loan(number, page="cp273", granted=20240531):
    return (
        zoned(number, 6)
        + text(NAMES[number % len(NAMES)], 12, page)
        + packed(Decimal(number) - 5, 9, 2, signed=True)
        + zoned(granted, 8)
        + binary(number % 7, 2, signed=True)
        + text("1234", 4)
        + text("" if number % 2 else "5678", 4)
        + b"\x40\x40\x40"
    )


def mixed_file():
    loans = [b"\xd3" + packed(n, 7) + packed(Decimal(n), 11, 2, signed=True) + text(f"K{n}", 7) for n in range(1, 31)]
    cards = [b"\xc3" + zoned(n, 9) + bytes.fromhex("4110000000000000") for n in range(1, 11)]
    head = b"\xc8" + zoned(20240531, 8) + text("", 9)
    return head + b"".join(loans + cards) + b"\xe3" + packed(30, 9) + text("", 12)


@pytest.fixture
def scaffold(tmp_path):
    home = write_empty_workspace(tmp_path)
    (tmp_path / "host").mkdir()

    def scaffold(copybook, content, *, land=True, form=fixed_form, replaces=False, **options):
        if replaces:
            shutil.rmtree(home.root / "domains/shop/src/shop/sources", ignore_errors=True)
        (tmp_path / "loans.cpy").write_text(form(copybook), encoding="utf-8")
        file = tmp_path / "host" / "LOANS.BIN"
        file.write_bytes(content)
        plan = plan_source(home, NewSource("shop", [file]), ProposalOptions(copybook=tmp_path / "loans.cpy", **options))
        write_source(plan)
        return plan, land_source(home, plan) if land else None

    scaffold.home = home
    return scaffold


def keys_of(plan):
    return {column.header: dict(column.keys) for column in plan.proposal.columns}


def framed(recfm, records):
    if recfm == "V":
        return b"".join(map(with_word, records))
    return with_block_word(records[:20]) + with_block_word(records[20:]) if recfm == "VB" else b"".join(records)


@pytest.mark.parametrize("recfm", ["F", "V", "VB"])
def test_records_land_in_the_framing_and_code_page_that_their_bytes_show(scaffold, recfm):
    plan, landing = scaffold(LOAN, framed(recfm, [loan(n) for n in range(1, 41)]))

    assert (landing.rows, landing.rejects) == (40, 0)
    assert plan.proposal.format.get("recfm", "F") == recfm
    assert plan.proposal.format["encoding"] == "cp273"
    assert "is cp273 its code page?" in plan.text
    assert keys_of(plan)["LOAN-ID"] == {"type": "long", "required": True}
    assert keys_of(plan)["AMOUNT"] == {"type": "decimal(9,2)", "required": True}
    assert keys_of(plan)["GRANTED"] == {"type": "date", "format": "%Y%m%d", "required": True}
    landed = pl.read_parquet(landing.rows_paths).row(1, named=True)
    assert (landed["loan_id"], landed["customer_name"], landed["amount"]) == (2, "Jürgen", Decimal("-3.00"))
    assert (landed["granted"], landed["phone_2"], landed["branch"]) == (dt.date(2024, 5, 31), "5678", 2)


def test_the_copybook_is_copied_beside_the_declaration_and_never_over_another(scaffold, tmp_path):
    plan, _ = scaffold(LOAN, loan(1) * 20)
    copied = plan.file.parent / "loans.cpy"
    assert copied.read_text(encoding="utf-8") == fixed_form(LOAN)
    plan.file.unlink()
    with pytest.raises(CannotScaffold, match="already exists, with other text"):
        scaffold(LOAN.replace("FILLER", "UNUSED"), loan(1) * 20)
    assert not plan.file.exists()
    assert copied.read_text(encoding="utf-8") == fixed_form(LOAN)


def test_values_of_confidential_fields_are_not_written(scaffold):
    plan, _ = scaffold(LOAN, b"".join(loan(n) for n in range(1, 41)), land=False)
    assert [name for name in NAMES if name in plan.text] == []


def test_the_key_of_a_small_file_is_no_selector(scaffold):
    book = """
01  LOAN-RECORD.
    05  PERSON  PIC 9(8).
    05  AMOUNT  PIC S9(9)V99 COMP-3.
01  CARD-RECORD.
    05  PERSON  PIC 9(8).
    05  LABEL   PIC X(6).
"""
    loans = [zoned(71052300 + n, 8) + packed(Decimal(n), 11, 2, signed=True) for n in range(3)]
    cards = [zoned(71052400 + n, 8) + text("ABC", 6) for n in range(3)]
    with pytest.raises(CannotPropose, match="does not show in its bytes") as refused:
        scaffold(book, b"".join([*loans, *cards]))
    assert "710524" not in str(refused.value)


def test_fields_without_a_value_are_declared_missing(scaffold):
    empty = bytearray(loan(3))
    empty[6:18], empty[18:23], empty[23:31] = b"\0" * 12, b"\x40" * 5, b"\xff" * 8
    content = b"".join(loan(n) for n in range(1, 41)) + bytes(empty) + loan(4, granted=0)

    plan, landing = scaffold(LOAN, content)

    assert landing.rejects == 0
    assert keys_of(plan)["CUSTOMER-NAME"]["missing"] == ["LOW-VALUES"]
    assert keys_of(plan)["AMOUNT"] == {"type": "decimal(9,2)", "missing": ["SPACES"]}
    assert keys_of(plan)["GRANTED"]["missing"] == ["HIGH-VALUES", "ZEROS"]
    landed = pl.read_parquet(landing.rows_paths)
    assert landed["granted"].null_count() == 2
    assert landed["amount"].null_count() == 1


@pytest.mark.parametrize("page", ["cp273", "cp037", "cp500", "cp1047", "cp1141"])
def test_a_code_page_that_is_named_is_taken(scaffold, page):
    plan, landing = scaffold(LOAN, b"".join(loan(n, "cp273") for n in range(1, 21)), encoding=page)
    assert plan.proposal.format["encoding"] == page
    assert "code page?" not in plan.text
    assert landing.rejects == 0


def test_texts_of_letters_that_all_pages_have_leave_the_page_open(scaffold):
    plan, _ = scaffold("01 R.\n    05 CODE PIC X(4).\n    05 N PIC 9(4).\n", text("ABCD", 4) + zoned(7, 4), land=False)
    assert "All bytes of its texts are the same characters in every page" in plan.text


def test_types_of_records_their_selector_and_roles_show_in_the_bytes(scaffold):
    plan, landing = scaffold(MIXED, mixed_file())

    assert plan.proposal.format["selector"] == "REC-TYPE"
    assert plan.proposal.format["records"] == {
        "card_record": {"value": ["C"], "layout": "CARD-RECORD"},
        "header_record": {"value": ["H"], "role": "header", "layout": "HEADER-RECORD"},
        "loan_record": {"value": ["L"], "layout": "LOAN-RECORD"},
        "trailer_record": {"value": ["T"], "role": "trailer", "layout": "TRAILER-RECORD"},
    }
    assert plan.proposal.object_keys == {"record": "loan_record"}
    assert "--record proposes card_record" in plan.text
    assert "which fields of TRAILER-RECORD are counts or sums?" in plan.text
    assert (landing.rows, landing.rejects) == (30, 0)
    assert pl.read_parquet(landing.rows_paths)["amount"].sum() == Decimal(465)


def test_another_type_of_record_is_proposed_by_its_name_and_an_unknown_one_is_not(scaffold):
    plan, landing = scaffold(MIXED, mixed_file(), record="card_record")
    assert (landing.rows, landing.rejects) == (10, 0)
    assert keys_of(plan)["SHARE"]["type"] == "double"
    plan.file.unlink()
    with pytest.raises(UnknownName) as caught:
        scaffold(MIXED, mixed_file(), record="header_record")
    assert caught.value.known == ("card_record", "loan_record")


def test_the_selector_has_few_values_and_none_of_customers(scaffold):
    copybook = """
    01  A.
        05  CUSTOMER  PIC 9(4).
        05  KIND      PIC X(2).
        05  SHARE     PIC S9(5) COMP-3.
    01  B.
        05  CUSTOMER  PIC 9(4).
        05  KIND      PIC X(2).
        05  NOTE      PIC X(3).
    """
    rows = [zoned(n, 4) + text("SH", 2) + packed(n, 5, signed=True) for n in range(1, 4)]
    rows += [zoned(n, 4) + text("N", 2) + text("abc", 3) for n in range(4, 7)]
    plan, landing = scaffold(copybook, b"".join(rows))
    assert plan.proposal.format["selector"] == "KIND"
    assert plan.proposal.format["records"] == {
        "a": {"value": ["SH"], "layout": "A"},
        "b": {"value": ["N"], "layout": "B"},
    }
    assert (landing.rows, landing.rejects) == (3, 0)


def test_the_only_level_that_fits_all_records_needs_no_selector(scaffold):
    loans = b"".join(b"\xd3" + packed(n, 7) + packed(n, 11, 2, signed=True) + text("K", 7) for n in range(1, 5))
    plan, landing = scaffold(MIXED, loans)
    assert plan.proposal.format["layout"] == "LOAN-RECORD"
    assert "records" not in plan.proposal.format
    assert (landing.rows, landing.rejects) == (4, 0)


def test_types_that_the_bytes_do_not_show_are_refused(scaffold):
    alike = "01 A.\n    05 T PIC X.\n    05 V PIC X(3).\n01 B.\n    05 T PIC X.\n    05 W PIC X(3).\n"
    with pytest.raises(CannotPropose, match="which level 01 its records have does not show"):
        scaffold(alike, text("1ABC2DEF", 8))


REDEFINED = """
01  R.
    05  KIND       PIC X.
    05  PERSON     PIC X(8).
    05  COMPANY    REDEFINES PERSON.
        10  NUMB   PIC S9(15) COMP-3.
    05  LAST-ONE   PIC 9(3).
"""


def test_redefined_fields_are_a_question_and_left_out_if_some_records_hold_others(scaffold):
    person = text("PNOVAK", 9) + zoned(1, 3)
    plan, landing = scaffold(REDEFINED, person * 10)
    assert list(keys_of(plan)) == ["KIND", "PERSON", "LAST-ONE"]
    assert "PERSON is also COMPANY: which field says so?" in plan.text
    assert landing.rejects == 0

    plan.file.unlink()
    plan, landing = scaffold(REDEFINED, person * 10 + (text("C", 1) + packed(17, 15, signed=True) + zoned(2, 3)) * 5)
    assert list(keys_of(plan)) == ["KIND", "LAST-ONE"]
    assert "PERSON is left out" in plan.text
    assert (landing.rows, landing.rejects) == (15, 0)


def test_tables_of_varying_length_have_a_column_for_each_element(scaffold):
    copybook = """
    01  R.
        05  HOW-MANY  PIC 9(2).
        05  ITEM      OCCURS 0 TO 3 TIMES DEPENDING ON HOW-MANY.
            10  SUM-OF  PIC S9(3) COMP-3.
    """
    records = [zoned(n % 4, 2) + packed(n, 3, signed=True) * (n % 4) for n in range(1, 21)]
    plan, landing = scaffold(copybook, b"".join(map(with_word, records)))
    assert plan.proposal.format["recfm"] == "V"
    assert [*keys_of(plan)] == ["HOW-MANY", "SUM-OF(1)", "SUM-OF(2)", "SUM-OF(3)"]
    assert "required" not in keys_of(plan)["SUM-OF(1)"]
    assert "ITEM occurs several times" in plan.text
    assert (landing.rows, landing.rejects) == (20, 0)


@pytest.mark.parametrize(
    ("copybook", "content", "problem"),
    [
        (LOAN, loan(1)[:-1], "its size is no multiple of 44 bytes"),
        ("01 R.\n    05 A PIC 9(3)\n", zoned(1, 3), "line 2: an entry without a full stop"),
        ("01 R.\n    05 A PIC X(3).\n", b"abc" * 30, "its texts are ASCII, not EBCDIC"),
    ],
)
def test_what_cannot_be_proposed_is_refused_with_advice(scaffold, copybook, content, problem):
    with pytest.raises(CannotPropose, match=problem):
        scaffold(copybook, content)


def test_ebcdic_without_a_copybook_is_refused_with_advice(scaffold, tmp_path):
    file = tmp_path / "host" / "LOANS.BIN"
    file.write_bytes(text("NOVAKOVA JANA PRAHA BRNO", 24) * 20)
    with pytest.raises(CannotPropose, match=r"looks like EBCDIC.*--copybook FILE"):
        plan_source(scaffold.home, NewSource("shop", [file]), ProposalOptions())
    with pytest.raises(CannotPropose, match="Name it with --copybook FILE"):
        plan_source(scaffold.home, NewSource("shop", [file]), ProposalOptions(kind="copybook"))


def test_free_form_is_found(scaffold):
    plan, landing = scaffold("01 R.\n02 A PIC 9(3).\n", zoned(17, 3), form=str)
    assert plan.proposal.format["copybook_form"] == "free"
    assert landing.rows == 1


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_was_written_lands_as_it_was(scaffold, data):
    fields = data.draw(st.lists(st.one_of(number_fields(), text_fields()), min_size=1, max_size=5))
    rows = data.draw(st.lists(st.tuples(*(values for *_, values in fields)), min_size=1, max_size=4))
    copybook = "01 R.\n" + "\n".join(f"   05 F{at} {clauses}." for at, (clauses, *_) in enumerate(fields))
    records = [b"".join(field[2](value) for field, value in zip(fields, row, strict=True)) for row in rows]
    plan, landing = scaffold(
        copybook, framed(data.draw(st.sampled_from(["F", "V"])), records), encoding="cp273", replaces=True
    )
    assert (landing.rows, landing.rejects) == (len(rows), 0)
    assert pl.read_parquet(landing.rows_paths).rows() == rows
    assert len(plan.proposal.columns) == len(fields)


def test_digits_that_lose_zeros_are_noted_and_levels_88_are_a_question(scaffold):
    book = """
01  ACCOUNT-RECORD.
    05  KONTO-NR  PIC 9(10).
    05  LOANS     PIC 9(4).
    05  STATUS    PIC X.
        88  ACTIVE  VALUE 'A'.
        88  CLOSED  VALUE 'C'.
"""
    content = b"".join(zoned(n, 10) + zoned(n, 4) + text("AC"[n % 2], 1) for n in range(1, 41))
    plan, landing = scaffold(book, content)
    assert (landing.rows, landing.rejects) == (40, 0)
    number, loans, status = plan.proposal.columns
    assert number.notes == ("a number, without the leading zeros of its 10 digits: restore them in a product",)
    assert (loans.notes, loans.questions) == ((), ())
    assert (status.keys["codes"], "codes: level_88" in status.questions[0]) == ({"A": "A", "C": "C"}, True)
