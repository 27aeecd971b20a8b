"""Writes ISO 20022 messages by the published rules, in any version."""

from dataclasses import dataclass, field
from decimal import Decimal
from xml.sax.saxutils import escape

URI = "urn:iso:std:iso:20022:tech:xsd:"


def tag(name, content, **attributes):
    """An element, unless there is no content."""
    if content is None:
        return ""
    written = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f"<{name}{written}>{content}</{name}>"


@dataclass
class Payment:
    """A transaction of an entry."""

    amount: Decimal | None = None
    end_to_end: str = "E2E"
    party: str = "Jan Novák & syn"
    iban: str = "CZ6508000000192000145399"
    lines: tuple[str, ...] = ("Invoice 1",)
    is_credit: bool | None = None
    charges: str = ""

    def xml(self, version, *, credit):
        name = tag("Nm", escape(self.party))
        party = tag("Pty", name) if version >= 8 else name
        role, bic = ("Dbtr" if credit else "Cdtr"), ("BIC" if version == 2 else "BICFI")
        amount = None if self.amount is None else tag("Amt", self.amount, Ccy="CZK")
        wrapped = tag("AmtDtls", tag("TxAmt", amount)) if version < 4 and amount else amount or ""
        side = None if self.is_credit is None else side_of(self.is_credit)
        return tag(
            "TxDtls",
            tag("Refs", tag("EndToEndId", self.end_to_end))
            + wrapped
            + tag("CdtDbtInd", side)
            + self.charges
            + tag("RltdPties", tag(role, party) + tag(f"{role}Acct", tag("Id", tag("IBAN", self.iban))))
            + tag("RltdAgts", tag(f"{role}Agt", tag("FinInstnId", tag(bic, "GIBACZPX"))))
            + tag("RmtInf", "".join(tag("Ustrd", escape(line)) for line in self.lines)),
        )


def side_of(is_credit):
    return "CRDT" if is_credit else "DBIT"


@dataclass
class Entry:
    amount: Decimal
    is_credit: bool = True
    status: str = "BOOK"
    is_reversal: bool | None = None
    day: str = "2024-05-31"
    time: str | None = None
    reference: str = "R1"
    payments: tuple[Payment, ...] = ()
    batch: str = ""
    charges: str = ""

    def xml(self, version):
        status = tag("Cd", self.status) if version >= 8 else self.status
        booked = tag("DtTm", f"{self.day}T{self.time}") if self.time else tag("Dt", self.day)
        reversal = None if self.is_reversal is None else str(self.is_reversal).lower()
        inside = self.batch + "".join(payment.xml(version, credit=self.is_credit) for payment in self.payments)
        return tag(
            "Ntry",
            tag("NtryRef", self.reference)
            + tag("Amt", self.amount, Ccy="CZK")
            + tag("CdtDbtInd", side_of(self.is_credit))
            + tag("RvslInd", reversal)
            + tag("Sts", status)
            + tag("BookgDt", booked)
            + tag("ValDt", tag("Dt", self.day))
            + tag("BkTxCd", tag("Domn", tag("Cd", "PMNT") + tag("Fmly", tag("Cd", "RCDT") + tag("SubFmlyCd", "ESCT"))))
            + self.charges
            + (tag("NtryDtls", inside) if inside else ""),
        )


@dataclass
class Statement:
    opening: Decimal = Decimal("100.00")
    entries: list[Entry] = field(default_factory=list)
    summary: str | None = None
    closing: Decimal | None = None
    number: int = 1
    types: tuple[str, str] = ("OPBD", "CLBD")

    def closes_at(self):
        booked = [entry for entry in self.entries if entry.status == "BOOK"]
        return self.opening + sum(entry.amount if entry.is_credit else -entry.amount for entry in booked)

    def xml(self, version, name="Stmt"):
        account = tag("Acct", tag("Id", tag("IBAN", "CZ6508000000192000145399")) + tag("Ccy", "CZK"))
        closing = self.closes_at() if self.closing is None else self.closing
        amounts = zip(self.types, (self.opening, closing), strict=True)
        balances = "" if name != "Stmt" else "".join(balance(kind, amount) for kind, amount in amounts)
        head = (
            tag("Id", f"S{self.number}")
            + tag("ElctrncSeqNb", self.number)
            + tag("CreDtTm", "2024-06-01T01:00:00+02:00")
        )
        entries = "".join(entry.xml(version) for entry in self.entries)
        return tag(name, head + account + balances + tag("TxsSummry", self.summary) + entries)


def balance(kind, amount):
    return tag(
        "Bal",
        tag("Tp", tag("CdOrPrtry", tag("Cd", kind)))
        + tag("Amt", amount.copy_abs(), Ccy="CZK")
        + tag("CdtDbtInd", side_of(amount >= 0))
        + tag("Dt", tag("Dt", "2024-05-31")),
    )


def summary_of(entries):
    received = [entry.amount for entry in entries if entry.is_credit]
    paid = [entry.amount for entry in entries if not entry.is_credit]
    return (
        tag("TtlNtries", tag("NbOfNtries", len(entries)) + tag("Sum", sum(received) + sum(paid)))
        + tag("TtlCdtNtries", tag("NbOfNtries", len(received)) + tag("Sum", sum(received)))
        + tag("TtlDbtNtries", tag("NbOfNtries", len(paid)) + tag("Sum", sum(paid)))
    )


def camt(statements, version=2, kind="053"):
    body, name = ("BkToCstmrStmt", "Stmt") if kind == "053" else ("BkToCstmrDbtCdtNtfctn", "Ntfctn")
    header = tag("GrpHdr", tag("MsgId", "M1") + tag("CreDtTm", "2024-06-01T01:00:00+02:00"))
    inside = header + "".join(statement.xml(version, name) for statement in statements)
    text = tag("Document", tag(body, inside), xmlns=f"{URI}camt.{kind}.001.{version:02}")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def pain(batches, version=3, *, count=None, total=None):
    """A message of batches of amounts."""
    amounts = [amount for batch in batches for amount in batch]
    header = (
        tag("MsgId", "M1") + tag("CreDtTm", "2024-06-01T01:00:00") + tag("NbOfTxs", count or len(amounts))
        + tag("CtrlSum", total or sum(amounts)) + tag("InitgPty", tag("Nm", "Firma"))
    )  # fmt: skip
    day = tag("Dt", "2024-06-03") if version >= 8 else "2024-06-03"
    inside = ""
    for number, batch in enumerate(batches, 1):
        transfers = "".join(
            tag(
                "CdtTrfTxInf",
                tag("PmtId", tag("EndToEndId", f"E{at}"))
                + tag("Amt", tag("InstdAmt", amount, Ccy="EUR"))
                + tag("Cdtr", tag("Nm", "Věřitel")),
            )
            for at, amount in enumerate(batch, 1)
        )
        inside += tag(
            "PmtInf",
            tag("PmtInfId", f"B{number}") + tag("PmtMtd", "TRF") + tag("NbOfTxs", len(batch)) + tag("CtrlSum", sum(batch))
            + tag("ReqdExctnDt", day) + tag("Dbtr", tag("Nm", "Firma")) + transfers,
        )  # fmt: skip
    body = tag("CstmrCdtTrfInitn", tag("GrpHdr", header) + inside)
    return tag("Document", body, xmlns=f"{URI}pain.001.001.{version:02}").encode()
