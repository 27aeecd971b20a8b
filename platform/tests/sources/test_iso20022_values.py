"""ISO 20022: texts that the schema of a message restricts are rejects if they are written in another way."""

import datetime as dt
from decimal import Decimal

import pytest
from camt_samples import Entry, Payment, Statement, camt, pain
from document_samples import declared, landed, rejects_of, rows_of

C = "classification: internal, description: A."
REASON = "is not written as the schema of the message says"


def land_record(folder, kind, record, content, **types):
    columns = "\n".join(f'{name}: {{type: "{type_name}", {C}}}' for name, type_name in types.items())
    return landed(declared(folder, kind, columns, more=f"record: {record}\n"), folder, content)


def notification(old, new, *payments):
    content = camt(
        [Statement(entries=[Entry(Decimal(7), time="23:30:00+02:00", payments=payments, is_reversal=True)])], 8, "054"
    )
    assert old in content
    return content.replace(old, new)


@pytest.mark.parametrize("new", [b"CZ", b"czk", b"CZK0", b"203", b""])
@pytest.mark.parametrize("payments", [(), (Payment(),), (Payment(Decimal(7)),)])
@pytest.mark.parametrize("record", ["entry", "transaction"])
def test_a_currency_that_is_no_code_is_a_reject(tmp_path, record, payments, new):
    content = notification(b'Ccy="CZK"', b'Ccy="' + new + b'"', *payments)
    landing = land_record(tmp_path, "camt054", record, content, currency="string")
    assert rejects_of(landing) == [(1, f"currency: {REASON}")]


@pytest.mark.parametrize(
    ("record", "field", "old", "new"),
    [
        ("entry", "iban", b"<IBAN>CZ6", b"<IBAN>6CZ"),
        ("entry", "account", b"<IBAN>CZ65", b"<IBAN>CZ-65"),
        ("entry", "is_reversal", b"<RvslInd>true", b"<RvslInd>tr"),
        ("transaction", "debtor_account", b"<IBAN>CZ6508000000192000145399</IBAN></Id></DbtrAcct>", b"<IBAN>!</IBAN></Id></DbtrAcct>"),
        ("transaction", "debtor_bank", b"<BICFI>GIBACZPX", b"<BICFI>GIBACZ"),
    ],
)  # fmt: skip
def test_a_text_that_is_not_of_its_element_s_type_is_a_reject(tmp_path, record, field, old, new):
    landing = land_record(tmp_path, "camt054", record, notification(old, new, Payment()), **{field: "string"})
    assert (landing.rows, rejects_of(landing)) == (0, [(1, f"{field}: {REASON}")])


@pytest.mark.parametrize("new", [b"T99", b"T23:30", b"T23:60:00", b"T23:30:00+2:00", b"T24:00:00", b"T:::,"])
def test_the_day_of_a_moment_whose_time_is_none_is_a_reject(tmp_path, new):
    content = notification(b"T23:30:00+02:00", new)
    landing = land_record(tmp_path, "camt054", "entry", content, booking_date="date")
    assert [reason.partition(":")[0] for _, reason in rejects_of(landing)] == ["booking_date"]


def test_the_currency_of_a_payment_that_is_no_code_is_a_reject(tmp_path):
    content = pain([[Decimal(1), Decimal(2)]]).replace(b'Ccy="EUR">1', b'Ccy="EU">1')
    landing = land_record(tmp_path, "pain001", "payment", content, currency="string")
    assert (rows_of(landing), rejects_of(landing)) == ([("EUR", 2)], [(1, f"currency: {REASON}")])


def test_a_moment_at_the_end_of_a_day_is_the_first_of_the_next(tmp_path):
    content = notification(b"T23:30:00+02:00", b"T24:00:00+02:00")
    landing = land_record(tmp_path, "camt054", "entry", content, booking_time="timestamp")
    assert rows_of(landing) == [(dt.datetime(2024, 5, 31, 22, tzinfo=dt.UTC), 1)]
    # The day of its text is not the day of the moment, so that neither is taken.
    landing = land_record(tmp_path, "camt054", "entry", content, booking_date="date")
    assert (landing.rows, landing.rejects) == (0, 1)


@pytest.mark.parametrize("new", [b"2024-05-31T99", b"2024-05-31x", b"2024-05-3", b"2024-02-30", b"2024-05-31T24:00:00"])
def test_the_day_of_a_balance_that_is_none_is_a_reject(tmp_path, new):
    content = camt([Statement(entries=[])]).replace(b"<Dt><Dt>2024-05-31", b"<Dt><Dt>" + new, 1)
    landing = land_record(tmp_path, "camt053", "statement", content, opening_date="date", closing_date="date")
    assert [reason.partition(":")[0] for _, reason in rejects_of(landing)] == ["opening_date"]
    landing = land_record(tmp_path, "camt053", "balance", content, balance_date="date")
    assert (landing.rows, landing.rejects) == (1, 1)
