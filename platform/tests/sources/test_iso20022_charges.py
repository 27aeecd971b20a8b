"""ISO 20022: charges of entries and transactions, batches, and elements that no field reads."""

from decimal import Decimal

import pytest
from camt_samples import Entry, Payment, Statement, camt, pain, tag
from document_samples import declared, landed, rejects_of, rows_of
from hypothesis import given, settings
from hypothesis import strategies as st

from bankmesh.sources.iso20022.iso20022_formats import Camt053Format, Pain001Format
from bankmesh.sources.iso20022.unread_elements import find_unread_elements

C = "classification: internal, description: A."
CHARGES = ("charges_total", "charges_total_currency", "charges_amount", "charges_currency", "charges_credit_debit")
BATCH = ("batch_message_id", "batch_payment_information_id")


def land_fields(folder, record, names, content):
    types = {name: "decimal(23,5)" if name.endswith(("total", "amount")) else "string" for name in names}
    columns = "\n".join(f'{name}: {{type: "{kind}", {C}}}' for name, kind in types.items())
    return landed(declared(folder, "camt053", columns, more=f"record: {record}\n"), folder, content)


def charges_of(version, *records, total=None):
    """The charges of (amount, currency, side), as a version writes them."""
    written = [
        tag("Amt", amount, Ccy=currency) + tag("CdtDbtInd", side) for amount, currency, side in records
    ]  # fmt: skip
    stated = tag("TtlChrgsAndTaxAmt", total, Ccy="CZK")
    if version > 2:
        return tag("Chrgs", stated + "".join(tag("Rcrd", each) for each in written))
    return "".join(tag("Chrgs", (stated if not at else "") + each) for at, each in enumerate(written))


@pytest.mark.parametrize("version", [2, 4, 8, 13])
def test_charges_are_those_of_the_entry_and_those_of_the_transaction(tmp_path, version):
    own = charges_of(version, ("0.10", "EUR", "CRDT"))
    above = charges_of(version, ("5.00", "CZK", "DBIT"), ("2.50", "CZK", "DBIT"), total="9.08")
    entries = [
        Entry(Decimal(3), charges=above, payments=(Payment(Decimal(1), charges=own), Payment(Decimal(2)))),
        Entry(Decimal(4)),
    ]
    content = camt([Statement(entries=entries)], version)
    stated = (Decimal("9.08"), "CZK", Decimal("7.50"), "CZK", "DBIT")
    none = (None,) * 5
    entry = land_fields(tmp_path, "entry", CHARGES, content)
    assert [row[:5] for row in rows_of(entry)] == [stated, none]
    names = (*(f"entry_{name}" for name in CHARGES), *CHARGES)
    rows = [row[:10] for row in rows_of(land_fields(tmp_path, "transaction", names, content))]
    assert rows == [(*stated, None, None, Decimal("0.10"), "EUR", "CRDT"), (*stated, *none), (*none, *none)]


@pytest.mark.parametrize("version", [2, 8])
@pytest.mark.parametrize(
    ("records", "problem"),
    [
        ([("1.00", "CZK", None), ("1.00", "EUR", None)], "several currencies"),
        ([("1.00", "CZK", "DBIT"), ("1.00", "CZK", "CRDT")], "several sides"),
        ([("1.00", "CZK", "DBIT"), ("1.00", "CZK", None)], "several sides"),
        ([("1.00", "CZK", "DEBT")], "not written as the schema"),
        ([("1.00", "czk", "DBIT")], "not written as the schema"),
        ([("1,00", "CZK", "DBIT")], "no readable amount"),
        ([("-1.00", "CZK", "DBIT")], "no readable amount"),
    ],
)
def test_charges_that_make_no_sum_are_rejects_of_what_reads_them(tmp_path, version, records, problem):
    content = camt([Statement(entries=[Entry(Decimal(3), charges=charges_of(version, *records))])], version)
    landing = land_fields(tmp_path, "entry", ["charges_amount"], content)
    [(_, reason)] = rejects_of(landing)
    assert reason.startswith("charges_amount: ")
    assert problem in reason
    assert land_fields(tmp_path, "entry", ["entry_reference", "charges_total"], content).rejects == 0


@settings(max_examples=20, deadline=None)
@given(amounts=st.lists(st.decimals(0, 10**12, places=5), min_size=1, max_size=9))
def test_the_sum_of_charges_is_exact(tmp_path_factory, amounts):
    charges = charges_of(8, *((f"{amount:f}", "CZK", "DBIT") for amount in amounts))
    content = camt([Statement(entries=[Entry(Decimal(3), charges=charges)])], 8)
    [row] = rows_of(land_fields(tmp_path_factory.mktemp("sum"), "entry", ["charges_amount"], content))
    assert row[0] == sum(amounts)


def batch_of(number):
    return tag("Btch", tag("MsgId", f"M{number}") + tag("PmtInfId", f"P{number}"))


def test_a_transaction_has_the_batch_of_its_group_and_an_entry_all_of_them(tmp_path):
    groups = tag("NtryDtls", batch_of(1) + Payment(Decimal(1)).xml(8, credit=True) * 2) + tag("NtryDtls", batch_of(2))
    content = camt([Statement(entries=[Entry(Decimal(2), charges=groups), Entry(Decimal(5), batch=batch_of(3))])], 8)
    entries = [row[:2] for row in rows_of(land_fields(tmp_path, "entry", BATCH, content))]
    assert entries == [("M1\nM2", "P1\nP2"), ("M3", "P3")]
    transactions = [row[:2] for row in rows_of(land_fields(tmp_path, "transaction", BATCH, content))]
    assert transactions == [("M1", "P1"), ("M1", "P1"), ("M3", "P3")]


def test_an_entry_of_several_batches_without_transactions_is_no_transaction_of_one(tmp_path):
    groups = tag("NtryDtls", batch_of(1)) + tag("NtryDtls", batch_of(2))
    content = camt([Statement(entries=[Entry(Decimal(2), charges=groups)])], 8)
    [(_, reason)] = rejects_of(land_fields(tmp_path, "transaction", BATCH[1:], content))
    assert "is repeated" in reason


def test_elements_that_no_field_reads_are_named_where_nothing_below_is_read(tmp_path):
    inside = tag("Chrgs", tag("Rcrd", tag("Amt", "1.00", Ccy="CZK") + tag("Br", "SHAR")))
    more = tag("CardTx", tag("Card", tag("PlainCardData", tag("PAN", "5555000011112222")))) + tag("Avlbty", " ")
    content = camt([Statement(entries=[Entry(Decimal(1), charges=inside + more, payments=(Payment(Decimal(1)),))])], 8)
    file = tmp_path / "a.xml"
    file.write_bytes(content)
    assert find_unread_elements(Camt053Format(), [file, file]) == ("Stmt/Ntry/Chrgs/Rcrd/Br", "Stmt/Ntry/CardTx")


def test_totals_that_are_verified_are_not_unread(tmp_path):
    file = tmp_path / "a.xml"
    file.write_bytes(pain([[Decimal(1), Decimal(2)]], 9))
    assert find_unread_elements(Pain001Format(), [file]) == ()
