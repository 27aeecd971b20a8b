"""ISO 20022: fields in every version, signs, totals that must agree, and what is refused."""

import contextlib
import textwrap
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from camt_samples import Entry, Payment, Statement, balance, camt, pain, summary_of, tag
from document_samples import declared, landed, rejects_of, rows_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bankmesh.errors import LegacyFileError, SourceFaults
from bankmesh.sources.iso20022.message_paths import CAMT053_FIELDS, CAMT054_FIELDS, PAIN001_FIELDS

C = "classification: internal, description: A."


def columns_of(**types):
    return "\n".join(f'{name}: {{type: "{kind}", {C}}}' for name, kind in types.items())


ENTRY = columns_of(
    statement_id="string", iban="string", entry_number="long", signed_amount="decimal(18,2)", currency="string",
    status="string", is_reversal="boolean", booking_date="date", message_time="timestamp", family_code="string",
)  # fmt: skip
TRANSACTION = columns_of(
    entry_number="long", transaction_number="long", signed_amount="decimal(18,2)", end_to_end_id="string",
    debtor_name="string", creditor_name="string", debtor_account="string", debtor_bank="string",
    remittance_information="string",
)  # fmt: skip
VERSIONS = range(2, 14)


@pytest.fixture
def land_record(tmp_path):
    def land(record, columns, content, kind="camt053", **more):
        obj = declared(tmp_path, kind, columns, more=f"record: {record}\n")
        return landed(obj, tmp_path, content, **more)

    return land


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", ["053", "054"])
def test_entries_have_the_same_fields_in_every_version(land_record, version, kind):
    entries = [
        Entry(Decimal("1.50")),
        Entry(Decimal("100.00"), is_credit=False, is_reversal=True, time="23:30:00+02:00"),
    ]
    content = camt([Statement(entries=entries), Statement(number=2)], version, kind)
    landing = land_record("entry", ENTRY, content, f"camt{kind}")
    [first, second] = rows_of(landing)
    assert first[:8] == ("S1", "CZ6508000000192000145399", 1, Decimal("1.50"), "CZK", "BOOK", None, date(2024, 5, 31))
    assert second[:8] == (
        "S1",
        "CZ6508000000192000145399",
        2,
        Decimal("-100.00"),
        "CZK",
        "BOOK",
        True,
        date(2024, 5, 31),
    )
    assert (first[8].isoformat(), first[9:]) == ("2024-05-31T23:00:00+00:00", ("RCDT", 1))
    assert (landing.rows_in, landing.rejects, landing.balanced) == (2, 0, True)
    assert landing.control_totals == (2 if kind == "053" else 0)


@pytest.mark.parametrize("version", VERSIONS)
def test_transactions_are_those_of_batches_and_of_entries_alone(land_record, version):
    batch = tag("Btch", tag("NbOfTxs", 2))
    two = (Payment(Decimal("1.00"), "A", lines=("one", "two")), Payment(Decimal("2.00"), "B", is_credit=False))
    entries = [
        Entry(Decimal("3.00"), payments=two, batch=batch),
        Entry(Decimal("4.00"), is_credit=False, payments=(Payment(None, "C"),)),
        Entry(Decimal("5.00")),
    ]
    landing = land_record("transaction", TRANSACTION, camt([Statement(entries=entries)], version))
    name, iban, bic = "Jan Novák & syn", "CZ6508000000192000145399", "GIBACZPX"
    assert rows_of(landing) == [
        (1, 1, Decimal("1.00"), "A", name, None, iban, bic, "one\ntwo", 1),
        (1, 2, Decimal("-2.00"), "B", name, None, iban, bic, "Invoice 1", 2),
        (2, 1, Decimal("-4.00"), "C", None, name, None, None, "Invoice 1", 3),
        (3, None, Decimal("5.00"), None, None, None, None, None, None, 4),
    ]
    assert (landing.rows_in, landing.balanced, landing.control_totals) == (4, True, 2)
    assert landing.other_records == {"statement": 1, "balance": 2, "entry": 3}


