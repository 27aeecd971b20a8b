"""SWIFT MT942: floor limits, totals of debits and credits, the time of the report."""

import datetime as dt
from decimal import Decimal

import pytest
from message_samples import columns_of, declared, landed, rejects_of, rows_of

from bankmesh.errors import LegacyFileError

COLUMNS = {
    "statement": columns_of(
        account="string", currency="string", debit_floor_limit="decimal", credit_floor_limit="decimal", report_time="timestamp",
        debit_count="long", debit_total="decimal", credit_count="long", credit_total="decimal", information="string",
    ),
    "entry": columns_of(account="string", currency="string", value_date="date", booking_date="date", signed_amount="decimal",
                        information="string"),
}  # fmt: skip
REPORT = """\
:20:RT240102
:21:NONREF
:25P:DE02120300000000202051
TESTDEFF
:28C:2/1
:34F:EURD100,
:34F:EURC50,5
:13D:2401021405+0100
:61:240102D250,5NTRFX
:86:FIRST
:61:240102RD10,NTRFX
:61:240102C99,95NMSCY
:90D:1EUR250,5
:90C:2EUR109,95
:86:ALL
-
"""


@pytest.fixture
def objects(tmp_path):
    return declared(tmp_path, "{kind: mt942}", COLUMNS)


def test_a_report_lands_with_its_entries_and_totals(objects, tmp_path):
    statement, entry = (landed(objects[name], tmp_path, REPORT) for name in ("statement", "entry"))
    assert rows_of(statement) == [{
        "account": "DE02120300000000202051", "currency": "EUR", "debit_floor_limit": Decimal(100),
        "credit_floor_limit": Decimal("50.5"), "report_time": dt.datetime(2024, 1, 2, 13, 5, tzinfo=dt.UTC), "debit_count": 1,
        "debit_total": Decimal("250.5"), "credit_count": 2, "credit_total": Decimal("109.95"), "information": "ALL", "line": 1,
    }]  # fmt: skip
    assert [row["signed_amount"] for row in rows_of(entry)] == [Decimal("-250.5"), Decimal(10), Decimal("99.95")]
    assert [row["information"] for row in rows_of(entry)] == ["FIRST", None, None]
    assert {row["booking_date"] for row in rows_of(entry)} == {None}
    assert (entry.control_totals, entry.other_records, entry.balanced) == (2, {"statement": 1}, True)


def test_one_floor_limit_is_of_both_sides(objects, tmp_path):
    both = REPORT.replace(":34F:EURD100,\n:34F:EURC50,5\n", ":34F:EUR7,\n")
    [row] = rows_of(landed(objects["statement"], tmp_path, both))
    assert (row["debit_floor_limit"], row["credit_floor_limit"]) == (Decimal(7), Decimal(7))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (":90D:1", ":90D:2", r":90D: differs from the entries \(1 on its side\)"),
        (":90C:2EUR109,95", ":90C:2EUR109,96", ":90C: differs from the entries"),
        ("D250,5N", "D250,4N", ":90D: differs"),
        ("D250,5N", "D25x,5N", ":90D: differs from the entries .0 on its side, 1 without a readable amount"),
        ("RD10,", "RC10,", ":90D: differs"),
        (":61:240102RD10,NTRFX\n", "", ":90C: differs"),
        (":34F:EURC", ":34F:EURD", "line 7: :34F: is not the limit that is due"),
        (":34F:EURC", ":34F:USDC", "line 7: :34F: is not the limit that is due"),
        ("1405+0100", "1405", "line 8: :13D: is no date, time and offset"),
        ("1405+0100", "2405+0100", "line 8: :13D: is no date, time and offset"),
        (":13D:2401021405+0100\n", "", "the message has no :13D:"),
        ("2EUR109", "2USD109", "line 14: :90C: is in another currency"),
        ("TESTDEFF", "TEST", ":25P: has no BIC"),
        ("\n-\n", "\n", "the file ends within a message"),
        (":61:240102D", ":60F:C240102EUR0,\n:61:240102D", "line 9: :60F: is no field of MT942"),
    ],
)  # fmt: skip
def test_a_report_that_disagrees_with_itself_is_refused_whole(objects, tmp_path, old, new, problem):
    assert old in REPORT
    for obj in objects.values():
        with pytest.raises(LegacyFileError, match=problem):
            landed(obj, tmp_path, REPORT.replace(old, new))


def test_without_totals_an_unreadable_entry_is_a_reject(objects, tmp_path):
    content = REPORT.replace(":90D:1EUR250,5\n:90C:2EUR109,95\n", "").replace("RD10,", "XX10,")
    landing = landed(objects["entry"], tmp_path, content)
    assert (landing.rows, landing.control_totals, landing.balanced) == (2, 0, True)
    reason = ":61: is not built of value date, entry date, mark, amount, type, references"
    assert rejects_of(landing) == [(11, reason)]


@pytest.mark.parametrize(
    ("old", "new"),
    [("FIRST\n:61:2", "FIRST:61:2"), ("FIRST\n:61:2", "FIRST\n61:2"), ("X\n:61:240102C", "X\n.:61:240102C")],
)
def test_without_totals_an_entry_that_became_text_of_another_is_a_reject(objects, tmp_path, old, new):
    content = REPORT.replace(":90D:1EUR250,5\n:90C:2EUR109,95\n:86:ALL\n", "")
    landing = landed(objects["entry"], tmp_path, content.replace(old, new))
    assert landing.rows == 1
    assert [reason for _, reason in rejects_of(landing)] == [
        "its text reads as another :61:, whose tag or line end is damaged"
    ]
