"""The fields that identify a record of each type of bank message, among the records of all files, by its standard."""

from __future__ import annotations

LINE = "line"
"""The column of the line (or number) of a record in its file, which `line_as` adds."""

NOT_ALWAYS = frozenset({"sequence_number", "subsequence_number"})
"""Fields that messages may lack; the others identify records then."""

_MESSAGE = ("message_id", "statement_id")
_STATEMENT = ("transaction_reference", "account", "statement_number", "sequence_number", "subsequence_number")
_ACH_FILE = ("immediate_destination", "immediate_origin", "file_creation_date", "file_id_modifier")
_BAI2_FILE = ("sender", "receiver", "file_creation_date", "file_identification")

_KEYS: dict[str, dict[str, tuple[str, ...]]] = {
    "camt053": {
        "statement": _MESSAGE,
        "balance": (*_MESSAGE, "balance_type", "balance_date"),
        "entry": (*_MESSAGE, "entry_number"),
        "transaction": ("message_id", LINE),
    },
    "camt054": {"entry": (*_MESSAGE, "entry_number"), "transaction": ("message_id", LINE)},
    "pain001": {"payment": ("message_id", "batch_id", "payment_number")},
    "mt940": {
        "statement": (*_STATEMENT, "closing_date"),
        "entry": (*_STATEMENT, "entry_number", "value_date"),
        "forward_balance": (*_STATEMENT, "available_date"),
    },
    "mt942": {
        "statement": (*_STATEMENT, "report_time"),
        "entry": (*_STATEMENT, "entry_number", "value_date"),
    },
    "nacha": {
        "file": _ACH_FILE,
        "batch": (*_ACH_FILE, "batch_number"),
        "entry": (*_ACH_FILE, "batch_number", "trace_number"),
        "addenda": (*_ACH_FILE, LINE),
    },
    "bai2": {
        "file": _BAI2_FILE,
        "group": (*_BAI2_FILE, LINE),
        "account": (*_BAI2_FILE, LINE),
        "summary": (*_BAI2_FILE, "account", "as_of_date", "type_code"),
        "transaction": (*_BAI2_FILE, LINE),
    },
    "fix": {"execution_report": ("sender", "target", "sequence_number", "sending_time")},
}
"""Statements of SWIFT number anew each year, hence a day. Details of camt, addenda and records of BAI2 have no number
of their own in all cases: they are named by their file and the line there."""


def standard_key(kind: str, record: str) -> tuple[str, ...]:
    """Return the fields that identify records of a type, or () for files without a standard."""
    return _KEYS.get(kind, {}).get(record, ())