def test_statements_and_balances(land_record):
    statements = [
        Statement(entries=[Entry(Decimal("150.00"), is_credit=False)]),
        Statement(number=2, types=("PRCD", "CLBD")),
    ]
    columns = columns_of(
        statement_id="string", opening_balance="decimal(18,2)", closing_balance="decimal(18,2)", entry_count="long"
    )
    landing = land_record("statement", columns, camt(statements))
    assert rows_of(landing) == [("S1", Decimal(100), Decimal(-50), 1, 1), ("S2", Decimal(100), Decimal(100), 0, 2)]
    columns = columns_of(
        balance_type="string", signed_amount="decimal(18,2)", balance_date="date", statement_number="long"
    )
    landing = land_record("balance", columns, camt(statements))
    assert [row[:2] for row in rows_of(landing)] == [
        ("OPBD", Decimal(100)), ("CLBD", Decimal(-50)), ("PRCD", Decimal(100)), ("CLBD", Decimal(100)),
    ]  # fmt: skip
    assert (landing.rows_in, landing.balanced) == (4, True)


TWO = [Entry(Decimal("0.10")), Entry(Decimal("0.20"), is_credit=False)]


@pytest.mark.parametrize("amount", ["123456789012.12345678901234567890", "0.00", "0"])
def test_the_sign_of_an_amount_leaves_all_its_digits(land_record, amount):
    debit = Entry(Decimal(amount), is_credit=False, payments=(Payment(Decimal(amount)),))
    summary = tag("TtlNtries", tag("TtlNetNtryAmt", amount))
    content = camt([Statement(Decimal(0), [debit], summary, closing=Decimal(amount).copy_negate())])
    for record in ("entry", "transaction"):
        [[found, _]] = rows_of(land_record(record, columns_of(signed_amount="decimal(38,20)"), content))
        assert found == Decimal(amount).copy_negate()


def test_summaries_that_agree_are_counted(land_record):
    landing = land_record("entry", ENTRY, camt([Statement(entries=TWO, summary=summary_of(TWO))]))
    assert (landing.rows, landing.control_totals) == (2, 7)


def test_entries_that_are_not_booked_do_not_change_the_balance(land_record):
    pending = [*TWO, Entry(Decimal("99.00"), status="PDNG")]
    assert land_record("entry", ENTRY, camt([Statement(entries=pending)], 8)).rows == 3


def without(content, old, new=b""):
    assert old in content
    return content.replace(old, new, 1)


WHOLE = camt([Statement(entries=TWO)])


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (camt([Statement(entries=TWO, closing=Decimal("99.91"))]), "do not give the closing balance"),
        (camt([Statement(entries=TWO, summary=summary_of(TWO[:1]))]), "TtlNtries/NbOfNtries does not agree"),
        (without(WHOLE, b"0.10", b"1O"), "Stmt 1, Ntry 1 has no readable amount"),
        (without(WHOLE, b"0.10", b"-0.10"), "no readable amount"),
        (without(WHOLE, b"0.10", b"0,10"), "Stmt 1, Ntry 1 has no readable amount"),
        (without(WHOLE, b"CRDT</CdtDbtInd><Sts>", b"CRED</CdtDbtInd><Sts>"), "Ntry 1 has no readable side"),
        (without(WHOLE, b'<Amt Ccy="CZK">0.20', b'<Amt Ccy="EUR">0.20'), "several currencies"),
        (camt([Statement(types=("OPAV", "CLBD"))]), "no opening booked balance"),
        (camt([Statement(types=("OPBD", "CLAV"))]), "no closing booked balance"),
        (camt([Statement(types=("CLBD", "CLBD"))]), "several balances CLBD"),
        (camt([Statement()], 1), "no such message, or of an unknown version"),
        (camt([Statement()], 14), "no such message, or of an unknown version"),
        (camt([Statement()], 2, "054"), "no such message"),
        (without(WHOLE, b"</Ntry>", b"</Ntry>" + balance("CLAV", Decimal(1)).encode()), "Bal comes after its first Ntry"),
        (without(WHOLE, b"<GrpHdr>", b"<GrpHdx>").replace(b"</GrpHdr>", b"</GrpHdx>"), "GrpHdr does not come first"),
        (without(WHOLE, b"<Document", b"<!DOCTYPE x><Document"), "document type"),
        (camt([Statement()]), "the file has no entry records"),
    ],
)  # fmt: skip
def test_messages_that_disagree_are_refused_whole(land_record, content, problem):
    with pytest.raises(LegacyFileError, match=problem) as error:
        land_record("entry", ENTRY, content)
    assert "99.9" not in str(error.value)


