"""NACHA ACH files: records, totals, blocks, check digits, addenda."""

import datetime as dt
from decimal import Decimal

import pytest
from ledger_samples import nacha_addenda, nacha_batch, nacha_entry, nacha_file
from message_samples import columns_of, declared, landed, rejects_of, rows_of

from bankmesh.errors import LegacyFileError

COLUMNS = {
    "file": columns_of(immediate_origin="string", file_creation_date="date", batch_count="long", total_credit="decimal"),
    "batch": columns_of(company_name="string", effective_date="date", entry_addenda_count="long", total_debit="decimal"),
    "entry": columns_of(
        batch_number="long", entry_class="string", mark="string", receiving_dfi="string", account_number="string",
        signed_amount="decimal", individual_name="string", trace_number="string",
    ),
    "addenda": columns_of(trace_number="string", addenda_type="string", payment_information="string", addenda_sequence="long",
                          reason_code="string", original_trace_number="string", addenda_information="string"),
}  # fmt: skip
RETURN = f"799R01091000010000009{'':6}09100001{'NO FUNDS':44}091000010000003"
DAY = nacha_file(
    nacha_batch(nacha_entry(addenda="1"), nacha_addenda(), nacha_addenda("MORE", 2), nacha_entry("27", amount=5, trace="091000010000002")),
    nacha_batch(nacha_entry("26", amount=700, addenda="1", trace="091000010000003"), RETURN, number=2, service="225"),
)  # fmt: skip


@pytest.fixture
def objects(tmp_path):
    return declared(tmp_path, "{kind: nacha}", COLUMNS)


@pytest.mark.parametrize("block_bytes", [1, 1 << 20])
def test_every_record_lands(objects, tmp_path, block_bytes):
    assert len(DAY.splitlines()) == 20
    made = {name: landed(obj, tmp_path, DAY, block_bytes=block_bytes) for name, obj in objects.items()}
    rows = {name: [tuple(row.values()) for row in rows_of(landing)] for name, landing in made.items()}
    assert rows["file"] == [("123456789", dt.date(2024, 1, 2), 2, Decimal("123.45"), 1)]
    assert rows["batch"] == [
        ("ACME", dt.date(2024, 1, 3), 4, Decimal("0.05"), 2), ("ACME", dt.date(2024, 1, 3), 2, Decimal(7), 8),
    ]  # fmt: skip
    assert rows["entry"] == [
        (1, "PPD", "C", "09100001", "1234567", Decimal("123.45"), "JANE DOE", "091000010000001", 3),
        (1, "PPD", "D", "09100001", "1234567", Decimal("-0.05"), "JANE DOE", "091000010000002", 6),
        (2, "PPD", "D", "09100001", "1234567", Decimal(-7), "JANE DOE", "091000010000003", 9),
    ]
    assert rows["addenda"] == [
        ("091000010000001", "05", "RMR*IV*17", 1, None, None, None, 4),
        ("091000010000001", "05", "MORE", 2, None, None, None, 5),
        ("091000010000003", "99", None, None, "R01", "091000010000009", "NO FUNDS", 10),
    ]
    assert made["entry"].other_records == {
        "file": 1, "batch": 2, "addenda": 3, "batch control": 2, "file control": 1, "filler": 8,
    }  # fmt: skip
    assert {(landing.control_totals, landing.balanced) for landing in made.values()} == {(14, True)}


