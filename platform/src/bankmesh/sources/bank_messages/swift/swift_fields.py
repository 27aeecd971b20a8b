"""Fields of SWIFT statements: MT940 (customer statement) and MT942 (interim transaction report)."""

from __future__ import annotations

from bankmesh.sources.bank_messages.message_fields import AMOUNT, COUNT, DATE, MOMENT, TEXT, MessageField

MESSAGE_FIELDS = (
    MessageField("transaction_reference", ":20:", TEXT, "Reference of the message."),
    MessageField("related_reference", ":21:", TEXT, "Reference of the request that the message answers."),
    MessageField("account", ":25:", TEXT, "The account, as the bank identifies it."),
    MessageField("account_owner_bic", ":25P:", TEXT, "BIC of the account's owner."),
    MessageField("statement_number", ":28C: 1", COUNT, "Number of the statement."),
    MessageField("sequence_number", ":28C: 2", COUNT, "Number of the message (page) in its statement."),
    MessageField("subsequence_number", ":28C: 3", COUNT, "Third number, which some banks add to it."),
    MessageField("currency", ":60: 3", TEXT, "ISO 4217 code of the account's currency."),
)
_STATEMENT_END = (
    MessageField("information", "the last :86:", TEXT, "Information about the statement, lines as they are."),
)
_BALANCES = (
    MessageField("report_time", ":13D:", MOMENT, "When the statement was made, with its offset from UTC."),
    MessageField("opening_type", ":60: letter", TEXT, "F for a statement's first balance, M for that of a later page."),
    MessageField("opening_date", ":60: 2", DATE, "Day of the opening balance."),
    MessageField("opening_balance", ":60: 1, 4", AMOUNT, "Opening balance; negative if the account is in debit."),
    MessageField("closing_type", ":62: letter", TEXT, "F for the statement's last balance, M if another page follows."),
    MessageField("closing_date", ":62: 2", DATE, "Day of the closing balance."),
    MessageField("closing_balance", ":62: 1, 4", AMOUNT, "Closing balance; negative if the account is in debit."),
    MessageField("available_date", ":64: 2", DATE, "Day of the closing available balance."),
    MessageField("available_balance", ":64: 1, 4", AMOUNT, "Closing available balance; negative if in debit."),
)
_INTERIM = (
    MessageField("debit_floor_limit", ":34F: 3", AMOUNT, "Entries below it are not reported; of debits or of all."),
    MessageField("credit_floor_limit", ":34F: C 3", AMOUNT, "Credits below it are not reported."),
    MessageField("report_time", ":13D:", MOMENT, "When the report was made, with its offset from UTC."),
    MessageField("debit_count", ":90D: 1", COUNT, "Number of debits."),
    MessageField("debit_total", ":90D: 3", AMOUNT, "Sum of the debits."),
    MessageField("credit_count", ":90C: 1", COUNT, "Number of credits."),
    MessageField("credit_total", ":90C: 3", AMOUNT, "Sum of the credits."),
)
_ENTRY = (
    MessageField("entry_number", ":61: its position", COUNT, "Position of the entry in its message, from 1."),
    MessageField("value_date", ":61: 1", DATE, "Value date."),
    MessageField("booking_date", ":61: 2", DATE, "Entry date, in the year that brings it next to the value date."),
    MessageField("mark", ":61: 3", TEXT, "C credit, D debit, RC reversal of a credit, RD reversal of a debit."),
    MessageField("funds_code", ":61: 4", TEXT, "Third letter of the currency, where it is given."),
    MessageField("amount", ":61: 5", AMOUNT, "Amount without a sign."),
    MessageField("signed_amount", ":61: 3, 5", AMOUNT, "Amount; negative if it lowers the balance (D, RC)."),
    MessageField("transaction_type", ":61: 6", TEXT, "S and a message type, N or F and an identification code."),
    MessageField("owner_reference", ":61: 7", TEXT, "Reference for the account's owner."),
    MessageField("bank_reference", ":61: 8", TEXT, "Reference of the bank, behind //."),
    MessageField("supplementary_details", ":61: 9", TEXT, "Second line of :61:."),
    MessageField("information", ":86:", TEXT, "Information for the account's owner, lines as they are."),
    MessageField("transaction_code", ":86: 1-3", TEXT, "Business transaction code of a structured :86:."),
    MessageField("booking_text", ":86: ?00", TEXT, "Text of the kind of booking."),
    MessageField("journal_number", ":86: ?10", TEXT, "Number of the bank's batch."),
    MessageField("remittance_information", ":86: ?20-?29, ?60-?63", TEXT, "Remittance information, joined."),
    MessageField("counterparty_bank", ":86: ?30", TEXT, "BIC or sort code of the other party's bank."),
    MessageField("counterparty_account", ":86: ?31", TEXT, "IBAN or number of the other party's account."),
    MessageField("counterparty_name", ":86: ?32-?33", TEXT, "Name of the other party, joined."),
    MessageField("text_key_extension", ":86: ?34", TEXT, "Addition to the transaction code, such as a return reason."),
)
_FORWARD = (
    MessageField("available_date", ":65: 2", DATE, "Day of the forward available balance."),
    MessageField("available_balance", ":65: 1, 4", AMOUNT, "Forward available balance; negative if in debit."),
)

MT940_FIELDS = {
    "statement": (*MESSAGE_FIELDS, *_BALANCES, *_STATEMENT_END),
    "entry": (*MESSAGE_FIELDS, *_ENTRY),
    "forward_balance": (*MESSAGE_FIELDS, *_FORWARD),
}
MT942_FIELDS = {"statement": (*MESSAGE_FIELDS, *_INTERIM, *_STATEMENT_END), "entry": (*MESSAGE_FIELDS, *_ENTRY)}
