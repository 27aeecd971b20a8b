"""The loans as a host exports them: EBCDIC records behind descriptor words, laid out by a copybook.

Records have the types header, loan and trailer; the trailer states the number of loans and their sum.
Texts are German, in code page 273.
"""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Final

from demo_bank.calendar_days import COMPLETE_THROUGH, yymmdd

if TYPE_CHECKING:
    from pathlib import Path

    from demo_bank.bank import Bank

HOST_FOLDER: Final = "loans_host"
LOANS_FILE: Final = "LOANS.VB.gz"
PAGE: Final = "cp273"
STATUS_TEXTS: Final = {
    "A": "zurückgezahlt",
    "B": "beendet, Rückstand",
    "C": "laufend",
    "D": "laufend, überfällig",
}
_POSITIVE: Final = "C"
_RECORDS_IN_BLOCK: Final = 100


def write_loans(folder: Path, bank: Bank) -> int:
    """Write the extract of all loans into `folder`; return their number."""
    loans = bank.loans
    accounts = bank.population.accounts.account_id[loans.account]
    days = 19_000_000 + yymmdd(loans.granted)
    columns = (loans.loan_id, accounts, days, loans.duration, loans.payment)
    rows = zip(*(column.tolist() for column in columns), loans.status, strict=True)
    records = ["H".encode(PAGE) + _digits(int(COMPLETE_THROUGH.replace("-", "")), 8)]
    total = 0
    for loan_id, account, day, duration, payment, status in rows:
        total += duration * payment
        records.append(
            "L".encode(PAGE)
            + _packed(loan_id, 7)
            + account.to_bytes(4, "big", signed=True)
            + _digits(day, 8)
            + _packed(duration * payment * 100, 13)
            + _packed(duration, 3)
            + _zoned(payment * 100, 11)
            + status.encode(PAGE)
            + STATUS_TEXTS[status].ljust(20).encode(PAGE)
        )
    count = len(records) - 1
    records.append("T".encode(PAGE) + _digits(count, 9) + _packed(total * 100, 15))
    folder.mkdir(parents=True, exist_ok=True)
    blocks = (records[at : at + _RECORDS_IN_BLOCK] for at in range(0, len(records), _RECORDS_IN_BLOCK))
    data = b"".join(_described(b"".join(map(_described, block))) for block in blocks)
    (folder / LOANS_FILE).write_bytes(gzip.compress(data, compresslevel=1, mtime=0))
    return count


def _described(data: bytes) -> bytes:
    """Return a record or block behind its descriptor word: the length with the word, and two zeros."""
    return (len(data) + 4).to_bytes(2, "big") + b"\0\0" + data


def _digits(number: int, places: int) -> bytes:
    return str(number).zfill(places).encode(PAGE)


def _packed(number: int, digits: int) -> bytes:
    """Return a positive number of COMP-3."""
    return bytes.fromhex((str(number).zfill(digits) + _POSITIVE).zfill(digits // 2 * 2 + 2))


def _zoned(number: int, digits: int) -> bytes:
    """Return a positive signed number of DISPLAY, its sign over the last digit."""
    data = bytearray(_digits(number, digits))
    data[-1] -= 0x30  # zone F becomes C
    return bytes(data)
