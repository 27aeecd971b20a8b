"""Declarations of bank messages: columns are fields of their record, and the reference lists them all."""

from pathlib import Path

import pytest
from swift_samples import COLUMNS, declared

from bankmesh.errors import SourceFaults
from bankmesh.sources.bank_messages.fix.fix_format import FixFormat
from bankmesh.sources.bank_messages.ledgers.ledger_formats import Bai2Format, NachaFormat
from bankmesh.sources.bank_messages.message_format import MessageFormat
from bankmesh.sources.bank_messages.swift.swift_format import Mt940Format, Mt942Format

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "bank-messages.md").read_text(encoding="utf-8")
FORMATS: tuple[type[MessageFormat], ...] = (Mt940Format, Mt942Format, NachaFormat, Bai2Format, FixFormat)


@pytest.mark.parametrize("written", FORMATS)
def test_the_reference_lists_every_field(written):
    for record, fields in written.fields.items():
        section = PAGE.split(f"\n### {written.kind} {record}\n")[1].split("\n### ")[0]
        rows = [line for line in section.splitlines() if line.startswith("| `")]
        assert rows == [f"| `{f.name}` | {f.place} | {f.kind} | {f.description} |" for f in fields]


@pytest.mark.parametrize(
    ("old", "new", "rule", "message"),
    [
        ("      mark:", "      marc:", "unknown-column", "entry records of mt940 have no field marc; did you mean mark?"),
        ("      mark:", "      zzz:", "unknown-column", "known: transaction_reference, "),
        ('{type: "decimal(18,3)"', "{type: double", "unknown-type", "the field is amount; allowed: decimal, string"),
        ("{type: date, required", "{type: timestamp, required", "unknown-type", "the field is date"),
        ("{type: date, required", '{type: date, format: "%y%m%d", century: 2000, required', "option-of-another-kind", "format does not apply"),
        ('{type: "decimal(18,3)"', '{decimal: ",", type: "decimal(18,3)"', "option-of-another-kind", "decimal does not apply"),
        ("      mark: {", "      mark: {header_pattern: true, ", "option-of-another-kind", "header_pattern does not apply"),
        ("      mark: {", "      mark: {start: 1, ", "option-of-another-kind", "start is for fixed-width"),
    ],
)  # fmt: skip
def test_a_column_that_is_no_field_is_a_fault(tmp_path, old, new, rule, message):
    assert old in COLUMNS["entry"]
    with pytest.raises(SourceFaults) as caught:
        declared(tmp_path, records=("entry",), columns={"entry": COLUMNS["entry"].replace(old, new, 1)})
    assert any(fault.rule == rule and message in fault.message for fault in caught.value.faults)


@pytest.mark.parametrize(
    ("record", "old", "new", "message"),
    [
        ("entry", "account: {type: string, required: true, classification: confidential", "account: {type: string, classification: internal",
         "column account is internal, but it holds account (:25:), which is confidential"),
        ("entry", "information: {type: string, classification: restricted", "information: {type: string, classification: confidential",
         "column information is confidential, but it holds counterparty_name (:86: ?32-?33), which is restricted"),
        ("entry", 'signed_amount: {type: "decimal(18,3)", required: true, classification: confidential', "signed_amount: {type: string, classification: internal",
         "column signed_amount is internal, but it holds amount (:61: 5), which is confidential"),
        ("entry", "mark: {type: string, required: true, classification: internal", "mark: {type: string, classification: public", ""),
    ],
)  # fmt: skip
def test_a_column_is_classified_no_lower_than_what_it_holds(tmp_path, record, old, new, message):
    more = "      counterparty_name: {type: string, classification: restricted, description: N.}\n"
    more += "      amount: {type: string, classification: confidential, description: N.}\n"
    columns = COLUMNS | {"entry": COLUMNS["entry"] + more}
    assert declared(tmp_path, columns=columns)
    assert old in columns[record]
    columns[record] = columns[record].replace(old, new)
    if not message:
        assert declared(tmp_path, columns=columns)
        return
    with pytest.raises(SourceFaults) as caught:
        declared(tmp_path, columns=columns)
    assert [fault.rule for fault in caught.value.faults] == ["classified-lower"]
    assert message in caught.value.faults[0].message


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("{kind: mt940, delimiter: x}", "delimiter is for text"),
        ("{kind: mt940, encoding: ebcdic}", "encoding of format is ebcdic"),
        ("{kind: mt940, terminated: maybe}", "must be true or false"),
        ("{kind: mt942}", "forward_balance"),
    ],
)
def test_faults_of_the_format(tmp_path, written, message):
    with pytest.raises(SourceFaults) as caught:
        declared(tmp_path, written)
    assert any(message in fault.message for fault in caught.value.faults)


def test_the_digest_is_of_the_format_and_of_the_record(tmp_path):
    digests = {obj.digest for obj in declared(tmp_path).values()}
    digests |= {obj.digest for obj in declared(tmp_path, "{kind: mt940, terminated: false}").values()}
    assert len(digests) == 6
