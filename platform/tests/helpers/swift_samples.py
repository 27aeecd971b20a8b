"""SWIFT statements of our own making, and declarations of them."""

import polars as pl

from bankmesh.sources import land, read_system

FORMAT = "{kind: mt940}"
COLUMNS = {
    "statement": """\
      account: {type: string, required: true, classification: confidential, description: Account.}
      statement_number: {type: long, classification: internal, description: Number.}
      sequence_number: {type: long, classification: internal, description: Page.}
      currency: {type: string, required: true, classification: internal, description: Currency.}
      opening_balance: {type: "decimal(18,3)", required: true, classification: confidential, description: O.}
      closing_date: {type: date, required: true, classification: internal, description: Day.}
      closing_balance: {type: "decimal(18,3)", required: true, classification: confidential, description: C.}
      available_balance: {type: "decimal(18,3)", classification: confidential, description: A.}
      information: {type: string, classification: restricted, description: Text.}
""",
    "entry": """\
      account: {type: string, required: true, classification: confidential, description: Account.}
      value_date: {type: date, required: true, classification: internal, description: Value date.}
      booking_date: {type: date, classification: internal, description: Entry date.}
      mark: {type: string, required: true, classification: internal, description: Mark.}
      signed_amount: {type: "decimal(18,3)", required: true, classification: confidential, description: Amount.}
      transaction_type: {type: string, required: true, classification: internal, description: Type.}
      owner_reference: {type: string, classification: restricted, description: Reference.}
      bank_reference: {type: string, classification: restricted, description: Reference.}
      supplementary_details: {type: string, classification: restricted, description: Details.}
      information: {type: string, classification: restricted, description: Text.}
""",
    "forward_balance": """\
      available_date: {type: date, required: true, classification: internal, description: Day.}
      available_balance: {type: "decimal(18,3)", required: true, classification: confidential, description: A.}
""",
}
STATEMENT = """\
:20:ST240102
:25:DE02120300000000202051
:28C:1/1
:60F:C231229EUR1000,00
:61:2312291230D250,5NTRFINVOICE 17//B-4711
SECOND LINE
:86:166?00TRANSFER?109310?20Invoice?21 17?30TESTDEFFXXX?31DE89370400440532013000?32Muster GmbH?33 und Co?34992
:61:2401020102C99,95NMSCNONREF
:62F:C240102EUR849,45
:64:C240102EUR800,
:65:C240103EUR800,
:86:End of day
-
"""


def declared(base, written=FORMAT, records=("statement", "entry", "forward_balance"), columns=None):
    """Objects of the system `bank`, one for each type of record; `columns` replace those of the types."""
    text = f"system: bank\ndescription: A system.\nowner: team\nformat: {written}\nobjects:\n"
    for record in records:
        text += f'  {record}:\n    description: D.\n    files: ["day.txt*"]\n    record: {record}\n'
        text += "    rejects_tolerated: 100%\n    may_be_empty: true\n    line_as: line\n    columns:\n"
        text += (columns or COLUMNS)[record]
    (base / "bank.yaml").write_text(text, encoding="utf-8")
    return {obj.record: obj for obj in read_system(base / "bank.yaml").objects}


def landed(obj, base, content=None, *, file="day.txt", block_bytes=1 << 20):
    if content is not None:
        (base / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    target = base / f"out-{len(list(base.iterdir()))}"
    target.mkdir()
    return land(obj, base, target, block_bytes=block_bytes)


def rows_of(landing):
    return pl.read_parquet(landing.rows_paths).rows(named=True)


def rejects_of(landing):
    return pl.read_parquet(landing.rejects_paths).select("line", "reason").rows()
