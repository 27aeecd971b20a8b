"""The payments of the last month as account statements: one camt.053 message for the whole bank.

Each account with bookings has a statement, from the balance before the month to the balance after it. An
entry moves the balance by exactly its amount, so interest has the tenth in it by which the core system's
balance moves beyond the printed amount. The reference of an entry is the number of its booking.
"""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Final, cast
from xml.sax.saxutils import escape

import numpy as np

from demo_bank import published
from demo_bank.bookings import NO_BANK
from demo_bank.calendar_days import parts
from demo_bank.kinds import SPELLINGS
from demo_bank.ledger import starts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import IO

    from demo_bank.draws import IntArray
    from demo_bank.ledger import Month

STATEMENT_FILE: Final = "statements.camt053.xml.gz"
NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
CREATED: Final = "1999-01-01T02:00:00+01:00"
BANK_CODE: Final = "9999"  # given to no bank


def write_statements(
    path: Path, account_ids: IntArray, balances: IntArray, month: Month, booking_ids: IntArray
) -> int:
    """Write the statements of a month and return the number of entries; equal bookings give equal bytes.

    `account_ids` and `balances`, those before the month, are by position; `booking_ids` are in booking order.
    """
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 1, raw, mtime=0) as packed:
        file = cast("IO[bytes]", packed)
        file.write(_head().encode())
        for statement in _statements(account_ids, balances, month, booking_ids):
            file.write(statement.encode())
        file.write(b"\n</BkToCstmrStmt></Document>\n")
    return len(booking_ids)


def iban(account_id: int) -> str:
    """Return the IBAN of an account, with its check digits."""
    number = f"{BANK_CODE}{account_id:016}"
    check = 98 - int(f"{number}123500") % 97  # CZ00 as digits
    return f"CZ{check:02}{number}"


def _head() -> str:
    header = f"<GrpHdr><MsgId>STATEMENTS-199812</MsgId><CreDtTm>{CREATED}</CreDtTm></GrpHdr>"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{NAMESPACE}"><BkToCstmrStmt>{header}'


def _statements(
    account_ids: IntArray, balances: IntArray, month: Month, booking_ids: IntArray
) -> Iterator[str]:
    """Yield the statement of each account; bookings are by account and in booking order."""
    booked = month.bookings
    first = np.flatnonzero(starts(booked.account))
    for at, stop in zip(first.tolist(), [*first[1:].tolist(), len(booked.account)], strict=True):
        account = int(booked.account[at])
        opening = before = int(balances[account])
        entries = []
        for booking in range(at, stop):
            after = int(month.balance[booking])
            entries.append(_entry(month, booking, after - before, int(booking_ids[booking])))
            before = after
        yield _statement(int(account_ids[account]), opening, before, entries)


def _statement(account_id: int, opening: int, closing: int, entries: list[str]) -> str:
    return (
        f"\n<Stmt><Id>199812-{account_id}</Id><ElctrncSeqNb>12</ElctrncSeqNb><CreDtTm>{CREATED}</CreDtTm>"
        f"<Acct><Id><IBAN>{iban(account_id)}</IBAN></Id><Ccy>CZK</Ccy></Acct>"
        f"{_balance('OPBD', opening, '1998-12-01')}{_balance('CLBD', closing, '1998-12-31')}"
        f"<TxsSummry><TtlNtries><NbOfNtries>{len(entries)}</NbOfNtries></TtlNtries></TxsSummry>"
        f"{''.join(entries)}</Stmt>"
    )


def _balance(kind: str, tenths: int, day: str) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>{_amount(tenths)}<Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def _amount(tenths: int) -> str:
    """Return an amount and its side; zero is a credit."""
    side = "CRDT" if tenths >= 0 else "DBIT"
    return f'<Amt Ccy="CZK">{abs(tenths) // 10}.{abs(tenths) % 10}0</Amt><CdtDbtInd>{side}</CdtDbtInd>'


def _entry(month: Month, booking: int, change: int, booking_id: int) -> str:
    booked = month.bookings
    spelling = SPELLINGS[booked.kind[booking]]
    [year], [number], [day] = parts(booked.day[booking : booking + 1])
    date = f"<Dt>{year}-{number:02}-{day:02}</Dt>"
    text = spelling.k_symbol.strip()
    remittance = f"<RmtInf><Ustrd>{escape(text)}</Ustrd></RmtInf>" if text else ""
    return (
        f"\n<Ntry>{_amount(change)}<Sts><Cd>BOOK</Cd></Sts><BookgDt>{date}</BookgDt><ValDt>{date}</ValDt>"
        f"<AcctSvcrRef>{booking_id}</AcctSvcrRef>"
        f"<BkTxCd><Prtry><Cd>{escape(spelling.operation or spelling.type)}</Cd></Prtry></BkTxCd>"
        f"<NtryDtls><TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>"
        f"{_parties(month, booking, change)}"
        f"{remittance}</TxDtls></NtryDtls></Ntry>"
    )


def _parties(month: Month, booking: int, change: int) -> str:
    """Return the other side of a transfer; cash, fees and interest have none."""
    bank, account = int(month.bookings.bank[booking]), int(month.bookings.counterparty[booking])
    if bank == NO_BANK or account <= 0:
        return ""
    role = "Dbtr" if change >= 0 else "Cdtr"
    other = f"<Id><Othr><Id>{account}</Id></Othr></Id>"
    clearing = f"<ClrSysMmbId><MmbId>{published.BANKS[bank]}</MmbId></ClrSysMmbId>"
    return (
        f"<RltdPties><{role}Acct>{other}</{role}Acct></RltdPties>"
        f"<RltdAgts><{role}Agt><FinInstnId>{clearing}</FinInstnId></{role}Agt></RltdAgts>"
    )
