"""Where the fields of ISO 20022 messages are: one name for each meaning, and its paths in all published versions.

A path begins at an element of its scope: the group header, the statement (or payment), the entry, its group of
transactions, the transaction, or the balance. The first path that is there has the value; versions never have two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.sources.bank_messages.message_fields import AMOUNT, COUNT, DATE, MOMENT, TEXT, MessageField

if TYPE_CHECKING:
    from collections.abc import Mapping

HEADER, PARENT, ENTRY, GROUP, DETAIL, BALANCE = "header", "parent", "entry", "group", "detail", "balance"
"""Scopes of paths."""

CHARGES_AMOUNT, CHARGES_CURRENCY, CHARGES_SIDE = "charges_amount", "charges_currency", "charges_credit_debit"
ENTRY_PREFIX = "entry_"
"""Begins the names of the fields that a transaction has of its entry, beside its own."""


_AMOUNT_PATHS = ("Amt", "AmtDtls/TxAmt/Amt")
_OF_ENTRY = {"amount": "Amt", "signed_amount": "Amt", "currency": "Amt/@Ccy", "credit_debit": "CdtDbtInd"}
"""The fields of a transaction that are those of its entry where it has none, with their paths there."""


@dataclass(frozen=True)
class ElementField:
    """A field: its name, scope, paths, kind and meaning; without paths, it is derived.

    `joined` fields are repeated in messages, and their texts are joined by line feeds. `combined` fields are made from
    all elements at their paths (see `charge_records`).
    """

    name: str
    scope: str
    paths: tuple[str, ...]
    kind: str
    description: str
    joined: bool = False
    combined: bool = False

    def as_message_field(self, elements: Mapping[str, str]) -> MessageField:
        """Return the field as declarations know it; `elements` has the name of the element of each scope."""
        places = [f"{elements[self.scope]}/{path}" for path in self.paths or self._sources]
        if self.scope == DETAIL and self.name in _OF_ENTRY:
            places.append(f"{elements[ENTRY]}/{_OF_ENTRY[self.name]}")
        return MessageField(self.name, " or ".join(places) or f"derived: {self.name}", self.kind, self.description)

    @property
    def _sources(self) -> tuple[str, ...]:
        """The paths that a field without its own is derived from: a signed amount from the amount."""
        if self.name != "signed_amount":
            return ()
        return _AMOUNT_PATHS if self.scope == DETAIL else _AMOUNT_PATHS[:1]


def _agent(path: str) -> tuple[str, ...]:
    """Return the paths of a bank's BIC, which has another name from the third version on."""
    return (f"{path}/FinInstnId/BICFI", f"{path}/FinInstnId/BIC")


def _party(path: str) -> tuple[str, ...]:
    """Return the paths of a party's name, which is a level deeper from version 08 of camt on."""
    return (f"{path}/Pty/Nm", f"{path}/Nm")


def _account(path: str) -> tuple[str, ...]:
    return (f"{path}/Id/IBAN", f"{path}/Id/Othr/Id")


def _purpose(scope: str) -> tuple[ElementField, ...]:
    """Return what a transfer is for, which statements and payments write alike."""
    return (
        ElementField("purpose", scope, ("Purp/Cd", "Purp/Prtry"), TEXT, "Purpose of the payment."),
        ElementField(
            "remittance_information",
            scope,
            ("RmtInf/Ustrd",),
            TEXT,
            "Unstructured lines, joined by line feeds.",
            joined=True,
        ),
        ElementField(
            "creditor_reference",
            scope,
            ("RmtInf/Strd/CdtrRefInf/Ref",),
            TEXT,
            "Structured references, joined by line feeds.",
            joined=True,
        ),
    )


def _charges(scope: str, prefix: str = "") -> tuple[ElementField, ...]:
    """Return the charges of an entry or transaction: the stated total, and what its charge records add up to."""
    total = "Chrgs/TtlChrgsAndTaxAmt"
    amounts = ("Chrgs/Rcrd/Amt", "Chrgs/Amt")
    return (
        ElementField(f"{prefix}charges_total", scope, (total,), AMOUNT, "Total of charges and taxes, as it is stated."),
        ElementField(f"{prefix}charges_total_currency", scope, (f"{total}/@Ccy",), TEXT, "Its currency."),
        ElementField(
            f"{prefix}{CHARGES_AMOUNT}",
            scope,
            amounts,
            AMOUNT,
            "Sum of the charge records, which are of one currency and side; without a sign.",
            combined=True,
        ),
        ElementField(
            f"{prefix}{CHARGES_CURRENCY}",
            scope,
            tuple(f"{path}/@Ccy" for path in amounts),
            TEXT,
            "Currency of the charge records.",
            combined=True,
        ),
        ElementField(
            f"{prefix}{CHARGES_SIDE}",
            scope,
            ("Chrgs/Rcrd/CdtDbtInd", "Chrgs/CdtDbtInd"),
            TEXT,
            "CRDT or DBIT, if the charge records say it.",
            combined=True,
        ),
    )


