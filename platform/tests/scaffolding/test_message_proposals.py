"""Declarations proposed from bank messages: every type of record of every kind lands, without rejects."""

import datetime as dt
import re
import runpy
import sys
from decimal import Decimal

import polars as pl
import pytest
from camt_samples import Entry, Payment, Statement, camt, pain
from fix_samples import FILL, SOH, message
from ledger_samples import BAI2, nacha_addenda, nacha_batch, nacha_entry, nacha_file
from proposed_source import write_empty_workspace
from swift_samples import STATEMENT

from bankmesh.contracts.model import Classification
from bankmesh.contracts.parsing.contract_reader import read_contract
from bankmesh.errors import LegacyFileError, UnknownName
from bankmesh.scaffolding.product_scaffold import scaffold_product
from bankmesh.scaffolding.record_keys import NOT_ALWAYS, standard_key
from bankmesh.scaffolding.source_proposals.bank_messages import _FORMATS
from bankmesh.scaffolding.source_proposals.file_kinds import find_kind
from bankmesh.scaffolding.source_proposals.source_proposal import ProposalOptions
from bankmesh.scaffolding.source_scaffold import NewSource, land_source, note_key, plan_source, write_source

DOMAIN = "message_desk"
INTERIM = """\
:20:ST1
:25:DE02120300000000202051
:28C:1/1
:34F:EUR0,
:13D:2401021200+0100
:61:2401020102D10,NTRFA
:90D:1EUR10,
-
"""
PAID = [Payment(Decimal("7.00"), "E1"), Payment(Decimal("5.00"), "E2")]
STATEMENTS = [
    Statement(entries=[Entry(Decimal("12.00"), payments=PAID), Entry(Decimal("1.50"), is_credit=False)], number=n)
    for n in (1, 2)
]
ACH = nacha_file(
    nacha_batch(nacha_entry(addenda="1"), nacha_addenda(), nacha_entry("27", amount=50, trace="091000010000002"))
)
PARTIES = "453=2|448=ME|447=D|452=1|448=YOU|447=D|452=3|"
LOG = "".join(
    f"2024-01-02 09:30:0{n} [Müller-{n}] OUT: {message(FILL + PARTIES, number=n, delimiter='^')}\n" for n in (1, 2, 4)
)
FILES = {
    "camt053": camt(STATEMENTS),
    "camt054": camt(STATEMENTS, kind="054"),
    "pain001": pain([[Decimal("1.00"), Decimal("2.50")], [Decimal("3.00")]]),
    "mt940": STATEMENT,
    "mt942": INTERIM,
    "nacha": ACH,
    "bai2": BAI2,
    "fix": message(number=1) + message(FILL + "9999=own|", number=2),
}
ROWS = {
    "camt053": {"statement": 2, "balance": 4, "entry": 4, "transaction": 6},
    "camt054": {"entry": 4, "transaction": 6},
    "pain001": {"payment": 3},
    "mt940": {"statement": 1, "entry": 2, "forward_balance": 1},
    "mt942": {"statement": 1, "entry": 1},
    "nacha": {"file": 1, "batch": 1, "entry": 2, "addenda": 1},
    "bai2": {"file": 1, "group": 1, "account": 2, "summary": 4, "transaction": 3},
    "fix": {"execution_report": 2},
}


@pytest.fixture
def scaffold(tmp_path):
    """`scaffold(content, ...)` proposes a declaration for a file with that content, and lands it."""
    home = write_empty_workspace(tmp_path, DOMAIN)

    def scaffold(*contents, **options):
        files = []
        for number, content in enumerate(contents, 1):
            file = tmp_path / "host" / f"day-{number}.txt"
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
            files.append(file)
        plan = plan_source(home, NewSource(DOMAIN, files), ProposalOptions(**options))
        write_source(plan)
        return plan, land_source(home, plan)

    scaffold.home = home
    return scaffold


def rows_of(landing):
    return pl.read_parquet(landing.rows_paths)