def test_a_batch_that_lacks_a_transaction_refuses_the_file(land_record):
    batch = tag("Btch", tag("NbOfTxs", 3))
    entry = Entry(Decimal(2), payments=(Payment(Decimal(1)), Payment(Decimal(1))), batch=batch)
    with pytest.raises(LegacyFileError, match="Btch/NbOfTxs does not agree"):
        land_record("transaction", TRANSACTION, camt([Statement(entries=[entry])]))


@pytest.mark.parametrize("version", [2, 8])
@pytest.mark.parametrize(
    ("total", "currency", "second", "agreed"),
    [
        ("7.00", "CZK", Payment(Decimal("4.00")), 2),
        ("99.00", "CZK", Payment(Decimal("4.00")), None),
        ("99.00", "EUR", Payment(Decimal("4.00")), 1),
        ("99.00", "CZK", Payment(), 1),
        ("99.00", "CZK", Payment(Decimal("4.00"), is_credit=False), 1),
    ],
)
def test_the_amount_of_a_batch_agrees_with_its_transactions(land_record, version, total, currency, second, agreed):
    batch = tag("Btch", tag("TtlAmt", total, Ccy=currency))
    entry = Entry(Decimal("7.00"), payments=(Payment(Decimal("3.00")), second), batch=batch)
    content = camt([Statement(entries=[entry])], version)
    if agreed is None:
        with pytest.raises(LegacyFileError, match="Ntry 1: Btch/TtlAmt does not agree"):
            land_record("transaction", TRANSACTION, content)
    else:
        assert land_record("transaction", TRANSACTION, content).control_totals == agreed


@pytest.mark.parametrize(
    ("content", "more", "problem"),
    [
        (camt([Statement(entries=TWO)], 8, "054"), b'<Ntry xmlns="urn:x">', "an element is in another namespace"),
        (camt([Statement(entries=TWO)], 8, "054"), b'<Ntry><a xmlns="urn:x"/>', "an element is in another namespace"),
        (camt([Statement(entries=TWO)], 8, "054"), b"<Ntry>" + b"<a>" * 1500 + b"</a>" * 1500, "nested too deeply"),
        (camt([Statement(entries=TWO)], 8, "054"), b'<Ntry><SplmtryData><Envlp><a xmlns="u"/></Envlp></SplmtryData>', None),
    ],
)  # fmt: skip
def test_elements_of_other_namespaces_are_supplementary_only(land_record, content, more, problem):
    content = without(content, b"<Ntry>", more)
    if problem is None:
        assert land_record("entry", ENTRY, content, "camt054").rows == 2
        return
    with pytest.raises(LegacyFileError, match=problem):
        land_record("entry", ENTRY, content, "camt054")


def test_a_statement_without_balances_lands_where_it_is_declared(tmp_path):
    content = camt([Statement(entries=TWO, types=("OPAV", "CLAV"))])
    obj = declared(tmp_path, "camt053, require_balances: false", ENTRY, more="record: entry\n")
    landing = landed(obj, tmp_path, content)
    assert (landing.rows, landing.control_totals) == (2, 0)