def _batch(scope: str, path: str, *, joined: bool) -> tuple[ElementField, ...]:
    more = ", joined by line feeds" if joined else ""
    return (
        ElementField(
            "batch_message_id",
            scope,
            (f"{path}/MsgId",),
            TEXT,
            f"Message that initiated the batch{more}.",
            joined=joined,
        ),
        ElementField(
            "batch_payment_information_id",
            scope,
            (f"{path}/PmtInfId",),
            TEXT,
            f"Identification of the batch in that message{more}.",
            joined=joined,
        ),
    )


FieldsByRecord = dict[str, tuple[ElementField, ...]]

HEADER_FIELDS = (
    ElementField("message_id", HEADER, ("MsgId",), TEXT, "Identification of the message."),
    ElementField("message_time", HEADER, ("CreDtTm",), MOMENT, "When the message was made."),
)
STATEMENT_FIELDS = (
    *HEADER_FIELDS,
    ElementField("statement_id", PARENT, ("Id",), TEXT, "Identification of the statement or notification."),
    ElementField("statement_number", PARENT, ("ElctrncSeqNb",), COUNT, "Electronic sequence number."),
    ElementField("legal_number", PARENT, ("LglSeqNb",), COUNT, "Legal sequence number."),
    ElementField("page_number", PARENT, ("StmtPgntn/PgNb", "NtfctnPgntn/PgNb"), COUNT, "Number of the page."),
    ElementField("is_last_page", PARENT, ("StmtPgntn/LastPgInd", "NtfctnPgntn/LastPgInd"), TEXT, "true or false."),
    ElementField("statement_time", PARENT, ("CreDtTm",), MOMENT, "When the statement was made."),
    ElementField("from_time", PARENT, ("FrToDt/FrDtTm",), MOMENT, "Start of the period."),
    ElementField("to_time", PARENT, ("FrToDt/ToDtTm",), MOMENT, "End of the period."),
    ElementField("account", PARENT, _account("Acct"), TEXT, "IBAN, or the bank's identification of the account."),
    ElementField("iban", PARENT, ("Acct/Id/IBAN",), TEXT, "IBAN of the account."),
    ElementField("account_currency", PARENT, ("Acct/Ccy",), TEXT, "ISO 4217 code of the account's currency."),
    ElementField("account_name", PARENT, ("Acct/Nm",), TEXT, "Name of the account."),
    ElementField("account_owner", PARENT, ("Acct/Ownr/Nm",), TEXT, "Name of its owner."),
    ElementField("account_servicer", PARENT, _agent("Acct/Svcr"), TEXT, "BIC of the bank that has the account."),
)
STATEMENT_TOTALS = (
    ElementField("opening_date", PARENT, (), DATE, "Day of the opening balance."),
    ElementField("opening_balance", PARENT, (), AMOUNT, "Opening booked balance (OPBD or PRCD); negative if in debit."),
    ElementField("closing_date", PARENT, (), DATE, "Day of the closing balance."),
    ElementField("closing_balance", PARENT, (), AMOUNT, "Closing booked balance (CLBD); negative if in debit."),
    ElementField("entry_count", PARENT, (), COUNT, "Number of its entries."),
)
BALANCE_FIELDS = (
    ElementField("balance_type", BALANCE, ("Tp/CdOrPrtry/Cd", "Tp/CdOrPrtry/Prtry"), TEXT, "Such as OPBD, CLBD, CLAV."),
    ElementField("balance_date", BALANCE, ("Dt/Dt", "Dt/DtTm"), DATE, "Day of the balance, as it is written."),
    ElementField("amount", BALANCE, ("Amt",), AMOUNT, "Amount without a sign."),
    ElementField("signed_amount", BALANCE, (), AMOUNT, "Amount; negative if the account is in debit (DBIT)."),
    ElementField("currency", BALANCE, ("Amt/@Ccy",), TEXT, "ISO 4217 code of the amount's currency."),
    ElementField("credit_debit", BALANCE, ("CdtDbtInd",), TEXT, "CRDT or DBIT."),
)
_ENTRY_COMMON = (
    ElementField("entry_number", ENTRY, (), COUNT, "Position of the entry in its statement, from 1."),
    ElementField("entry_reference", ENTRY, ("NtryRef",), TEXT, "Reference of the entry."),
    ElementField(
        "is_reversal", ENTRY, ("RvslInd",), TEXT, "true if the entry takes an earlier one back; its side is its own."
    ),
    ElementField("status", ENTRY, ("Sts/Cd", "Sts/Prtry", "Sts"), TEXT, "BOOK, PDNG, INFO or FUTR."),
    ElementField("booking_date", ENTRY, ("BookgDt/Dt", "BookgDt/DtTm"), DATE, "Day of booking, as it is written."),
    ElementField("booking_time", ENTRY, ("BookgDt/DtTm",), MOMENT, "Moment of booking, where it is given."),
    ElementField("value_date", ENTRY, ("ValDt/Dt", "ValDt/DtTm"), DATE, "Value date, as it is written."),
    ElementField("value_time", ENTRY, ("ValDt/DtTm",), MOMENT, "Moment of the value, where it is given."),
    ElementField("bank_reference", ENTRY, ("AcctSvcrRef",), TEXT, "Reference of the account's bank."),
    ElementField("domain_code", ENTRY, ("BkTxCd/Domn/Cd",), TEXT, "Domain of the bank transaction code."),
    ElementField("family_code", ENTRY, ("BkTxCd/Domn/Fmly/Cd",), TEXT, "Its family."),
    ElementField("subfamily_code", ENTRY, ("BkTxCd/Domn/Fmly/SubFmlyCd",), TEXT, "Its subfamily."),
    ElementField("proprietary_code", ENTRY, ("BkTxCd/Prtry/Cd",), TEXT, "The bank's own transaction code."),
    ElementField("entry_information", ENTRY, ("AddtlNtryInf",), TEXT, "Additional information about the entry."),
    ElementField("transaction_count", ENTRY, (), COUNT, "Number of its transactions (TxDtls)."),
)
ENTRY_FIELDS = (
    *STATEMENT_FIELDS,
    *_ENTRY_COMMON,
    ElementField("amount", ENTRY, ("Amt",), AMOUNT, "Amount without a sign."),
    ElementField("signed_amount", ENTRY, (), AMOUNT, "Amount; negative if it lowers the balance (DBIT)."),
    ElementField("currency", ENTRY, ("Amt/@Ccy",), TEXT, "ISO 4217 code of the amount's currency."),
    ElementField("credit_debit", ENTRY, ("CdtDbtInd",), TEXT, "CRDT or DBIT."),
    *_charges(ENTRY),
    *_batch(ENTRY, "NtryDtls/Btch", joined=True),
)
TRANSACTION_FIELDS = (
    *STATEMENT_FIELDS,
    *_ENTRY_COMMON,
    ElementField("entry_amount", ENTRY, ("Amt",), AMOUNT, "Amount of the entry without a sign."),
    *_charges(ENTRY, ENTRY_PREFIX),
    *_batch(GROUP, "Btch", joined=False),
    ElementField(
        "transaction_number", DETAIL, (), COUNT, "Position in its entry, from 1; none for an entry without TxDtls."
    ),
    ElementField(
        "amount",
        DETAIL,
        _AMOUNT_PATHS,
        AMOUNT,
        "Amount without a sign; that of an entry with one or no transaction, if it has none.",
    ),
    ElementField("signed_amount", DETAIL, (), AMOUNT, "Amount; negative if it lowers the balance (DBIT)."),
    ElementField(
        "currency", DETAIL, ("Amt/@Ccy", "AmtDtls/TxAmt/Amt/@Ccy"), TEXT, "ISO 4217 code of the amount's currency."
    ),
    ElementField("credit_debit", DETAIL, ("CdtDbtInd",), TEXT, "CRDT or DBIT; that of the entry, if it has none."),
    ElementField(
        "instructed_amount", DETAIL, ("AmtDtls/InstdAmt/Amt",), AMOUNT, "Amount as instructed, in its own currency."
    ),
    ElementField("instructed_currency", DETAIL, ("AmtDtls/InstdAmt/Amt/@Ccy",), TEXT, "Its currency."),
    *_charges(DETAIL),
    ElementField("end_to_end_id", DETAIL, ("Refs/EndToEndId",), TEXT, "Reference of the debtor for the creditor."),
    ElementField("instruction_id", DETAIL, ("Refs/InstrId",), TEXT, "Reference of the instruction."),
    ElementField("transaction_id", DETAIL, ("Refs/TxId",), TEXT, "Reference between banks."),
    ElementField("uetr", DETAIL, ("Refs/UETR",), TEXT, "Unique end-to-end transaction reference."),
    ElementField("mandate_id", DETAIL, ("Refs/MndtId",), TEXT, "Mandate of a direct debit."),
    ElementField("transaction_reference", DETAIL, ("Refs/AcctSvcrRef",), TEXT, "Reference of the account's bank."),
    ElementField("debtor_name", DETAIL, _party("RltdPties/Dbtr"), TEXT, "Name of the debtor."),
    ElementField(
        "debtor_account", DETAIL, _account("RltdPties/DbtrAcct"), TEXT, "IBAN or other account of the debtor."
    ),
    ElementField("debtor_bank", DETAIL, _agent("RltdAgts/DbtrAgt"), TEXT, "BIC of the debtor's bank."),
    ElementField(
        "ultimate_debtor_name", DETAIL, _party("RltdPties/UltmtDbtr"), TEXT, "On whose behalf the debtor pays."
    ),
    ElementField("creditor_name", DETAIL, _party("RltdPties/Cdtr"), TEXT, "Name of the creditor."),
    ElementField(
        "creditor_account", DETAIL, _account("RltdPties/CdtrAcct"), TEXT, "IBAN or other account of the creditor."
    ),
    ElementField("creditor_bank", DETAIL, _agent("RltdAgts/CdtrAgt"), TEXT, "BIC of the creditor's bank."),
    ElementField("ultimate_creditor_name", DETAIL, _party("RltdPties/UltmtCdtr"), TEXT, "Who is paid in the end."),
    *_purpose(DETAIL),
    ElementField("return_reason", DETAIL, ("RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry"), TEXT, "Why the payment was returned."),
    ElementField(
        "transaction_information", DETAIL, ("AddtlTxInf",), TEXT, "Additional information about the transaction."
    ),
)
PAYMENT_FIELDS = (
    *HEADER_FIELDS,
    ElementField("initiating_party", HEADER, ("InitgPty/Nm",), TEXT, "Who sent the message."),
    ElementField("batch_id", PARENT, ("PmtInfId",), TEXT, "Identification of the batch."),
    ElementField("payment_method", PARENT, ("PmtMtd",), TEXT, "TRF, CHK or TRA."),
    ElementField("batch_booking", PARENT, ("BtchBookg",), TEXT, "true if the batch is one booking."),
    ElementField(
        "execution_date",
        PARENT,
        ("ReqdExctnDt/Dt", "ReqdExctnDt/DtTm", "ReqdExctnDt"),
        DATE,
        "Requested day of execution, as it is written.",
    ),
    ElementField("debtor_name", PARENT, ("Dbtr/Nm",), TEXT, "Name of the debtor."),
    ElementField("debtor_account", PARENT, _account("DbtrAcct"), TEXT, "IBAN or other account of the debtor."),
    ElementField("debtor_bank", PARENT, _agent("DbtrAgt"), TEXT, "BIC of the debtor's bank."),
    ElementField("payment_number", ENTRY, (), COUNT, "Position of the payment in its batch, from 1."),
    ElementField("instruction_id", ENTRY, ("PmtId/InstrId",), TEXT, "Reference of the instruction."),
    ElementField("end_to_end_id", ENTRY, ("PmtId/EndToEndId",), TEXT, "Reference of the debtor for the creditor."),
    ElementField("uetr", ENTRY, ("PmtId/UETR",), TEXT, "Unique end-to-end transaction reference."),
    ElementField("amount", ENTRY, ("Amt/InstdAmt", "Amt/EqvtAmt/Amt"), AMOUNT, "Amount to be paid."),
    ElementField(
        "currency", ENTRY, ("Amt/InstdAmt/@Ccy", "Amt/EqvtAmt/Amt/@Ccy"), TEXT, "ISO 4217 code of its currency."
    ),
    ElementField("charge_bearer", ENTRY, ("ChrgBr",), TEXT, "Who pays the charges: SLEV, SHAR, DEBT or CRED."),
    ElementField("creditor_name", ENTRY, ("Cdtr/Nm",), TEXT, "Name of the creditor."),
    ElementField("creditor_account", ENTRY, _account("CdtrAcct"), TEXT, "IBAN or other account of the creditor."),
    ElementField("creditor_bank", ENTRY, _agent("CdtrAgt"), TEXT, "BIC of the creditor's bank."),
    *_purpose(ENTRY),
)
CAMT053_FIELDS: FieldsByRecord = {
    "statement": (*STATEMENT_FIELDS, *STATEMENT_TOTALS),
    "balance": (*STATEMENT_FIELDS, *BALANCE_FIELDS),
    "entry": ENTRY_FIELDS,
    "transaction": TRANSACTION_FIELDS,
}
CAMT054_FIELDS: FieldsByRecord = {"entry": ENTRY_FIELDS, "transaction": TRANSACTION_FIELDS}
PAIN001_FIELDS: FieldsByRecord = {"payment": PAYMENT_FIELDS}