@pytest.mark.parametrize(("kind", "record"), [(kind, record) for kind, rows in ROWS.items() for record in rows])
def test_every_type_of_record_lands_with_all_fields_and_the_key_of_the_standard(scaffold, kind, record):
    plan, landing = scaffold(FILES[kind], record=record)
    key = note_key(scaffold.home, plan)

    assert plan.proposal.format["kind"] == kind
    assert (landing.rows, landing.rejects) == (ROWS[kind][record], 0)
    assert plan.proposal.rows == landing.rows
    assert [column.header for column in plan.proposal.columns] == [
        field.name for field in _FORMATS[kind].fields[record]
    ]
    assert set(key.columns) - NOT_ALWAYS == set(standard_key(kind, record)) - NOT_ALWAYS
    assert "by the standard" in key.reason
    assert f"# note: {key}" in plan.file.read_text(encoding="utf-8")


def test_every_kind_of_messages_is_proposed():
    assert set(FILES) == set(_FORMATS)


@pytest.mark.parametrize("kind", FILES)
def test_a_type_that_the_messages_do_not_have_is_unknown(scaffold, kind):
    with pytest.raises(UnknownName) as caught:
        scaffold(FILES[kind], record="entri")
    assert set(caught.value.known) == set(ROWS[kind])


def test_a_file_of_one_type_of_record_has_no_others(scaffold):
    with pytest.raises(UnknownName, match="There is no type of record of text entry"):
        scaffold("id;n\n1;2\n", record="entry")


@pytest.mark.parametrize(
    "text",
    [
        "note;id\n<BkToCstmrStmtCopy>;1\n8=FIX;2\n:60F:;3\n",
        "101 091000019 is no header of 94 characters;1\n",
        "01,2,3,4,5/\n02,1,2,3,4/\n",
        "8=FIX.4.4 and text;9=12;35=8\n",
    ],
)
def test_texts_that_hold_signs_of_messages_are_texts(tmp_path, text):
    file = tmp_path / "file.txt"
    file.write_text(text, encoding="ascii")
    assert find_kind(file) == "text"


def test_values_land_as_they_are_written(scaffold):
    _, ach = scaffold(ACH)
    found = rows_of(ach).select("signed_amount", "individual_name", "effective_date", "batch_number").rows()
    assert found == [
        (Decimal("123.45"), "JANE DOE", dt.date(2024, 1, 3), 1),
        (Decimal("-0.50"), "JANE DOE", dt.date(2024, 1, 3), 1),
    ]


def test_the_prefix_the_delimiter_and_the_groups_of_a_log_are_found(scaffold):
    plan, landing = scaffold(LOG)

    assert (landing.rows, landing.rejects) == (3, 0)
    written = plan.proposal.format
    assert written["delimiter"] == "^"
    assert written["groups"] == {"453": ["448", "447", "452", "802", "523", "803"]}
    assert written["sequence_gaps"] == "accept"
    assert "Sequence numbers are missing" in plan.text
    assert [word for word in ("OUT", "ller", "ü") if word in str(written["prefix"])] == []
    assert rows_of(landing)["last_price"].to_list() == [Decimal("10.25")] * 3
    assert SOH not in LOG


def test_messages_that_do_not_end_are_declared_so_with_a_question(scaffold):
    plan, landing = scaffold(STATEMENT.removesuffix("-\n"))
    assert plan.proposal.format["terminated"] is False
    assert "the loss of the last lines" in plan.text
    assert landing.rejects == 0


def test_pages_of_a_statement_in_several_files_are_declared_so_with_a_question(scaffold):
    first = STATEMENT.replace(":62F:", ":62M:")
    second = first.replace(":28C:1/1", ":28C:1/3").replace(":60F:C231229EUR1000,00", ":60M:C231229EUR1000,00")
    plan, landing = scaffold(first, second)
    assert plan.proposal.format["split_statements"] == "accept"
    assert "are pages of a statement in other files?" in plan.text
    assert (landing.rows, landing.rejects) == (4, 0)