def test_a_record_that_is_not_as_declared_is_a_reject(land_record):
    fine = Entry(Decimal("0.15")), Entry(Decimal("0.2"))
    content = without(camt([Statement(entries=[*fine, *fine])]), b"<Sts>BOOK</Sts>", b"<Sts>BOOK</Sts><NtryRef/>")
    landing = land_record("entry", columns_of(entry_reference="string", booking_date="date"), content)
    assert rejects_of(landing) == [(1, "entry_reference: is repeated, where the standard has one")]
    landing = land_record("entry", ENTRY.replace("(18,2)", "(18,1)"), without(content, b"<NtryRef/>"))
    assert [line for line, _ in rejects_of(landing)] == [1, 3]
    assert (landing.rows_in, landing.rows, landing.balanced) == (4, 2, True)


@pytest.mark.parametrize("version", range(3, 13))
def test_payments_reconcile_with_their_header_and_batches(land_record, version):
    columns = columns_of(
        message_id="string", batch_id="string", payment_number="long", execution_date="date", amount="decimal(18,2)",
        currency="string", end_to_end_id="string", creditor_name="string",
    )  # fmt: skip
    batches = [[Decimal("0.10"), Decimal("0.20")], [Decimal("7.00")]]
    landing = land_record("payment", columns, pain(batches, version), "pain001")
    assert rows_of(landing)[1] == (
        "M1", "B1", 2, date(2024, 6, 3), Decimal("0.20"), "EUR", "E2", "Věřitel", 2,
    )  # fmt: skip
    assert (landing.rows, landing.balanced, landing.control_totals) == (3, True, 6)
    for more, problem in (({"count": 4}, "GrpHdr: NbOfTxs"), ({"total": Decimal("7.31")}, "GrpHdr: CtrlSum")):
        with pytest.raises(LegacyFileError, match=f"{problem} does not agree"):
            land_record("payment", columns, pain(batches, version, **more), "pain001")


@pytest.mark.parametrize(
    "uri",
    [
        b"urn:iso:std:iso:20022:tech:xsd:pain.001.002.03",
        b"urn:iso:std:iso:20022:tech:xsd:pain.001.003.03",
        b"http://www.six-interbank-clearing.com/de/pain.001.001.03.ch.02.xsd",
    ],
)
def test_payments_of_national_versions(land_record, uri):
    content = without(
        pain([[Decimal("0.10"), Decimal("7.00")]]), b"urn:iso:std:iso:20022:tech:xsd:pain.001.001.03", uri
    )
    landing = land_record("payment", columns_of(amount="decimal(18,2)"), content, "pain001")
    assert ([row[0] for row in rows_of(landing)], landing.control_totals) == ([Decimal("0.10"), Decimal("7.00")], 4)


@pytest.mark.parametrize(
    ("fraction", "found"),
    [("123456000", ".123456"), ("1234567", None), ("1234560001", None), ("0000000", ""), ("1", ".100000")],
)
def test_digits_beyond_microseconds_are_zeros(land_record, fraction, found):
    content = camt([Statement(entries=[Entry(Decimal(1), time=f"10:00:00.{fraction}Z")])])
    rows = rows_of(land_record("entry", columns_of(booking_time="timestamp"), content))
    expected = [] if found is None else [f"2024-05-31T10:00:00{found}+00:00"]
    assert [row[0].isoformat() for row in rows] == expected


@pytest.mark.parametrize(
    ("kind", "record", "columns", "problem"),
    [
        ("camt053", "entry", columns_of(bookings_date="date"), "did you mean booking_date"),
        ("camt053", "entry", columns_of(amount="double"), "amount is double"),
        ("camt053", "payment", columns_of(amount="string"), "allowed: statement"),
        ("camt054", "statement", columns_of(iban="string"), "allowed: entry"),
        ("camt054, require_balances: true", "entry", columns_of(iban="string"), "require_balances is for"),
    ],
)
def test_faults_of_declarations(tmp_path, kind, record, columns, problem):
    with pytest.raises(SourceFaults, match=problem):
        declared(tmp_path, kind, textwrap.dedent(columns), more=f"record: {record}\n")