def changed(line: int, start: int, new: str) -> str:
    """The day with other characters at a position (from 1) of a line."""
    lines = DAY.splitlines()
    old = lines[line - 1]
    lines[line - 1] = old[: start - 1] + new + old[start - 1 + len(new) :]
    assert lines[line - 1] != old
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (changed(3, 39, "6"), "line 7: total_credit differs from the 4 entries and addenda of the batch"),
        (changed(6, 39, "6"), "line 7: total_debit differs"),
        (changed(3, 39, "x"), "line 7: the totals of the batch cannot be verified: 1 entries"),
        (changed(3, 2, "27"), "line 7: total_debit differs"),
        (changed(3, 2, "99"), "cannot be verified: 1 entries"),
        (changed(3, 4, "19100001"), "line 7: entry_hash differs"),
        (changed(7, 5, "000005"), "line 7: entry_addenda_count differs"),
        (changed(7, 2, "220"), "line 7: service_class of the batch control record is not that of the batch header"),
        (changed(7, 94, "2"), "line 7: batch_number of the batch control"),
        (changed(12, 7, "3"), "line 12: batch_count differs: the file has 2 batches"),
        (changed(12, 13, "3"), "line 12: block_count differs: the file has 20 lines"),
        (changed(12, 55, "6"), "line 12: total_credit differs from the 6 entries and addenda of the file"),
        (changed(1, 37, "5"), "line 1: record size, blocking factor and format code are not 094101"),
        (changed(2, 51, "IAT"), "line 2: the batch is of a service class or entry class that is not read"),
        (changed(2, 72, "99"), "line 2: effective_date is no day"),
        (changed(4, 1, "4"), "line 4: no record begins with this character"),
        (changed(3, 1, "7"), "line 3: addenda belong to no entry"),
        (DAY[:94], "the file ends without its control record"),
        ("\n".join(DAY.splitlines()[:11]) + "\n", "the file ends without its control record"),
        (DAY[:-40], "line 20: the line has not 94 characters"),
        (DAY + "9" * 94 + "\n", "block_count differs: the file has 21 lines"),
        (DAY.replace("RMR", "R\tR"), "line 4: the line has not 94 characters"),
        ("\n".join(DAY.splitlines()[1:]) + "\n", "line 1: a record is not in its place"),
        ("\n".join(line for at, line in enumerate(DAY.splitlines()) if at != 6) + "\n", "a batch has not ended"),
    ],
)  # fmt: skip
def test_a_file_that_disagrees_with_itself_is_refused_whole(objects, tmp_path, content, problem):
    for obj in objects.values():
        with pytest.raises(LegacyFileError, match=problem):
            landed(obj, tmp_path, content)


@pytest.mark.parametrize(
    ("content", "record", "line", "reason"),
    [
        (changed(3, 12, "8"), "entry", 3, "entry: check_digit is not that of receiving_dfi"),
        (changed(3, 79, "0"), "entry", 3, "entry: addenda_indicator does not agree with the addenda that follow"),
        (changed(6, 79, "1"), "entry", 6, "entry: addenda_indicator does not agree with the addenda that follow"),
        (changed(6, 79, "2"), "entry", 6, "entry: addenda_indicator is neither 0 nor 1"),
        (changed(5, 87, "3"), "addenda", 5, "addenda: addenda_sequence is not the next"),
        (changed(5, 94, "3"), "addenda", 5, "addenda: entry sequence (88-94) is not that of the entry above"),
        (changed(5, 2, "06"), "addenda", 5, "addenda: addenda_type is none of 02, 05, 98, 99"),
        (changed(10, 94, "4"), "addenda", 10, "addenda: trace number (80-94) is not that of the entry above"),
    ],
)  # fmt: skip
def test_a_record_that_does_not_change_the_totals_is_a_reject(objects, tmp_path, content, record, line, reason):
    landing = landed(objects[record], tmp_path, content)
    assert (landing.rows, landing.rows_in, landing.balanced) == (2, 3, True)
    assert rejects_of(landing) == [(line, reason)]


def test_files_may_follow_each_other_and_need_no_filling(objects, tmp_path):
    loose = nacha_file(nacha_batch(nacha_entry()), blocked=False)
    assert (
        landed(objects["entry"], tmp_path, loose.replace("0630A", "0630B") + DAY + loose.replace("0630A", "0630C")).rows
        == 5
    )


def test_a_file_that_is_there_twice_refuses_the_delivery(objects, tmp_path):
    for obj in objects.values():
        with pytest.raises(LegacyFileError, match=f"line {len(DAY.splitlines()) + 1}: the same file is there twice"):
            landed(obj, tmp_path, DAY * 2)


@pytest.mark.parametrize("written", ["000000", "      "])
def test_a_batch_may_have_no_effective_date(objects, tmp_path, written):
    content = changed(2, 70, written)
    landing = landed(objects["batch"], tmp_path, content)
    assert [row["effective_date"] is None for row in rows_of(landing)] == [True, False]
    with pytest.raises(LegacyFileError, match="line 1: file_creation_date is no day"):
        landed(objects["batch"], tmp_path, changed(1, 24, "000000"))


def test_a_debit_in_a_batch_of_credits_and_a_wrong_count_of_ctx_addenda_are_rejects(objects, tmp_path):
    batch = nacha_batch(nacha_entry("27"), service="220")
    assert rejects_of(landed(objects["entry"], tmp_path, nacha_file(batch)))[0][1].endswith(
        "that service_class excludes"
    )
    for stated, rejects in [("0001ACME", 0), ("0002ACME", 1), ("ACME", 1)]:
        batch = nacha_batch(nacha_entry(name=stated, addenda="1"), nacha_addenda(), entry_class="CTX")
        assert landed(objects["entry"], tmp_path, nacha_file(batch)).rejects == rejects
