"""SWIFT MT940: fields, balances, pages, blocks, and what is refused."""

import datetime as dt
import gzip
from decimal import Decimal

import pytest
from swift_samples import STATEMENT, declared, landed, page, rejects_of, rows_of

from bankmesh.errors import LegacyFileError
from bankmesh.lineage.landing_lineage import heading

BLOCKS = "{1:F01TESTDEFFAXXX0000000000}{2:O9401200240102TESTDEFFAXXX00000000002401021201N}{3:{108:REF}}{4:\n%s-}{5:{CHK:123456789ABC}}\n"


@pytest.mark.parametrize("block_bytes", [1, 50, 1 << 20])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_statement_lands_with_its_entries_and_balances(tmp_path, block_bytes, end):
    objects = declared(tmp_path)
    content = STATEMENT.replace("\n", end)
    made = {name: landed(obj, tmp_path, content, block_bytes=block_bytes) for name, obj in objects.items()}
    [statement] = rows_of(made["statement"])
    assert statement == {
        "account": "DE02120300000000202051", "statement_number": 1, "sequence_number": 1, "currency": "EUR",
        "opening_balance": Decimal(1000), "closing_date": dt.date(2024, 1, 2), "closing_balance": Decimal("849.45"),
        "available_balance": Decimal(800), "information": "End of day", "line": 1,
    }  # fmt: skip
    first, second = rows_of(made["entry"])
    assert first["information"].startswith("166?00TRANSFER")
    del first["information"]
    assert first == {
        "account": "DE02120300000000202051", "value_date": dt.date(2023, 12, 29), "booking_date": dt.date(2023, 12, 30),
        "mark": "D", "signed_amount": Decimal("-250.5"), "transaction_type": "NTRF", "owner_reference": "INVOICE 17",
        "bank_reference": "B-4711", "supplementary_details": "SECOND LINE", "line": 5,
    }  # fmt: skip
    assert (second["signed_amount"], second["bank_reference"], second["line"]) == (Decimal("99.95"), None, 8)
    assert [row["available_date"] for row in rows_of(made["forward_balance"])] == [dt.date(2024, 1, 3)]
    assert made["entry"].other_records == {"statement": 1, "forward_balance": 1}
    for name, landing in made.items():
        assert (landing.control_totals, landing.balanced, landing.rows_in) == (1, True, 2 if name == "entry" else 1)


def test_blocks_compression_and_missing_ends(tmp_path):
    entry = declared(tmp_path)["entry"]
    plain = STATEMENT.removesuffix("-\n")
    framed = BLOCKS % plain
    joined = framed.removesuffix("\n") + framed.replace("28C:1/1", "28C:2/1")
    for content, rows in [(framed, 2), ("\x01" + framed.strip() + "\x03\n$\n", 2), (joined, 4)]:
        assert landed(entry, tmp_path, content).rows == rows
    (tmp_path / "day.txt").unlink()
    assert landed(entry, tmp_path, gzip.compress(framed.encode()), file="day.txt.gz").rows == 2
    (tmp_path / "day.txt.gz").unlink()
    with pytest.raises(LegacyFileError, match="line 12: the file ends within a message"):
        landed(entry, tmp_path, plain)
    open_end = declared(tmp_path, "{kind: mt940, terminated: false}")["entry"]
    assert landed(open_end, tmp_path, plain + plain.replace("28C:1", "28C:2")).rows == 4
    with pytest.raises(LegacyFileError, match="none of type MT940"):
        landed(entry, tmp_path, framed.replace("{2:O940", "{2:O942"))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("D250,5", "D250,6", "line 9: the closing balance is not the opening one and the 2 entries"),
        ("D250,5", "RD250,5", "the closing balance is not the opening one"),
        ("D250,5", "D250.5", "cannot be verified: 1 :61: without an amount"),
        ("D250,5", "D250,555", "cannot be verified: 1 :61:"),
        (":61:2401020102C99,95NMSCNONREF\n", "", "the closing balance is not"),
        (":61:2401", ":6l:2401", "line 8: a line begins with a colon, but with no tag"),
        (":61:2401", "61:2401", "the closing balance is not"),
        (":62F:C240102EUR849,45\n", "", "line 12: the message has no :62F:"),
        (":60F:C231229EUR1000,00", ":60F:C231299EUR1000,00", "line 4: :60F: is no day of the calendar"),
        (":60F:C", ":60M:C", "line 13: :60M: continues a page that is not in the file"),
        (":62F:C", ":62M:C", "statements without their last page .*: 1"),
        ("EUR849", "USD849", "line 9: :62F: is in another currency"),
        ("EUR800,\n:65", "EUR800\n:65", "line 10: :64: is no amount"),
        (":28C:1/1", ":28C:1/2", ":28C: is a later page"),
        (":28C:1/1\n", "", "has no :28C:"),
        (":28C:1/1", ":28C:x", "line 3: :28C: is no number of a statement"),
        (":20:ST240102\n", "", "line 1: a message begins without :20:"),
        (":20:ST240102\n", ":20:ST240102\nmore\n", "line 1: :20: has more than one line"),
        (":25:", ":26:", "line 2: :26: is no field of MT940"),
        ("-\n", "", "the file ends within a message"),
        ("-\n", "-}\n", "line 13: it is not the end of a message"),
        ("Invoice", "Inv\x07ice", "line 7: a control character"),
    ],
)  # fmt: skip
def test_a_file_that_disagrees_with_itself_is_refused_whole(tmp_path, old, new, problem):
    assert old in STATEMENT
    for obj in declared(tmp_path).values():
        with pytest.raises(LegacyFileError) as caught:
            landed(obj, tmp_path, STATEMENT.replace(old, new, 1))
        assert caught.match(problem)
        assert not any(value in str(caught.value) for value in ("250", "849", "1000", "DE02"))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (":61:2312291230", ":61:2312321230", ":61: value_date is no day of the calendar"),
        (":61:2312291230", ":61:2312291332", ":61: booking_date is no day of the calendar"),
        (":61:2312291230", ":61:2312290701", ":61: booking_date is more than 150 days from the value date, so that its year is not known"),
        ("SECOND LINE", "SECOND LINE\nTHIRD LINE", ":61: supplementary_details has more lines than 1"),
        ("SECOND LINE", "S" * 35, ":61: supplementary_details is longer than 34 characters"),
    ],
)  # fmt: skip
def test_an_entry_whose_amount_is_readable_is_a_reject(tmp_path, old, new, reason):
    landing = landed(declared(tmp_path)["entry"], tmp_path, STATEMENT.replace(old, new))
    assert (landing.rows, landing.rows_in, landing.balanced) == (1, 2, True)
    assert rejects_of(landing) == [(5, reason)]