def test_a_file_that_no_layout_reads_is_declared_and_its_landing_says_why(scaffold, tmp_path):
    with pytest.raises(LegacyFileError, match="total_credit differs"):
        scaffold(ACH.replace("0000012345ID1", "0000012346ID1"))
    assert "kind: nacha" in (tmp_path / f"bank/domains/{DOMAIN}/src/{DOMAIN}/sources/host.yaml").read_text(
        encoding="utf-8"
    )


def test_times_of_the_message_and_of_its_statements_are_of_their_own_class(scaffold):
    plan, _ = scaffold(re.sub(b"<IBAN>[A-Z0-9]+<", b"<IBAN>XX1<", FILES["camt053"]))
    columns = {column.header: column.classification for column in plan.proposal.columns}
    assert columns["message_time"].reason == "named time"
    assert columns["statement_time"].reason == "named time"
    assert columns["account"].classification is Classification.RESTRICTED
    assert columns["account"].reason == "it holds iban (named iban)"


def test_values_decide_the_class_of_a_field(scaffold):
    plan, _ = scaffold(STATEMENT)
    account = next(column for column in plan.proposal.columns if column.header == "account")
    assert account.classification.reason == "values look like IBANs (check digits agree)"
    assert "DE02120300000000202051" not in plan.text


def test_the_key_of_entries_is_unique_in_several_files_although_their_numbers_repeat(scaffold):
    other = camt(STATEMENTS).replace(b"<MsgId>M1<", b"<MsgId>M2<")
    plan, landing = scaffold(camt(STATEMENTS), other)
    key = note_key(scaffold.home, plan)
    rows = rows_of(landing)
    assert key.columns == ("message_id", "statement_id", "entry_number")
    assert rows.select(key.columns).is_duplicated().sum() == 0
    assert rows["entry_number"].is_duplicated().all()


def test_a_message_that_was_delivered_twice_has_no_key(scaffold):
    changed = camt([Statement(entries=[Entry(Decimal("1.00"))])])
    plan, _ = scaffold(camt(STATEMENTS), changed)
    key = note_key(scaffold.home, plan)
    assert key.columns == ()
    assert "a message may have been delivered twice" in key.reason


def test_a_product_from_a_proposed_landing_has_its_key_and_its_test_passes(scaffold, tmp_path, monkeypatch):
    plan, _ = scaffold(FILES["nacha"])
    made = scaffold_product(scaffold.home, f"{DOMAIN}.entries", "polars", "host.day")
    contract = read_contract(next(path for path in made.files if path.name.endswith(".odcs.yaml")))
    assert contract.primary_key == standard_key("nacha", "entry")

    monkeypatch.syspath_prepend(plan.file.parents[2])
    test = runpy.run_path(str(next(path for path in made.files if path.name.startswith("test_"))))
    (tmp_path / "trial").mkdir()
    try:
        test["test_every_row_is_kept_and_the_contract_holds"](tmp_path / "trial")
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == DOMAIN]:
            del sys.modules[name]


@pytest.mark.parametrize("kind", FILES)
def test_names_accounts_and_texts_of_customers_are_restricted(scaffold, kind):
    plan, _ = scaffold(FILES[kind])
    words = ("_name", "information", "creditor_account", "debtor_account", "counterparty_account", "account_number")
    firms = {"company_name", "origin_name", "destination_name"}
    found = {column.header: column.classification.classification for column in plan.proposal.columns}
    parties = [name for name in found if name.endswith(words) and name not in firms]
    assert parties
    assert {found[name] for name in parties} == {Classification.RESTRICTED}


def test_elements_that_no_field_reads_are_a_question_without_their_values(scaffold):
    card = "<CardTx><Card><PlainCardData><PAN>5555000011112222</PAN></PlainCardData></Card></CardTx>"
    plan, landing = scaffold(camt([Statement(entries=[Entry(Decimal(1), charges=card)])], 8))
    text = plan.file.read_text(encoding="utf-8")
    assert "# question: are these elements needed? No field reads them: Stmt/Ntry/CardTx\n" in text
    assert "5555" not in text
    assert landing.rejects == 0
