"""Fields of BAI2 files, by the code of their record and their number in it."""

from __future__ import annotations

from bankmesh.sources.bank_messages.message_fields import AMOUNT, COUNT, DATE, TEXT, MessageField

_FILE = (
    MessageField("sender", "01 2", TEXT, "Identification of the sender."),
    MessageField("receiver", "01 3", TEXT, "Identification of the receiver."),
    MessageField("file_creation_date", "01 4", DATE, "Day on which the file was made."),
    MessageField("file_creation_time", "01 5", TEXT, "Time at which the file was made, HHMM."),
    MessageField("file_identification", "01 6", TEXT, "Tells files of one day apart."),
)
_FILE_CONTROL = (
    MessageField("control_total", "99 2", COUNT, "Sum of the groups' totals, without decimals."),
    MessageField("group_count", "99 3", COUNT, "Number of groups."),
    MessageField("record_count", "99 4", COUNT, "Number of records (lines)."),
)
_GROUP = (
    MessageField("ultimate_receiver", "02 2", TEXT, "Identification of the group's receiver."),
    MessageField("originator", "02 3", TEXT, "Identification of the bank that made the group."),
    MessageField("group_status", "02 4", TEXT, "1, an update; other groups are refused."),
    MessageField("as_of_date", "02 5", DATE, "Day of the balances and transactions."),
    MessageField("as_of_time", "02 6", TEXT, "Time of the balances, HHMM; 2400 or 9999 for the end of the day."),
    MessageField("group_currency", "02 7", TEXT, "Currency of the group; USD if none is given."),
    MessageField("as_of_modifier", "02 8", TEXT, "1, 2 previous day, 3, 4 same day; 1, 3 interim, 2, 4 final."),
)
_GROUP_CONTROL = (
    MessageField("control_total", "98 2", COUNT, "Sum of the accounts' totals, without decimals."),
    MessageField("account_count", "98 3", COUNT, "Number of accounts."),
    MessageField("record_count", "98 4", COUNT, "Number of records (lines)."),
)
_ACCOUNT = (
    MessageField("account", "03 2", TEXT, "The account, as the bank identifies it."),
    MessageField("currency", "03 3", TEXT, "Currency of the account: its own, or that of the group."),
)
_ACCOUNT_CONTROL = (
    MessageField("control_total", "49 2", COUNT, "Sum of all amounts as written, without decimals."),
    MessageField("record_count", "49 3", COUNT, "Number of records (lines)."),
)
_FUNDS = (
    MessageField("funds_type", "funds type", TEXT, "0, 1, 2 days of availability, S, V, D, or Z (unknown)."),
    MessageField("immediate_amount", "funds type S", AMOUNT, "Immediately available."),
    MessageField("one_day_amount", "funds type S", AMOUNT, "Available after one day."),
    MessageField("later_amount", "funds type S", AMOUNT, "Available later."),
    MessageField("value_date", "funds type V", DATE, "Value date."),
    MessageField("value_time", "funds type V", TEXT, "Time of the value date, HHMM."),
    MessageField("distribution", "funds type D", TEXT, "Days and amounts, such as `0:10.00 1:5.00`."),
)
_SUMMARY = (
    MessageField("type_code", "03 4", TEXT, "Code of the balance or summary."),
    MessageField("amount", "03 5", AMOUNT, "Amount with its sign."),
    MessageField("item_count", "03 6", COUNT, "Number of items."),
    *_FUNDS,
)
_TRANSACTION = (
    MessageField("type_code", "16 2", TEXT, "Code of the transaction."),
    MessageField("mark", "16 2", TEXT, "C if the code is that of a credit, D of a debit; null for loans."),
    MessageField("amount", "16 3", AMOUNT, "Amount as it is written, without a sign as a rule."),
    MessageField("signed_amount", "16 2, 3", AMOUNT, "Amount; negative for debits; null for loans."),
    *_FUNDS,
    MessageField("bank_reference", "16: behind the funds type", TEXT, "Reference of the bank."),
    MessageField("customer_reference", "16: behind bank_reference", TEXT, "Reference of the customer."),
    MessageField("information", "16: the rest", TEXT, "Text, lines as they are."),
)

BAI2_FIELDS = {
    "file": (*_FILE, *_FILE_CONTROL),
    "group": (*_FILE, *_GROUP, *_GROUP_CONTROL),
    "account": (*_FILE, *_GROUP, *_ACCOUNT, *_ACCOUNT_CONTROL),
    "summary": (*_FILE, *_GROUP, *_ACCOUNT, *_SUMMARY),
    "transaction": (*_FILE, *_GROUP, *_ACCOUNT, *_TRANSACTION),
}
