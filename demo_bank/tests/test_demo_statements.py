"""Account statements agree with the transactions of their month, booking by booking."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import polars as pl

from demo_bank.statements import NAMESPACE, STATEMENT_FILE, iban

if TYPE_CHECKING:
    from pathlib import Path

TAG = f"{{{NAMESPACE}}}"


def tenths(element: ET.Element) -> int:
    amount = element.find(f"{TAG}Amt")
    side = element.find(f"{TAG}CdtDbtInd")
    assert amount is not None
    assert side is not None
    value = round(float(amount.text or "") * 10)
    return value if side.text == "CRDT" else -value


def test_statements_agree_with_the_transactions(exports: Path, transactions: pl.DataFrame) -> None:
    root = ET.fromstring(gzip.decompress((exports / "berka_pkdd99" / STATEMENT_FILE).read_bytes()))  # noqa: S314 - written here
    month = transactions.filter(pl.col("date") >= 981201)
    statements = root.findall(f".//{TAG}Stmt")
    accounts = {iban(account): account for account in month["account_id"].unique().to_list()}
    assert len(statements) == len(accounts) > 100
    rows = []
    for statement in statements:
        account = accounts[statement.findtext(f".//{TAG}IBAN") or ""]
        opening, closing = map(tenths, statement.findall(f"{TAG}Bal"))
        entries = statement.findall(f"{TAG}Ntry")
        assert opening + sum(map(tenths, entries)) == closing
        for entry in entries:
            opening += tenths(entry)
            day = (entry.findtext(f"{TAG}BookgDt/{TAG}Dt") or "")[2:].replace("-", "")
            rows.append(
                (int(entry.findtext(f"{TAG}AcctSvcrRef") or 0), account, int(day), tenths(entry), opening)
            )
    names = {
        "trans_id": pl.Int64,
        "account_id": pl.Int64,
        "date": pl.Int64,
        "moved": pl.Int64,
        "after": pl.Int64,
    }
    written = pl.DataFrame(rows, schema=names, orient="row")
    both = month.join(written, on=["trans_id", "account_id", "date"], how="full", coalesce=True)
    assert both.height == month.height == written.height
    assert (both["balance"] == both["after"]).all()
    rounded = both.filter(pl.col("moved") != pl.col("signed"))
    assert (rounded["k_symbol"] == "UROK").all()
    assert (rounded["moved"] - rounded["signed"]).abs().max() in {None, 1}


def test_an_iban_has_its_check_digits() -> None:
    moved = iban(4711)[4:] + "1235" + iban(4711)[2:4]
    assert int(moved) % 97 == 1
    assert len(iban(4711)) == 24
