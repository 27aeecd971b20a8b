"""SWIFT statements of our own making, and declarations of them."""

import message_samples
from message_samples import landed, rejects_of, rows_of

__all__ = ["COLUMNS", "STATEMENT", "declared", "landed", "page", "rejects_of", "rows_of"]

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


def declared(base, written="{kind: mt940}", records=("statement", "entry", "forward_balance"), columns=None):
    return message_samples.declared(base, written, {record: (columns or COLUMNS)[record] for record in records})


def page(number, opening, entry, closing):
    return f":20:R\n:25:ACC\n:28C:7/{number}\n:60{opening}\n:61:240102{entry}NTRFX\n:62{closing}\n-\n"
