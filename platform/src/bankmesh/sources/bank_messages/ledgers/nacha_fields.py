"""Fields of NACHA ACH files, by the digit of their record and their positions from 1."""

from __future__ import annotations

from bankmesh.sources.bank_messages.message_fields import AMOUNT, COUNT, DATE, TEXT, MessageField

FILE_FIELDS = (
    MessageField("immediate_destination", "1: 4-13", TEXT, "Routing number of the receiver of the file."),
    MessageField("immediate_origin", "1: 14-23", TEXT, "Routing number or identification of the sender of the file."),
    MessageField("file_creation_date", "1: 24-29", DATE, "Day on which the file was made."),
    MessageField("file_creation_time", "1: 30-33", TEXT, "Time at which the file was made, HHMM."),
    MessageField("file_id_modifier", "1: 34", TEXT, "Tells files of one day apart."),
    MessageField("destination_name", "1: 41-63", TEXT, "Name of the receiver of the file."),
    MessageField("origin_name", "1: 64-86", TEXT, "Name of the sender of the file."),
    MessageField("reference_code", "1: 87-94", TEXT, "Free for the sender."),
)
FILE_CONTROL = (
    MessageField("batch_count", "9: 2-7", COUNT, "Number of batches."),
    MessageField("block_count", "9: 8-13", COUNT, "Number of blocks of ten lines."),
    MessageField("entry_addenda_count", "9: 14-21", COUNT, "Number of entries and addenda."),
    MessageField("entry_hash", "9: 22-31", COUNT, "Sum of the batches' hashes, its last ten digits."),
    MessageField("total_debit", "9: 32-43", AMOUNT, "Sum of the debits."),
    MessageField("total_credit", "9: 44-55", AMOUNT, "Sum of the credits."),
)
BATCH_FIELDS = (
    MessageField("service_class", "5: 2-4", TEXT, "200 debits and credits, 220 credits, 225 debits."),
    MessageField("company_name", "5: 5-20", TEXT, "Name of the originator."),
    MessageField("company_data", "5: 21-40", TEXT, "Free for the originator."),
    MessageField("company_identification", "5: 41-50", TEXT, "Identification of the originator."),
    MessageField("entry_class", "5: 51-53", TEXT, "Standard entry class, such as PPD, CCD, CTX, WEB."),
    MessageField("entry_description", "5: 54-63", TEXT, "Purpose of the entries, such as PAYROLL."),
    MessageField("descriptive_date", "5: 64-69", TEXT, "Date for the receiver, as the originator writes it."),
    MessageField("effective_date", "5: 70-75", DATE, "Day on which the entries are to be settled."),
    MessageField("settlement_day", "5: 76-78", TEXT, "Day of the year of settlement, set by the operator."),
    MessageField("originator_status", "5: 79", TEXT, "Status code of the originator."),
    MessageField("originating_dfi", "5: 80-87", TEXT, "Routing number of the originating bank, without check digit."),
    MessageField("batch_number", "5: 88-94", COUNT, "Number of the batch in its file."),
)
BATCH_CONTROL = (
    MessageField("entry_addenda_count", "8: 5-10", COUNT, "Number of entries and addenda."),
    MessageField("entry_hash", "8: 11-20", COUNT, "Sum of the entries' receiving_dfi, its last ten digits."),
    MessageField("total_debit", "8: 21-32", AMOUNT, "Sum of the debits."),
    MessageField("total_credit", "8: 33-44", AMOUNT, "Sum of the credits."),
)
ENTRY_FIELDS = (
    MessageField("transaction_code", "6: 2-3", TEXT, "Kind of account, and whether it is credited or debited."),
    MessageField("mark", "6: 2-3", TEXT, "C if the code credits the receiver's account, D if it debits it."),
    MessageField("receiving_dfi", "6: 4-11", TEXT, "Routing number of the receiving bank, without check digit."),
    MessageField("check_digit", "6: 12", TEXT, "Check digit of receiving_dfi, verified."),
    MessageField("account_number", "6: 13-29", TEXT, "The receiver's account."),
    MessageField("amount", "6: 30-39", AMOUNT, "Amount without a sign."),
    MessageField("signed_amount", "6: 2-3, 30-39", AMOUNT, "Amount; negative for debits."),
    MessageField("individual_identification", "6: 40-54", TEXT, "Identification of the receiver."),
    MessageField("individual_name", "6: 55-76", TEXT, "Name of the receiver; 59-74 in CTX."),
    MessageField("discretionary_data", "6: 77-78", TEXT, "Free for the originating bank."),
    MessageField("addenda_indicator", "6: 79", TEXT, "1 if addenda follow, otherwise 0; verified."),
    MessageField("trace_number", "6: 80-94", TEXT, "Number of the entry, by the originating bank."),
)
ADDENDA_FIELDS = (
    MessageField("addenda_type", "7: 2-3", TEXT, "05 payment information, 98 change, 99 return, 02 terminal."),
    MessageField("addenda_content", "7: 4-94", TEXT, "All that follows the type, as it is."),
    MessageField("payment_information", "7: 4-83", TEXT, "Payment information; of type 05."),
    MessageField("addenda_sequence", "7: 84-87", COUNT, "Position under its entry, from 1; of type 05, verified."),
    MessageField("reason_code", "7: 4-6", TEXT, "Reason of a return or change; of types 98 and 99."),
    MessageField("original_trace_number", "7: 7-21", TEXT, "Entry that is returned or changed; of types 98 and 99."),
    MessageField("addenda_information", "7: 36-79", TEXT, "Corrected data or information; of types 98 and 99."),
)
_PARENTS = tuple(
    field
    for field in (*FILE_FIELDS, *BATCH_FIELDS)
    if field.name not in {"reference_code", "destination_name", "origin_name", "company_data", "originator_status"}
)
_TRACE = tuple(field for field in ENTRY_FIELDS if field.name == "trace_number")

NACHA_FIELDS = {
    "file": (*FILE_FIELDS, *FILE_CONTROL),
    "batch": (*FILE_FIELDS, *BATCH_FIELDS, *BATCH_CONTROL),
    "entry": (*_PARENTS, *ENTRY_FIELDS),
    "addenda": (*_PARENTS, *_TRACE, *ADDENDA_FIELDS),
}
SHARED = frozenset(field.name for field in _PARENTS)
"""The fields of files and batches that their entries and addenda have, too."""