def test_pages_follow_each_other_by_their_intermediate_balances(tmp_path):
    first = page(1, "F:D240101EUR5,", "C7,5", "M:C240102EUR2,50")
    second = page(2, "M:C240102EUR2,5", "RC2,5", "F:C240102EUR0,")
    objects = declared(tmp_path)
    landing = landed(objects["statement"], tmp_path, first + second)
    assert (landing.rows, landing.control_totals) == (2, 3)
    assert [row["signed_amount"] for row in rows_of(landed(objects["entry"], tmp_path))] == [
        Decimal("7.5"),
        Decimal("-2.5"),
    ]
    for content, problem in [
        (first, "statements without their last page"),
        (second, "continues a page that is not in the file"),
        (second + first, "continues a page that is not in the file"),
        (first + second.replace("7/2", "7/3"), "not the page that follows"),
        (first + first, "before the last page"),
        (
            first + page(2, "M:C240102EUR2,6", "RC2,6", "F:C240102EUR0,"),
            "not the balance at which the page before closed",
        ),
        (first + second + first + second, "the same page of the statement twice"),
    ]:
        with pytest.raises(LegacyFileError, match=problem):
            landed(objects["entry"], tmp_path, content)


@pytest.mark.parametrize(("currency", "amount", "lands"), [
    ("JPY", "100,", "100"), ("JPY", "100,5", None), ("BHD", "1,125", "1.125"), ("EUR", "1,125", None), ("CZK", "0,05", "0.05"),
])  # fmt: skip
def test_decimals_are_those_of_the_currency(tmp_path, currency, amount, lands):
    content = page(1, f"F:C240101{currency}0,", f"C{amount}", f"F:C240102{currency}{amount}")
    entry = declared(tmp_path)["entry"]
    if lands is None:
        with pytest.raises(LegacyFileError, match=r"more decimals than its currency|cannot be verified"):
            landed(entry, tmp_path, content)
    else:
        assert rows_of(landed(entry, tmp_path, content))[0]["signed_amount"] == Decimal(lands)


@pytest.mark.parametrize(
    ("value", "entry", "booked"),
    [
        ("231229", "0102", (2024, 1, 2)), ("240102", "1229", (2023, 12, 29)), ("240228", "0229", (2024, 2, 29)),
        ("790101", "1231", (2078, 12, 31)), ("800101", "0101", (1980, 1, 1)),
    ],
)  # fmt: skip
def test_the_year_of_an_entry_date_is_the_nearest(tmp_path, value, entry, booked):
    content = page(1, "F:C240101EUR0,", "C1,", "F:C240102EUR1,").replace(":61:240102", f":61:{value}{entry}")
    assert rows_of(landed(declared(tmp_path)["entry"], tmp_path, content))[0]["booking_date"] == dt.date(*booked)


def test_lineage_names_the_tag_of_a_field(tmp_path):
    entry = declared(tmp_path)["entry"]
    assert [heading(column) for column in entry.in_file][:4] == [
        "account (:25:)", "value_date (:61: 1)", "booking_date (:61: 2)", "mark (:61: 3)",
    ]  # fmt: skip