AMOUNTS = st.decimals(0, 10**12, places=2)
ENTRIES = st.builds(
    Entry, AMOUNTS, is_credit=st.booleans(), status=st.sampled_from(["BOOK", "PDNG"]),
    reference=st.text("ab<&>é \U0001f600", min_size=1).map(lambda text: text.replace("&", "&amp;").replace("<", "&lt;")),
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    entries=st.lists(ENTRIES, min_size=1, max_size=8),
    version=st.sampled_from(VERSIONS),
    block=st.sampled_from([7, 1 << 20]),
)
def test_what_was_written_is_read(land_record, entries, version, block):
    content = camt([Statement(entries=entries, summary=summary_of(entries))], version)
    columns = columns_of(signed_amount="decimal(18,2)", status="string", entry_number="long")
    landing = land_record("entry", columns, content, block_bytes=block)
    expected = [(e.amount if e.is_credit else -e.amount, e.status) for e in entries]
    assert [row[:2] for row in rows_of(landing)] == expected


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, len(WHOLE) - 1), new=st.sampled_from(b'<>/&0195" aZ\x00\xc3'))
def test_damage_refuses_the_file_or_leaves_its_amounts(land_record, at, new):
    damaged = WHOLE[:at] + bytes([new]) + WHOLE[at + 1 :]
    try:
        landing = land_record("entry", columns_of(signed_amount="decimal(18,2)"), damaged)
    except LegacyFileError:
        return
    assert [row[0] for row in rows_of(landing)] == [Decimal("0.10"), Decimal("-0.20")]
    assert landing.balanced


@pytest.mark.parametrize(
    "paths", [CAMT053_FIELDS, CAMT054_FIELDS, PAIN001_FIELDS], ids=["camt053", "camt054", "pain001"]
)
def test_the_page_has_a_row_for_every_field(paths):
    page = (Path(__file__).parents[3] / "docs" / "reference" / "iso-20022.md").read_text(encoding="utf-8")
    kind = "pain001" if "payment" in paths else "camt053"
    for record, fields in paths.items():
        section = page.split(f"### {kind} {record}\n")[1].split("\n### ")[0]
        for field in fields:
            place = " or ".join(f"`{path}`" for path in field.paths) or "derived"
            assert f"| `{field.name}` | {place} | {field.kind} | {field.description} |" in section
        assert section.count("\n| `") == len(fields)


def test_fields_of_one_element_are_of_one_class_and_positions_are_not_classed_by_amounts(tmp_path):
    labels = {"signed_amount": "confidential", "entry_number": "internal", "iban": "restricted", "account": "internal"}
    columns = "\n".join(
        f"{name}: {{type: {'decimal' if name == 'signed_amount' else 'string'}, classification: {label}, description: D.}}"
        for name, label in labels.items()
    )
    columns = columns.replace("type: decimal", 'type: "decimal(18,2)"').replace(
        "entry_number: {type: string", "entry_number: {type: long"
    )
    with pytest.raises(SourceFaults) as caught:
        declared(tmp_path, "camt053", columns, more="record: entry\n")
    [fault] = caught.value.faults
    assert "column account is internal, but it holds iban (Stmt/Acct/Id/IBAN), which is restricted" in fault.message


@pytest.mark.parametrize(
    ("lower", "higher", "faults"),
    [("statement_time", "message_time", 0), ("amount", "entry_amount", 1), ("credit_debit", "currency", 0)],
)
def test_fields_are_of_one_class_if_a_message_may_have_one_element_for_both(tmp_path, lower, higher, faults):
    columns = "\n".join(
        f"{name}: {{type: string, classification: {label}, description: D.}}"
        for name, label in ((lower, "internal"), (higher, "confidential"))
    )
    with pytest.raises(SourceFaults) if faults else contextlib.nullcontext() as caught:
        declared(tmp_path, "camt053", columns, more="record: transaction\n")
    assert caught is None or len(caught.value.faults) == faults
