"""BAI2: levels, continuations, funds types, implied decimals, totals."""

import datetime as dt
from decimal import Decimal

import pytest
from ledger_samples import BAI2
from message_samples import columns_of, declared, landed, rejects_of, rows_of

from bankmesh.errors import LegacyFileError

COLUMNS = {
    "file": columns_of(sender="string", file_creation_date="date", record_count="long", control_total="long"),
    "group": columns_of(originator="string", as_of_date="date", as_of_modifier="string", account_count="long"),
    "account": columns_of(account="string", currency="string", control_total="long", record_count="long"),
    "summary": columns_of(account="string", type_code="string", item_count="long", distribution="string").replace(
        "      item", '      amount: {type: "decimal(18,3)", classification: internal, description: D.}\n      item'
    ),
    "transaction": columns_of(
        account="string", as_of_date="date", type_code="string", mark="string", signed_amount="decimal", funds_type="string",
        one_day_amount="decimal", value_date="date", value_time="string", bank_reference="string", customer_reference="string",
        information="string",
    ),
}  # fmt: skip


@pytest.fixture
def objects(tmp_path):
    return declared(tmp_path, "{kind: bai2}", COLUMNS)


@pytest.mark.parametrize("block_bytes", [1, 1 << 20])
def test_every_level_lands(objects, tmp_path, block_bytes):
    made = {name: landed(obj, tmp_path, BAI2, block_bytes=block_bytes) for name, obj in objects.items()}
    rows = {name: [tuple(row.values()) for row in rows_of(landing)] for name, landing in made.items()}
    assert rows["file"] == [("BANKBANK", dt.date(2024, 1, 2), 14, 142001255, 1)]
    assert rows["group"] == [("BANKBANK", dt.date(2024, 1, 1), "2", 2, 2)]
    assert rows["account"] == [("0975312468", "USD", 142000250, 7, 3), ("EURACC", "BHD", 1005, 3, 10)]
    assert rows["summary"] == [
        ("0975312468", "010", Decimal(5000), None, None, 3),
        ("0975312468", "190", Decimal(700000), 4, None, 3),
        ("0975312468", "110", Decimal(700000), 15, "0:75000.00 1:30000.00 3:595000.00", 3),
        ("EURACC", "040", Decimal("1.005"), None, None, 10),
    ]
    day = dt.date(2024, 1, 1)
    assert rows["transaction"] == [
        ("0975312468", day, "165", "C", Decimal(15000), "S", Decimal(10000), None, None, "BREF", "CREF", "DEALER, PAYMENTS\nAND MORE", 5),
        ("0975312468", day, "409", "D", Decimal("-2.5"), "V", None, dt.date(2024, 1, 3), "1200", None, None, "CHECK", 7),
        ("EURACC", day, "890", None, None, None, None, None, None, None, None, "NOTE", 11),
    ]  # fmt: skip
    for name, landing in made.items():
        assert landing.balanced, name
        assert landing.control_totals == 10
    assert made["transaction"].other_records == {"file": 1, "group": 1, "account": 2, "summary": 4}


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("16,409,250,", "16,409,251,", "line 9: 49: control_total is not the sum"),
        ("16,409,250,", "16,409,2x0,", "line 9: 49: the total cannot be verified: 1 transactions"),
        ("16,409,250,", "17,409,250,", "line 7: the line is no record of BAI2"),
        ("49,142000250,7/", "49,142000250,5/", "line 9: 49: record_count differs: there are 7"),
        ("49,142000250,7/", "49,142000250,6", "line 9: 49: a line does not end with /"),
        ("49,142000250,7/\n", "", "line 9: a record 03 is not in its place"),
        ("98,142001255,2,12/", "98,142001255,3,12/", "98: account_count differs: there are 2"),
        ("98,142001255,2,12/", "98,142001256,2,12/", "98: control_total is not the sum"),
        ("99,142001255,1,14/\n", "", "the file ends without its trailer"),
        ("99,142001255,1,14/", "99,142001255,1,13/", "99: record_count differs: there are 14"),
        ("BANKBANK,1,2401", "BANKBANK,2,2401", "02: group_status is not 1"),
        (",,,2/", ",,,3/", "line 1: 01: the version is not 2"),
        ("240101,2400", "240132,2400", "line 2: 02: as_of_date is no day"),
        ("190,70000000,4,0/", "190,70000000,4,7/", "line 3: 03: funds_type is none of"),
        ("190,70000000,4,0/", "190,70000000,4,0", "line 3: 03: a line does not end with /"),
        ("D,3,0,", "D,4,0,", "line 3: 03: "),
        ("88,AND MORE/\n", "", "line 8: 49: record_count differs"),
        ("99,142001255,1,14/\n", "99,142001255,1,14/\n88,X/\n", "line 15: a continuation .* continues no record"),
        ("99,142001255,1,14/\n", "99,142001255,1,14/\n01,A,B,240102,0630,1,,,2/\n", "the file ends without its trailer"),
        ("99,142001255,1,14/\n", "99,142001255,1,14/\n02,A,B,1,240102,,,2/\n", "line 15: a record 02 is not in its place"),
        ("99,142001255,1,14/\n", f"99,142001255,1,14/\n{BAI2}", "line 15: 01: the same file is there twice"),
        ("98,142001255", "01,A,B,240102,0630,1,,,2/\n98,142001255", "line 13: a record 01 is not in its place"),
    ],
)  # fmt: skip
def test_a_file_that_disagrees_with_itself_is_refused_whole(objects, tmp_path, old, new, problem):
    assert old in BAI2
    for obj in objects.values():
        with pytest.raises(LegacyFileError, match=problem):
            landed(obj, tmp_path, BAI2.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("16,409,", "16,40,", "16: type_code is no number of three digits"),
        ("16,409,", "16,040,", "16: type_code is that of a balance, not of a transaction"),
        ("V,240103", "V,240133", "16: value_date is no day of the calendar"),
        ("V,240103,1200", "V,240103,1260", "16: value_time is no time HHMM"),
        ("V,240103,1200,,,", "Q,240103,1200,,,", "16: funds_type is none of 0, 1, 2, S, V, D, Z"),
    ],
)
def test_a_transaction_with_a_readable_amount_is_a_reject(objects, tmp_path, old, new, reason):
    landing = landed(objects["transaction"], tmp_path, BAI2.replace(old, new))
    assert (landing.rows, landing.rows_in, landing.balanced) == (2, 3, True)
    assert [(line, why) for line, why in rejects_of(landing)] == [(7, reason)]


def test_files_may_follow_each_other_and_each_has_its_own_totals(objects, tmp_path):
    second = BAI2.replace("0630,1,", "0630,2,")
    landing = landed(objects["transaction"], tmp_path, BAI2 + second)
    assert (landing.rows, landing.control_totals, landing.balanced) == (6, 20, True)
    assert landing.other_records == {"file": 2, "group": 2, "account": 4, "summary": 8}
    with pytest.raises(LegacyFileError, match="line 28: 99: record_count differs: there are 14"):
        landed(objects["file"], tmp_path, BAI2 + second.replace("99,142001255,1,14/", "99,142001255,1,28/"))
